/** Valid callers of one API are refused for a while. */
export interface Fault {
  /** Seconds of event time after the corpus begins. */
  readonly at: number;
  readonly seconds: number;
  /** Number of the API. */
  readonly api: number;
  /** Share of its calls that are refused. */
  readonly share: number;
  readonly source: string;
  readonly reason: string;
  readonly status: 401 | 403;
}

/** What a corpus is made of; the same spec gives the same bytes. */
export interface Spec {
  readonly seed: number;
  /** Calls to the gateway; each comes with one Cosmos DB record, its own or that of a direct caller. */
  readonly calls: number;
  /** Distinct callers at most; how many occur is in the manifest. */
  readonly callers: number;
  /** Share of draws that go through all callers in turn; the others follow a power law. */
  readonly evenShare: number;
  readonly callsPerSecond: number;
  /** When event time begins, in milliseconds since the Unix epoch. */
  readonly beginMs: number;
  /** Longest delay from event time to arrival; a gateway's record takes a fifth of it at most. */
  readonly delaySeconds: number;
  readonly faults: readonly Fault[];
}

/** When event time begins, unless it is to be another time. */
export const BEGIN_MS = Date.UTC(2026, 2, 2, 8);

export const BASE: Spec = {
  seed: 42,
  calls: 100_000,
  callers: 5_000,
  evenShare: 0,
  callsPerSecond: 140,
  beginMs: BEGIN_MS,
  delaySeconds: 300,
  faults: [],
};
