import type { BlindSpot, Finding } from "./finding.ts";
import type { Instant } from "./time.ts";

/** Records that could not be read, by stage and reason; `sample` is redacted. */
export interface RejectSummary {
  readonly stage: "decode" | "normalize";
  readonly reason: string;
  readonly count: number;
  readonly sample: string;
}

/** Conservation: `records = accepted + duplicate + filtered + rejected`, always. */
export interface InputCounts {
  readonly bytes: number;
  readonly records: number;
  readonly accepted: number;
  readonly duplicate: number;
  readonly filtered: number;
  readonly rejected: number;
  /** Accepted and filtered records by log category; filtered ones under the category they named. */
  readonly byCategory: Readonly<Record<string, number>>;
  readonly rejects: readonly RejectSummary[];
  /** First and last event time among accepted records; null without any. */
  readonly from: Instant | null;
  readonly to: Instant | null;
}

export interface CorrelationCounts {
  readonly calls: number;
  readonly exact: number;
  readonly inferred: number;
  readonly gatewayOnly: number;
  readonly dataPlaneOnly: number;
}

/** Calls by identity provenance. */
export interface IdentityCounts {
  readonly validated: number;
  readonly key: number;
  readonly claimed: number;
  readonly unknown: number;
}

/** What `analyze` prints; the dashboard shows the same. */
export interface Report {
  readonly input: InputCounts;
  readonly correlation: CorrelationCounts;
  readonly identity: IdentityCounts;
  readonly findings: readonly Finding[];
  readonly blindSpots: readonly BlindSpot[];
}

/** Calls that began in one minute of event time. */
export interface MinuteCount {
  /** Start of the minute. */
  readonly time: Instant;
  readonly calls: number;
  readonly refused401: number;
  readonly refused403: number;
}
