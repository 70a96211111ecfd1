import type { Position } from "../model/record.ts";
import { type Decoded, decodeReject, type DecodeLimits } from "./decoded.ts";
import { repairJson } from "./repair.ts";
import { closing, nextRecord } from "./resync.ts";
import { takeDocument } from "./take-document.ts";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
const lenient = new TextDecoder("utf-8", { fatal: false, ignoreBOM: false });

/** UTF-8 text; bytes that are not UTF-8 become U+FFFD, which is named as a repair. */
function textOf(bytes: Uint8Array): { readonly text: string; readonly repairs: readonly string[] } {
  try {
    return { text: strict.decode(bytes), repairs: [] };
  } catch {
    return { text: lenient.decode(bytes), repairs: ["not-utf-8"] };
  }
}

interface At {
  readonly position: Position;
  readonly depth: number;
  /** The input ends inside the element. */
  readonly truncated: boolean;
  /** Whether a broken element may be cut at what looks like the next record. */
  readonly mayCut: boolean;
}

/**
 * Reads one element: strictly, else with repairs, else up to where the next record seems to begin, so that a broken
 * record does not cost its neighbours. Gives how many of the bytes are dealt with.
 */
export function readElement(bytes: Uint8Array, at: At, into: Decoded, limits: DecodeLimits): number {
  const { position } = at;
  const { text, repairs } = textOf(bytes);
  if (text.trim() === "") return bytes.length;
  if (at.depth > limits.depth) {
    into.rejects.push(
      decodeReject(position, { reason: "too-deep", detail: `Nested more than ${limits.depth} deep.` }, text),
    );
    return bytes.length;
  }
  const read = repairJson(text);
  if (read !== undefined) {
    takeDocument({ ...read, text, position, repairs: [...repairs, ...read.repairs] }, into);
    return bytes.length;
  }
  const next = at.mayCut ? nextRecord(bytes) : -1;
  if (next > 0) {
    readPart(textOf(bytes.subarray(0, next)).text, position, into);
    return next;
  }
  if (at.truncated) {
    const detail = "The input ends inside this record. Copy the file again, or wait until it is written.";
    into.rejects.push(decodeReject(position, { reason: "truncated", detail }, text));
  } else readPart(text, position, into);
  return bytes.length;
}

const UNREADABLE = "Not JSON, and no known repair made it so; its neighbours were read. Look at what writes it.";
/** As the portal exports rows: the header of a table of Log Analytics. */
const CSV_HEADER = /^\uFEFF?"?(?:TenantId|TimeGenerated)(?: \[UTC\])?"?(?:,|$)/i;
const CSV =
  "A table as CSV, which is not read. Export JSON: `az monitor log-analytics query … -o json`, or copy the rows as JSON.";

/** A broken record by itself, with what may be left over around it. */
function readPart(part: string, position: Position, into: Decoded): void {
  const trimmed = part.replace(/[\s,]{1,64}$/, "");
  const closed = trimmed.replace(/\]\s{0,8}\}?\s{0,8}$/, "");
  const end = closing(trimmed, 0, trimmed.length);
  for (const candidate of new Set([trimmed, closed, end < 0 ? trimmed : trimmed.slice(0, end)])) {
    const read = repairJson(candidate);
    if (read === undefined || typeof read.value !== "object" || read.value === null) continue;
    takeDocument({ ...read, text: candidate, position, repairs: ["salvaged", ...read.repairs] }, into);
    return;
  }
  const detail = CSV_HEADER.test(part) ? CSV : UNREADABLE;
  into.rejects.push(decodeReject(position, { reason: "not-json", detail }, part));
}
