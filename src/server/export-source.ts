import type { EvidenceTable, EXPORT_FORMATS } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import type { Profile } from "../model/redaction-profile.ts";
import type { Instant } from "../model/time.ts";

/** Which rows of the kept calls are asked for, and how they are written. */
export interface RowsRequest {
  readonly table: EvidenceTable;
  readonly format: (typeof EXPORT_FORMATS)[number];
  readonly from: Instant | undefined;
  /** Not included. */
  readonly to: Instant | undefined;
  readonly principal: string | undefined;
  readonly container: string | undefined;
  readonly finding: Finding | undefined;
  readonly redact: Profile;
}

/** Bytes of the answer, and how many rows were written until then. */
export interface RowsChunk {
  readonly bytes: Uint8Array;
  readonly rows: number;
}

/** Gives rows as they are asked for: what is not asked for is not read. Ends its work when it is returned from. */
export type ExportSource = (request: RowsRequest) => AsyncGenerator<RowsChunk, void>;
