import { plainText } from "../lib/plain-text.ts";
import type { Position, RawRecord, Reject } from "../model/record.ts";
import { redactedPart } from "../lib/redact.ts";
import type { RawColumns } from "./scan/scanner.ts";

/** What came of some bytes: every element found in them is in exactly one of the three. */
export interface Decoded {
  readonly records: RawRecord[];
  readonly rejects: Reject[];
  /** Records that the scan has taken: columns, not parsed. */
  readonly scans: RawColumns[];
}

export const createDecoded = (): Decoded => ({ records: [], rejects: [], scans: [] });

/** Elements that were found so far and need no scan: the next one's index in its list goes on from there. */
export const foundIn = ({ records, rejects }: Decoded): number => records.length + rejects.length;

export interface DecodeLimits {
  /** Bytes of one element; a longer one is a reject. */
  readonly elementBytes: number;
  /** Depth of nesting of one element. */
  readonly depth: number;
}

export const DECODE_LIMITS: DecodeLimits = { elementBytes: 128 * 1024 * 1024, depth: 64 };

const SAMPLE = 200;

/** A reject of the decoder, with a redacted sample of what could not be read. */
export function decodeReject(
  position: Position,
  why: { readonly reason: string; readonly detail: string },
  text: string,
): Reject {
  const sample = plainText(redactedPart(text, 2 * SAMPLE)).slice(0, SAMPLE);
  return { stage: "decode", reason: why.reason, position, detail: why.detail, sample };
}
