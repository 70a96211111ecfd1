import type { RawRecord } from "../model/record.ts";

/** Tells who holds which role now, as records of role inventories. */
export interface Grants {
  readonly name: string;
  /** All records, or a SourceError: what is not whole is never told as if it were. */
  read(signal: AbortSignal): Promise<readonly RawRecord[]>;
}
