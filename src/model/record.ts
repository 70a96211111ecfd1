/** Where a record was delivered: unique, and the same whenever it is delivered again from the same place. */
export interface Position {
  /** Name of the source in the config, or the file's path. */
  readonly source: string;
  /** Partition of an event hub; "0" for a file. */
  readonly partition: string;
  /** Sequence number in the partition; the line of a file (1 for a body that is not line by line). */
  readonly sequence: number;
  /** Index of the record in its message or line, from 0. */
  readonly index: number;
}

/** One row, line or message as delivered and parsed; untrusted. */
export interface RawRecord {
  readonly value: Readonly<Record<string, unknown>>;
  readonly position: Position;
  /** Named repairs that were needed to read it, for instance `single-quotes`. */
  readonly repairs: readonly string[];
  /** The same record with the last value of each key, where one comes twice; `value` has the first. */
  readonly last?: Readonly<Record<string, unknown>>;
}

/** A record that could not be read: counted, kept, shown; never silently dropped. */
export interface Reject {
  readonly stage: "decode" | "normalize";
  /** Few-valued, for counting: `not-json`, `no-time`, `truncated` … */
  readonly reason: string;
  readonly position: Position;
  /** What to look at or do, with the field's name where one is at fault. */
  readonly detail: string;
  /** At most 200 characters of it, redacted, control characters escaped. */
  readonly sample: string;
}
