import { shortId } from "../lib/hash.ts";
import type { Cause, Evidence, PrivilegeCauseId } from "../model/cause.ts";
import type { Closed, Finding, FindingKind, PrincipalKind, Severity } from "../model/finding.ts";
import { formatInstant, type Instant, plusMs } from "../model/time.ts";
import { exceptionFor, type PrivilegeException } from "./exceptions.ts";
import type { Holder } from "./holder.ts";
import { callsOf } from "./privilege-of.ts";
import type { Privileges } from "./privileges.ts";

/** What is known beside the holders. */
export interface Judging {
  readonly privileges: Privileges;
  readonly exceptions: readonly PrivilegeException[];
  /** Event time up to which the logs were read. */
  readonly now: Instant;
}

export interface Told {
  readonly kind: FindingKind;
  readonly severity: Severity;
  readonly title: string;
  readonly cause: Cause<PrivilegeCauseId>;
  readonly says: string;
  readonly privilege: NonNullable<Finding["privilege"]>;
  readonly onset: Instant;
  /** Whom the finding stays about whatever the holder is called; the holder's principal by default. */
  readonly about?: string;
  /** What tells two findings of one kind and holder apart. */
  readonly apart?: string;
  readonly commands?: readonly string[];
}

export function build(holder: Holder, { exceptions, now }: Judging, told: Told): Finding {
  const { account, principal } = holder;
  const { about = principal } = told;
  const { calls, denied401, denied403 } = callsOf(holder);
  const exception = exceptionFor(exceptions, about, account);
  const isMuted = exception !== undefined && exception.expires > now && told.kind !== "break-glass-used";
  const note = exception === undefined ? [] : [exceptionNote(exception, isMuted)];
  return {
    id: `F-${shortId(`${told.kind}|${account}|${about}|${told.apart ?? ""}`, 10)}`,
    kind: told.kind,
    severity: told.severity,
    status: isMuted ? "muted" : "open",
    ...(exception !== undefined && isMuted ? { closed: exceptedBy(exception) } : {}),
    title: told.title,
    subject: { principal, principalKind: principalKind(holder), account },
    onset: told.onset,
    end: null,
    detectedAt: now,
    counts: { calls, refused: denied401 + denied403, status: { "401": denied401, "403": denied403 }, usualRate: 0 },
    layer: "cosmos",
    splits: [],
    cause: { ...told.cause, evidence: [...told.cause.evidence, ...note] },
    fix: { says: told.says, commands: told.commands ?? told.privilege.commands.apply },
    privilege: told.privilege,
    samples: { refused: [], succeeded: [] },
  };
}

export const dateOf = (at: Instant): string => formatInstant(at).slice(0, 10);

const exceptedBy = ({ owner, reason, expires }: PrivilegeException): Closed => ({
  because: "excepted",
  says: `${owner} answers for it until ${lastDay(expires)}: ${reason}`,
});

/** The exception ends with its last day. */
const lastDay = (expires: Instant): string => dateOf(plusMs(expires, -1));

const exceptionNote = ({ kind, owner, reason, expires }: PrivilegeException, isMuted: boolean): Evidence => ({
  says: `${kind === "break-glass" ? "For emergencies" : "Accepted"}, ${owner} answers for it until ${lastDay(expires)}: ${reason}${isMuted ? "" : " (this has expired, or does not cover its use)"}`,
  fields: { owner, expires: lastDay(expires) },
});

function principalKind({ kind, type }: Holder): PrincipalKind {
  if (kind === "key") return "account-key";
  return type === undefined || type === "group" ? "unknown" : type;
}

export const causeOf = (
  id: PrivilegeCauseId,
  confidence: number,
  evidence: readonly Evidence[],
): Cause<PrivilegeCauseId> => ({
  id,
  confidence: Math.round(1_000 * confidence) / 1_000,
  evidence,
  rejected: [],
  missing: [],
});

export const onsetOf = ({ grants }: Holder, privilege: Told["privilege"]): Instant =>
  grants.reduce((first, { since }) => (since !== undefined && since > first ? since : first), privilege.exposure.from);
