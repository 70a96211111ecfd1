import type { Closed, Finding } from "../model/finding.ts";
import type { Instant } from "../model/time.ts";
import { bitsOf } from "./actions.ts";
import { exceptionFor, KEYS, type PrivilegeException } from "./exceptions.ts";
import { dateOf } from "./finding-of.ts";
import { type Holder, isTried } from "./holder.ts";
import { isActive } from "./privilege-of.ts";

/** What is known when a finding is found no more. */
export interface Ending {
  readonly holders: readonly Holder[];
  readonly exceptions: readonly PrivilegeException[];
  /** Holders that were not judged. */
  readonly unjudged: number;
}

/** Why a finding that was found before is found no more. */
export function closedBecause(finding: Finding, ending: Ending): Closed {
  switch (finding.kind) {
    case "over-privileged-principal":
    case "grant-never-used":
    case "redundant-role-assignment":
      return ofGrant(finding, ending);
    case "account-key-in-use":
      return quiet("No use of a key is kept any more");
    case "break-glass-used":
      return isBreakGlass(finding, ending.exceptions)
        ? quiet("It was not used for 90 days")
        : { because: "excepted", says: "No exception says any more that it is for emergencies" };
    case "access-wider-than-use":
      return { because: "used-now", says: "All that it opens is called by now, or it is gone" };
    case "indirect-data-access":
      return { because: "grant-gone", says: "No role that leads to the data is held on the account any more" };
    case "unvalidated-api":
    case "shared-subscription-key":
    case "over-scoped-token":
      return quiet("It was not seen for 30 days");
    case "intermittent-refusal":
    case "source-gap":
      return quiet("It was not seen any more");
  }
}

const quiet = (says: string): Closed => ({ because: "quiet", says });

function isBreakGlass({ subject }: Finding, exceptions: readonly PrivilegeException[]): boolean {
  const about = subject.principalKind === "account-key" ? KEYS : (subject.principal ?? "");
  return exceptionFor(exceptions, about, subject.account ?? "")?.kind === "break-glass";
}

function ofGrant(finding: Finding, { holders, exceptions, unjudged }: Ending): Closed {
  const { kind, subject, privilege } = finding;
  const holder = holders.find(
    ({ account, principal }) => account === subject.account && principal === subject.principal,
  );
  if (holder === undefined || holder.grants.length === 0)
    return { because: "grant-gone", says: "It holds no role on the account any more" };
  const now = new Set(holder.grants.map(({ assignment }) => assignment.id));
  const before = (privilege?.granted ?? []).map(({ assignment }) => assignment);
  const gone = before.filter((id) => !now.has(id));
  if (gone.length > 0)
    return {
      because: "grant-gone",
      says: `${gone.length === 1 ? `Assignment ${gone[0]} is` : `${gone.length} assignments are`} gone`,
    };
  if (kind === "grant-never-used" && exceptionFor(exceptions, holder.principal, holder.account)?.kind === "break-glass")
    return { because: "excepted", says: "An exception says that it is for emergencies: not using it is right" };
  if (isChanged(holder, finding)) return { because: "grant-changed", says: "What it holds has changed" };
  const last = lastOf(holder);
  if (kind !== "over-privileged-principal" && last !== undefined)
    return { because: "used-now", says: `It was used, last on ${dateOf(last)}` };
  if (isActive(holder) && unjudged === 0) return { because: "used-now", says: "It uses all that it holds by now" };
  if (unjudged > 0)
    return {
      because: "not-judged",
      says: "There are too many holders of roles: only those with the highest scores are judged",
    };
  return quiet("No use of it is kept any more");
}

/** Whether its grants give other actions than the finding shows, or there are more of them. */
function isChanged({ grants }: Holder, { privilege }: Finding): boolean {
  const shown = new Map((privilege?.granted ?? []).map(({ assignment, actions }) => [assignment, actions.length]));
  return grants.some(({ assignment, actions }) => shown.get(assignment.id) !== bitsOf(actions).length);
}

const lastOf = ({ uses }: Holder): Instant | undefined =>
  uses
    .filter(isTried)
    .reduce<Instant | undefined>(
      (latest, { last }) => (last !== undefined && (latest === undefined || last > latest) ? last : latest),
      undefined,
    );
