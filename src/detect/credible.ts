import type { Trial } from "../correlate/call.ts";
import { networkOf, userAgentFamily } from "../correlate/network.ts";
import type { Call } from "../model/call.ts";
import type { DataPlaneOperation, GatewayRequest } from "../model/event.ts";
import { type DurationMs, type Instant, msBetween } from "../model/time.ts";

/** Refusals of one unit without a success in between. */
interface Run {
  counted: number;
  lastCounted: Instant;
  /** Serial number of the row of the last counted refusal, to weigh retries on it. */
  row: number;
  symptom: string;
}

/**
 * Who succeeded lately, and who is being refused again and again.
 * A refusal says something about an outage only when the same unit (caller, operation) has succeeded within a day.
 */
export interface Credibility {
  readonly limit: number;
  /** Key of a unit → when it last succeeded, and the unit that successes of it are counted under. */
  readonly lastSuccess: Map<string, { at: Instant; readonly unit: string }>;
  readonly runs: Map<string, Run>;
  /** Refusals of units that never succeeded: scanners, callers without any right, APIs that are down for all. */
  never: number;
  /** Units forgotten because `limit` was reached. */
  evicted: number;
}

export const createCredibility = (limit: number): Credibility => ({
  limit,
  lastSuccess: new Map(),
  runs: new Map(),
  never: 0,
  evicted: 0,
});

export type Verdict =
  | { readonly kind: "trial"; readonly unit: string }
  /** A retry or one of a long run: weigh it on the row that was written for the run. */
  | { readonly kind: "collapsed"; readonly unit: string; readonly row: number; readonly symptom: string }
  | { readonly kind: "never-succeeded" };

const MEMORY_MS: DurationMs = 86_400_000;
const RETRY_MS: DurationMs = 5_000;
const RUN_COUNTED = 4;
const RUN_SPACING_MS: DurationMs = 10_000;
/** A success is noted again only when the last note is this old. */
const REFRESH_MS: DurationMs = 60_000;

/** The unit that a call is counted under. */
export const unitOf = (call: Call, trial: Trial): string => unitsOf(call, trial)[0] ?? "unknown";

/** Notes a success of all the units that a call belongs to; gives the first, by which it is counted. */
export function noteSuccess(state: Credibility, call: Call, trial: Trial): string {
  const keys = unitsOf(call, trial);
  for (const key of keys) {
    state.runs.delete(key);
    const last = state.lastSuccess.get(key);
    if (last !== undefined && msBetween(call.time, last.at) < REFRESH_MS) continue;
    state.lastSuccess.delete(key);
    state.lastSuccess.set(key, { at: call.time, unit: keys[0] ?? key });
  }
  evict(state);
  return keys[0] ?? "unknown";
}

/** Whether a refusal counts, and as what. */
export function judgeRefusal(state: Credibility, call: Call, trial: Trial): Verdict {
  const success = unitsOf(call, trial)
    .map((key) => state.lastSuccess.get(key))
    .find((last) => last !== undefined && msBetween(call.time, last.at) <= MEMORY_MS);
  if (success === undefined) {
    state.never += 1;
    return { kind: "never-succeeded" };
  }
  const { unit } = success;
  const run = state.runs.get(unit);
  if (run !== undefined) {
    const since = msBetween(call.time, run.lastCounted);
    const collapsed = since < RETRY_MS || (run.counted >= RUN_COUNTED && since < RUN_SPACING_MS);
    if (collapsed) return { kind: "collapsed", unit, row: run.row, symptom: run.symptom };
  }
  return { kind: "trial", unit };
}

/** Remembers where a counted refusal was written. */
export function noteRefusal(
  state: Credibility,
  unit: string,
  refusal: { at: Instant; row: number; symptom: string },
): void {
  const counted = (state.runs.get(unit)?.counted ?? 0) + 1;
  if (state.runs.size >= state.limit) state.runs.clear();
  state.runs.set(unit, { counted, lastCounted: refusal.at, row: refusal.row, symptom: refusal.symptom });
}

function evict(state: Credibility): void {
  if (state.lastSuccess.size <= state.limit) return;
  for (const key of state.lastSuccess.keys()) {
    if (state.lastSuccess.size <= state.limit * 0.9) break;
    state.lastSuccess.delete(key);
    state.evicted += 1;
  }
}

/**
 * Units of a call, the surest first. An identity that nobody vouched for counts only together with the network it came
 * from: a forged token that names a busy application has no success to its name.
 */
function unitsOf(call: Call, trial: Trial): readonly string[] {
  if (call.gateway !== undefined) return gatewayUnits(call.gateway);
  return trial.operation === undefined ? [] : operationUnits(trial.operation);
}

function gatewayUnits(gateway: GatewayRequest): readonly string[] {
  const operation = `${gateway.api ?? ""}|${gateway.operation ?? gateway.method ?? ""}`;
  const network = gateway.callerAddress === undefined ? "" : networkOf(gateway.callerAddress);
  const agent = gateway.userAgent === undefined ? "" : (userAgentFamily(gateway.userAgent) ?? "");
  const { claims, subscription } = gateway;
  const units: string[] = [];
  if (claims?.state === "validated") units.push(`app|${claims.appId ?? claims.objectId ?? ""}|${operation}`);
  if (subscription !== undefined && subscription !== "") units.push(`subscription|${subscription}|${operation}`);
  if (claims?.appId !== undefined) units.push(`network-app|${network}|${claims.appId}|${operation}`);
  const succeeded = gateway.status > 0 && gateway.status < 400;
  const anonymous = claims === undefined && subscription === undefined;
  if (succeeded || anonymous) units.push(`network|${network}|${agent}|${operation}`);
  return units;
}

function operationUnits(operation: DataPlaneOperation): readonly string[] {
  const what = `${operation.account}|${operation.container ?? ""}|${operation.operation}`;
  const network = operation.clientAddress === undefined ? "" : networkOf(operation.clientAddress);
  const units = [`client|${network}|${what}`];
  if (operation.principal !== undefined) units.unshift(`principal|${operation.principal}|${what}`);
  return units;
}
