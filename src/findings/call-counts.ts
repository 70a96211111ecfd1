import type { Call } from "../model/call.ts";
import type { CorrelationCounts, IdentityCounts, MinuteCount } from "../model/report.ts";
import { epochMs, instantFromMs } from "../model/time.ts";

/** Calls by match, by identity provenance, and by minute of event time. */
export interface CallCounts {
  readonly match: { exact: number; inferred: number; gatewayOnly: number; dataPlaneOnly: number };
  readonly identity: { validated: number; key: number; claimed: number; unknown: number };
  /** Minute since the epoch → counts; the last `MINUTES`. */
  readonly minutes: Map<number, { calls: number; refused401: number; refused403: number }>;
}

const MINUTES = 2_880;

export const createCallCounts = (): CallCounts => ({
  match: { exact: 0, inferred: 0, gatewayOnly: 0, dataPlaneOnly: 0 },
  identity: { validated: 0, key: 0, claimed: 0, unknown: 0 },
  minutes: new Map(),
});

const MATCHES = {
  exact: "exact",
  inferred: "inferred",
  "gateway-only": "gatewayOnly",
  "data-plane-only": "dataPlaneOnly",
} as const;

export function countCall(counts: CallCounts, call: Call): void {
  counts.match[MATCHES[call.match]] += 1;
  counts.identity[call.identity.provenance] += 1;
  const minute = Math.floor(epochMs(call.time) / 60_000);
  const at = counts.minutes.get(minute) ?? { calls: 0, refused401: 0, refused403: 0 };
  counts.minutes.set(minute, at);
  at.calls += 1;
  if (call.outcome.kind === "refused" && call.outcome.status === 401) at.refused401 += 1;
  if (call.outcome.kind === "refused" && call.outcome.status === 403) at.refused403 += 1;
  if (counts.minutes.size <= MINUTES) return;
  const oldest = Math.min(...counts.minutes.keys());
  counts.minutes.delete(oldest);
}

export const correlationCounts = ({ match }: CallCounts): CorrelationCounts => ({
  calls: match.exact + match.inferred + match.gatewayOnly + match.dataPlaneOnly,
  ...match,
});

export const identityCounts = ({ identity }: CallCounts): IdentityCounts => ({ ...identity });

/** The last `limit` minutes, oldest first; minutes without calls are filled in with zeros. */
export function minuteCounts(counts: CallCounts, limit: number): readonly MinuteCount[] {
  if (counts.minutes.size === 0) return [];
  const minutes = [...counts.minutes.keys()];
  const last = minutes.reduce((a, b) => Math.max(a, b));
  const first = Math.max(
    last - limit + 1,
    minutes.reduce((a, b) => Math.min(a, b)),
  );
  return Array.from({ length: last - first + 1 }, (_, i) => {
    const at = counts.minutes.get(first + i) ?? { calls: 0, refused401: 0, refused403: 0 };
    return { time: instantFromMs((first + i) * 60_000), ...at };
  });
}
