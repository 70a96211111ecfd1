import type { Finding } from "../model/finding.ts";
import type { Privilege } from "../model/privilege.ts";
import { formatInstant, type Instant } from "../model/time.ts";
import { COLOURS, label, labelled, type Line } from "./report-line.ts";

const USED = 6;
const UNUSED = 6;
const CLIENTS = 5;
const ROLES = 5;

const day = (at: Instant): string => formatInstant(at).slice(0, 10);
const PREFIX = "Microsoft.DocumentDB/databaseAccounts/";

/** The end of an action's name: what its beginning says, all share. */
const shortAction = (action: string): string =>
  action.startsWith(PREFIX) ? action.slice(PREFIX.length).replace("sqlDatabases/containers/", "") : action;

/** A finding about what a principal holds, for a person at a terminal. */
export function privilegeLines(finding: Finding, privilege: Privilege): readonly Line[] {
  const { severity, status, cause, fix, id, title } = finding;
  const { exposure, score, confidence, granted, clients } = privilege;
  const muted = status === "muted" ? " · muted by an exception" : "";
  const { closed } = finding;
  return [
    { before: `${severity.toUpperCase().padEnd(6)} `, text: `${id}  ${title}`, style: [COLOURS[severity], "bold"] },
    {
      before: "       ",
      text: `${exposure.days} days observed${exposure.days === 0 ? "" : `, ${day(exposure.from)} to ${day(exposure.to)}`} · score ${score.toFixed(1)} of 100 · confidence ${confidence.toFixed(2)}${muted}`,
    },
    ...(closed === undefined ? [] : labelled(status === "muted" ? "muted" : "ended", [`${closed.says}.`])),
    ...labelled("cause", [cause.id]),
    ...cause.evidence.map(({ says }) => ({ before: `${label("")}- `, text: says })),
    ...labelled(
      "holds",
      limited(
        granted.map(({ role, scope }) => `${role} on ${scope}`),
        ROLES,
      ),
    ),
    ...labelled("used", limited(privilege.used.map(usedText), USED)),
    ...labelled("unused", limited(privilege.unused.map(unusedText), UNUSED)),
    ...labelled("client", limited(finding.kind === "account-key-in-use" ? clients.map(clientText) : [], CLIENTS)),
    ...labelled("needs", needed(privilege)),
    ...labelled("do", [fix.says]),
    ...fix.commands.map((text) => ({ before: `${label("")}$ `, text, isVerbatim: true })),
    ...undo(finding, privilege),
  ];
}

function limited(texts: readonly string[], most: number): readonly string[] {
  return texts.length <= most ? texts : [...texts.slice(0, most), `… and ${texts.length - most} more`];
}

const usedText = ({ action, container, succeeded, denied, other, lastUsed }: Privilege["used"][number]): string =>
  `${shortAction(action)} on ${container}: ${succeeded} let in${denied === 0 ? "" : `, ${denied} refused`}${other === 0 ? "" : `, ${other} failed otherwise`}${lastUsed === null ? "" : `, last on ${day(lastUsed)}`}`;

const unusedText = ({ action, scope, except }: Privilege["unused"][number]): string =>
  `${shortAction(action)} on ${scope}${except.length === 0 ? "" : ` but ${except.slice(0, 3).join(", ")}${except.length > 3 ? " …" : ""}`}`;

const clientText = ({ network, userAgent, credential, calls, lastUsed }: Privilege["clients"][number]): string =>
  `${network === "" ? "(no address)" : network} ${userAgent === "" ? "(no user agent)" : userAgent}: ${calls} calls with ${credential}, last on ${day(lastUsed)}`;

function needed({ recommended }: Privilege): readonly string[] {
  if (recommended === null) return [];
  return [recommended, ...recommended.further].map(({ roleDefinition, assignments }) => {
    const actions = roleDefinition.Permissions.flatMap(({ DataActions }) => DataActions.map(shortAction));
    return `${actions.join(", ")} on ${limited(
      assignments.map(({ scope }) => scope),
      4,
    ).join(", ")}`;
  });
}

/** The way back, where the way down is what the finding asks for. */
function undo({ fix }: Finding, { commands }: Privilege): readonly Line[] {
  if (fix.commands.length === 0 || fix.commands.length !== commands.apply.length) return [];
  return commands.rollback.map((text, i) => ({ before: `${label(i === 0 ? "undo" : "")}$ `, text, isVerbatim: true }));
}
