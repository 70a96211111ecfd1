/** What was done with what is kept: calls read, evidence taken out, a sign-in, or this very log read. */
export const ACCESS_KINDS = ["call", "export", "download", "reveal", "sign-in", "audit"] as const;
/** cut: whoever asked went away before the end. */
export const ACCESS_OUTCOMES = ["begun", "ok", "refused", "cut", "failed"] as const;

/** One access to what is kept. */
export interface Access {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly who: string;
  readonly what: (typeof ACCESS_KINDS)[number];
  /** Page, API path or command by which. */
  readonly via: string;
  /** What was asked for. */
  readonly filter: string;
  /** Rows that were given; null where nothing has rows. */
  readonly rows: number | null;
  readonly outcome: (typeof ACCESS_OUTCOMES)[number];
}

/** A line of the log: its place, counted from 1, and the hash of the line before it. */
export interface AccessLine extends Access {
  readonly sequence: number;
  readonly previous: string;
}

export interface AccessCounts {
  /** Lines that are kept. */
  readonly kept: number;
  /** Older ones that were given up for want of room. */
  readonly forgotten: number;
}

export interface AccessSpan {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}
