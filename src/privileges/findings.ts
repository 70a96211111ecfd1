import { atOnce, flatInTurns, type InTurns } from "../lib/in-turns.ts";
import { scopeText } from "../model/grant.ts";
import type { Evidence } from "../model/cause.ts";
import type { Finding, Severity } from "../model/finding.ts";
import type { Abstention } from "../model/privilege.ts";
import { ACTION_WEIGHTS, bitsOf } from "./actions.ts";
import { exceptionFor } from "./exceptions.ts";
import { breakGlassUse } from "./break-glass.ts";
import { build, causeOf, type Judging, onsetOf } from "./finding-of.ts";
import { coveredBy, type Holder, isTried } from "./holder.ts";
import { keysInUse } from "./key-findings.ts";
import { heldAt } from "./least.ts";
import { accountOf, callsOf, isActive, privilegeOf } from "./privilege-of.ts";
import { dayOf, isAppliedFull } from "./ledger.ts";
import type { Privileges } from "./privileges.ts";
import type { Grant } from "./roles.ts";

export type { Judging } from "./finding-of.ts";

/** Holders of roles that get findings: those with the highest scores. */
const MOST_JUDGED = 2_000;

const isJudged = ({ kind, grants }: Holder): boolean => (kind === "principal" || kind === "group") && grants.length > 0;

/** Findings about what principals hold: the same holders give the same findings, by account. */
export const privilegeFindings = (holders: readonly Holder[], judging: Judging): readonly Finding[] =>
  atOnce(privilegeFindingsInTurns(holders, judging));

export function* privilegeFindingsInTurns(holders: readonly Holder[], judging: Judging): InTurns<readonly Finding[]> {
  const judged = new Set(holders.filter(isJudged).slice(0, MOST_JUDGED));
  const found: (readonly Finding[])[] = [];
  for (const [account, all] of Map.groupBy(holders, (holder) => holder.account)) {
    const own = judged.size === 0 ? [] : all.filter((holder) => judged.has(holder));
    const strangers = own.length === 0 ? [] : all.filter(isStranger);
    yield;
    found.push(yield* flatInTurns(own, 1, (holder) => findingsOf(holder, strangers, judging)));
    found.push(yield* keysInUse(account, all, judging));
    yield;
  }
  return found.flat();
}

/** Holders of roles that were not judged, because there are too many. */
export const leftOut = (holders: readonly Holder[]): number =>
  Math.max(0, holders.filter(isJudged).length - MOST_JUDGED);

/** Refused at each call, and without any role. */
const isStranger = ({ kind, grants, uses }: Holder): boolean =>
  kind === "principal" && grants.length === 0 && uses.some(({ denied }) => denied > 0) && !uses.some(isTried);

const findingsOf = (holder: Holder, strangers: readonly Holder[], judging: Judging): readonly Finding[] =>
  [
    breakGlassUse(holder, judging),
    overPrivileged(holder, judging),
    neverUsed(holder, strangers, judging),
    redundant(holder, judging),
  ].flat();

function overPrivileged(holder: Holder, judging: Judging): readonly Finding[] {
  if (!isActive(holder) || !isOver(holder)) return [];
  const privilege = privilegeOf(holder);
  const { score, excess, worst } = holder.score;
  const isTooMany = holder.abstains.some(({ id }) => id === "too-many-assignments");
  const enough = holder.isEnough && holder.kind !== "group" && !isTooMany;
  const severity: Severity = !enough ? "low" : score >= 67 ? "high" : score >= 34 ? "medium" : "low";
  const { recommended } = privilege;
  const all = recommended === null ? [] : [recommended, ...recommended.further];
  const narrow = all.flatMap(({ assignments }) => assignments.map(({ scope }) => scope));
  const evidence: readonly Evidence[] = [
    {
      says: `${Math.round(100 * excess)} % of what it may do in the known containers, by weight, it did not do in ${privilege.exposure.days} observed days.`,
      fields: { score, worstWeight: worst, days: privilege.exposure.days },
    },
    {
      says: `Replayed with the recommended role, ${privilege.replay.wouldBeDenied} of ${privilege.replay.calls} calls would have been denied.`,
      fields: { calls: privilege.replay.calls, wouldBeDenied: privilege.replay.wouldBeDenied },
    },
    ...holder.abstains.map(({ id, says }) => ({ says, fields: { abstains: id } })),
  ];
  return [
    build(holder, judging, {
      kind: "over-privileged-principal",
      severity,
      title: `${holder.kind === "group" ? "Group" : "Principal"} ${holder.principal} holds more on ${holder.account} than it used: ${extentOf(privilege.unused)}.`,
      cause: causeOf("grant-wider-than-use", holder.confidence, evidence),
      says: enough
        ? `Replace its ${holder.grants.length === 1 ? "assignment" : "assignments"} by the recommended ${all.length === 1 ? "role" : "roles"} on ${narrow.slice(0, 3).join(", ")}${narrow.length > 3 ? ` and ${narrow.length - 3} more places` : ""}, in the steps of the plan.`
        : "Review it with its owner: what was observed is not enough to take rights away.",
      privilege,
      onset: onsetOf(holder, privilege),
    }),
  ];
}

/** How much is too much: actions that nothing used, or else places. */
function extentOf(unused: NonNullable<Finding["privilege"]>["unused"]): string {
  const never = new Set(unused.filter(({ except }) => except.length === 0).map(({ action }) => action)).size;
  if (never === 0) return "its actions reach more places than they were used in";
  return `${never} granted ${never === 1 ? "action was" : "actions were"} never used`;
}

/** Something of weight is granted on a place where nothing needs it. */
const isOver = ({ grants, needs }: Holder): boolean =>
  grants.some(({ actions, assignment }) =>
    bitsOf(actions & ~heldAt(needs, assignment.scope)).some((bit) => (ACTION_WEIGHTS[bit] ?? 0) > 0),
  );

/** What speaks against taking away a grant that nobody used. */
const KEEPS: ReadonlySet<Abstention["id"]> = new Set(["group-grant", "denied-within-grant"]);

function neverUsed(holder: Holder, strangers: readonly Holder[], judging: Judging): readonly Finding[] {
  const { exceptions, privileges } = judging;
  if (isActive(holder) || holder.exposure === undefined) return [];
  if (exceptionFor(exceptions, holder.principal, holder.account)?.kind === "break-glass") return [];
  if (holder.grants.every(({ isKnown }) => !isKnown)) return [];
  const privilege = privilegeOf(holder, { proposed: [] });
  const wrong = wrongId(holder, strangers, privileges);
  const refused = callsOf(holder);
  const denied = refused.denied401 + refused.denied403;
  const evidence: readonly Evidence[] = [
    ...(wrong?.evidence ?? []),
    {
      says: `None of its rights was used in ${holder.exposure.days} observed days of ${holder.account}${denied === 0 ? "" : `; ${denied} calls of it were refused`}.`,
      fields: { days: holder.exposure.days, denied },
    },
    ...holder.abstains.map(({ id, says }) => ({ says, fields: { abstains: id } })),
  ];
  const enough = holder.isEnough && !holder.abstains.some(({ id }) => KEEPS.has(id));
  return [
    build(holder, judging, {
      kind: "grant-never-used",
      severity: wrong !== undefined || enough ? "medium" : "low",
      title:
        wrong === undefined
          ? `Principal ${holder.principal} never used what it holds on ${holder.account}.`
          : `The role on ${holder.account} is bound to ${holder.principal}, which no caller is: ${wrong.says}.`,
      cause: causeOf(
        wrong === undefined ? "grant-without-use" : "role-bound-to-wrong-id",
        wrong?.confidence ?? holder.confidence,
        evidence,
      ),
      says:
        wrong === undefined
          ? enough
            ? "Delete the assignment, or name an owner and a day in an exception if it is for emergencies."
            : "Ask its owner; what was observed is not enough to delete it."
          : "Assign the role to the object id of the service principal (the enterprise application), then delete this assignment.",
      privilege,
      onset: onsetOf(holder, privilege),
    }),
  ];
}

interface WrongId {
  readonly confidence: number;
  readonly says: string;
  readonly evidence: readonly Evidence[];
}

/** An application id where an object id belongs, or an id never seen while somebody without grants is refused. */
function wrongId(
  holder: Holder,
  strangers: readonly Holder[],
  { ledger, applications }: Privileges,
): WrongId | undefined {
  const real = applications.get(holder.principal);
  if (real !== undefined && real !== holder.principal)
    return {
      confidence: 0.98,
      says: `it is the application id of ${real}`,
      evidence: [
        {
          says: `Sign-ins name ${holder.principal} as the application id of the service principal ${real}.`,
          fields: { objectId: real },
        },
      ],
    };
  if (ledger.textIds.has(holder.principal)) return undefined;
  const [only] = strangers;
  if (only === undefined || strangers.length > 1) return undefined;
  return {
    confidence: 0.5,
    says: `${only.principal} is refused there and holds nothing`,
    evidence: [
      {
        says: `${only.principal} holds no role on ${holder.account} and each of its calls was refused; ${holder.principal} was never seen.`,
        fields: { refused: only.principal },
      },
    ],
  };
}

/** An assignment that was never applied while another gives all that it gives. */
function redundant(holder: Holder, judging: Judging): readonly Finding[] {
  const { ledger } = judging.privileges;
  const [signer = -1] = holder.signers;
  const isApplied = ({ assignment }: Grant): boolean => {
    const known = ledger.applied.get(`${ledger.textIds.get(assignment.id) ?? -1}|${signer}`);
    return known !== undefined && dayOf(known.last) >= ledger.oldestDay;
  };
  if (holder.kind !== "principal" || !holder.grants.some(isApplied) || isAppliedFull(ledger)) return [];
  const found: Finding[] = [];
  let kept = holder.grants;
  for (const grant of holder.grants.toSorted((a, b) => (a.assignment.id < b.assignment.id ? -1 : 1))) {
    const others = kept.filter((other) => other !== grant);
    if (isApplied(grant) || !coveredBy(grant, others)) continue;
    kept = others;
    found.push(redundantFinding(holder, grant, judging));
  }
  return found;
}

function redundantFinding(holder: Holder, grant: Grant, judging: Judging): Finding {
  const rest = holder.grants.filter((other) => other !== grant);
  const roles = rest.map(({ actions, assignment }) => ({ actions, scopes: [assignment.scope] }));
  const privilege = privilegeOf(holder, {
    proposed: roles,
    way: { account: accountOf(holder), definitions: [], add: [], remove: [grant.assignment] },
  });
  const scope = scopeText(grant.assignment.scope);
  return build(holder, judging, {
    kind: "redundant-role-assignment",
    severity: "low",
    apart: grant.assignment.id,
    title: `Role assignment ${grant.assignment.id} of ${holder.principal} on ${holder.account} was never applied: others give all that it gives.`,
    cause: causeOf("grant-covered-by-another", holder.confidence, [
      {
        says: `${grant.roleName} on ${scope} is given by other assignments, too, and Cosmos DB applied only those.`,
        fields: { assignment: grant.assignment.id, scope },
      },
    ]),
    says: "Delete this assignment; nothing that the principal may do changes.",
    privilege: { ...privilege, recommended: null },
    onset: onsetOf({ ...holder, grants: [grant] }, privilege),
  });
}
