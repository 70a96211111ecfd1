import { entry } from "../lib/entry.ts";
import { atOnce, flatInTurns, type InTurns } from "../lib/in-turns.ts";
import type { Finding, FindingKind } from "../model/finding.ts";
import { scopeText } from "../model/grant.ts";
import type { Instant } from "../model/time.ts";
import { bitsOf } from "./actions.ts";
import type { Holder, HolderKind } from "./holder.ts";
import { callsOf } from "./privilege-of.ts";

/** One principal in one account, as lists show it. */
export interface PrincipalRow {
  readonly principal: string;
  readonly kind: HolderKind;
  readonly account: string;
  readonly score: number;
  readonly confidence: number;
  /** Whether what was not used is likely not to be used. */
  readonly enough: boolean;
  readonly roles: readonly string[];
  /** Data actions that the grants give anywhere, and those of them that the uses need anywhere. */
  readonly actionsGranted: number;
  readonly actionsUsed: number;
  readonly calls: number;
  readonly refused: number;
  readonly lastUsed: Instant | null;
  readonly verdict: string;
  readonly findings: readonly string[];
}

const VERDICTS: ReadonlyMap<FindingKind, string> = new Map<FindingKind, string>([
  ["break-glass-used", "break-glass identity was used"],
  ["over-privileged-principal", "holds more than it used"],
  ["grant-never-used", "never used"],
  ["redundant-role-assignment", "an assignment too many"],
  ["account-key-in-use", "a key: names no caller"],
]);

/** A row for each holder, in their order; each with the findings about it. */
export const principalRows = (holders: readonly Holder[], findings: readonly Finding[]): readonly PrincipalRow[] =>
  atOnce(principalRowsInTurns(holders, findings));

/** Holders whose rows are made in one turn. */
const TURN_HOLDERS = 64;

export function* principalRowsInTurns(
  holders: readonly Holder[],
  findings: readonly Finding[],
): InTurns<readonly PrincipalRow[]> {
  const about = findingsAbout(findings);
  yield;
  return yield* flatInTurns(holders, TURN_HOLDERS, (holder) => [rowOf(holder, about(holder))]);
}

function rowOf(holder: Holder, own: readonly Finding[]): PrincipalRow {
  const { account, principal, kind, grants, needs, uses, score, confidence, isEnough } = holder;
  const granted = grants.reduce((sum, { actions }) => sum | actions, 0);
  const needed = needs.reduce((sum, { actions }) => sum | actions, 0);
  const { calls, denied401, denied403 } = callsOf(holder);
  const last = uses.reduce((latest, use) => Math.max(latest, use.last ?? latest), Number.NEGATIVE_INFINITY);
  return {
    principal: principal.slice(principal.indexOf(":") + 1),
    kind,
    account,
    score: score.score,
    confidence,
    enough: isEnough,
    roles: grants.map(({ roleName, assignment }) => `${roleName} on ${scopeText(assignment.scope)}`),
    actionsGranted: bitsOf(granted).length,
    actionsUsed: bitsOf(needed).length,
    calls,
    refused: denied401 + denied403,
    lastUsed: uses.find((use) => use.last === last)?.last ?? null,
    verdict: verdictOf(holder, own),
    findings: own.map(({ id }) => id),
  };
}

/** Findings about a holder, in their order: keys and tokens of an account share one. */
function findingsAbout(findings: readonly Finding[]): (holder: Holder) => readonly Finding[] {
  const ofKeys = Map.groupBy(
    findings.filter((finding) => finding.kind === "account-key-in-use"),
    ({ subject }) => subject.account,
  );
  const ofOthers = new Map<string, Map<string, Finding[]>>();
  for (const finding of findings) {
    const { account, principal } = finding.subject;
    if (account === undefined || principal === undefined) continue;
    const byPrincipal = entry(ofOthers, account, () => new Map<string, Finding[]>());
    entry(byPrincipal, principal, () => [] as Finding[]).push(finding);
  }
  return ({ account, principal, kind }) =>
    (kind === "key" || kind === "token" ? ofKeys.get(account) : ofOthers.get(account)?.get(principal)) ?? [];
}

function verdictOf({ kind, grants, isEnough }: Holder, [first]: readonly Finding[]): string {
  const says = first === undefined ? undefined : VERDICTS.get(first.kind);
  if (first !== undefined && says !== undefined) {
    if (first.status === "muted") return `${says}, accepted`;
    return first.cause.id === "role-bound-to-wrong-id"
      ? "bound to a wrong id"
      : isEnough || kind === "key" || kind === "token"
        ? says
        : `${says}; not enough seen`;
  }
  if (kind === "key" || kind === "token") return "a key: names no caller";
  if (grants.length === 0) return "holds no known role";
  return "uses what it holds";
}
