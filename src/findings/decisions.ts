import type { Finding } from "../model/finding.ts";
import type { EpochMs } from "../model/time.ts";

export const DECISION_KINDS = ["acknowledge", "mute", "unmute"] as const;
export type DecisionKind = (typeof DECISION_KINDS)[number];

/** What a mute is about: one finding, or all with its principal or its cause. */
export const MUTE_SCOPES = ["finding", "principal", "cause"] as const;
export type MuteScope = (typeof MUTE_SCOPES)[number];

/** What somebody decided about a finding; never changed, only followed by another one. */
export interface Decision {
  /** The clock on the wall. */
  readonly at: EpochMs;
  readonly by: string;
  readonly kind: DecisionKind;
  readonly finding: string;
  readonly scope: MuteScope;
  /** The principal or cause that a mute is about; the finding's id for a mute of it alone. */
  readonly about: string;
  readonly reason: string;
  /** When a mute ends by itself; null for never. */
  readonly until: EpochMs | null;
}

/** Decisions that are in force. Plain data. */
export interface Decisions {
  readonly acknowledged: Map<string, Decision>;
  /** By scope and what it is about. */
  readonly mutes: Map<string, Decision>;
  /** Newest last. */
  readonly log: Decision[];
}

export const KEPT_DECISIONS = 10_000;

export const createDecisions = (): Decisions => ({ acknowledged: new Map(), mutes: new Map(), log: [] });

const keyOf = (scope: MuteScope, about: string): string => JSON.stringify([scope, about]);

/** What a mute of a scope would be about; undefined where the finding names none. */
export function aboutOf({ id, subject, cause }: Finding, scope: MuteScope): string | undefined {
  if (scope === "finding") return id;
  return scope === "cause" ? cause.id : subject.principal;
}

/** Takes a decision in; of more than are kept, the oldest goes. */
export function decide(decisions: Decisions, decision: Decision): void {
  const { acknowledged, mutes, log } = decisions;
  log.push(decision);
  if (log.length > KEPT_DECISIONS) log.shift();
  const key = keyOf(decision.scope, decision.about);
  if (decision.kind === "acknowledge") keep(acknowledged, decision.finding, decision);
  else if (decision.kind === "mute") keep(mutes, key, decision);
  else mutes.delete(key);
}

/** The newest stand last; the oldest makes room. */
function keep(map: Map<string, Decision>, key: string, decision: Decision): void {
  map.delete(key);
  map.set(key, decision);
  const [oldest] = map.keys();
  if (map.size > KEPT_DECISIONS && oldest !== undefined) map.delete(oldest);
}

/** The mute that a finding is under, if any. */
export function muteOf({ mutes }: Decisions, finding: Finding, now: EpochMs): Decision | undefined {
  for (const scope of MUTE_SCOPES) {
    const about = aboutOf(finding, scope);
    const mute = about === undefined ? undefined : mutes.get(keyOf(scope, about));
    if (mute !== undefined && (mute.until === null || mute.until > now)) return mute;
  }
  return undefined;
}

/** The finding as it is shown and told: one that goes on under a mute is muted. */
export const underDecisions = (decisions: Decisions, finding: Finding, now: EpochMs): Finding =>
  finding.status === "open" && muteOf(decisions, finding, now) !== undefined
    ? { ...finding, status: "muted" }
    : finding;

/** What was decided about a finding, newest first; mutes of its principal or cause too. */
export function decisionsAbout({ log }: Decisions, finding: Finding): readonly Decision[] {
  return log.filter((one) => one.finding === finding.id || aboutOf(finding, one.scope) === one.about).toReversed();
}
