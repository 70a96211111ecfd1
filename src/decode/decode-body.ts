import type { Position } from "../model/record.ts";
import { isSpace } from "./bytes.ts";
import { createDecoded, type Decoded, DECODE_LIMITS, type DecodeLimits, decodeReject } from "./decoded.ts";
import { nestsDeeper } from "./depth.ts";
import { type Parsed, parseJson } from "./parse-json.ts";
import { takeScanned } from "./scan/line-scan.ts";
import { SCAN_BYTES, type Scanner } from "./scan/scanner.ts";
import { createStreamDecoder } from "./stream-decoder.ts";
import { takeDocument } from "./take-document.ts";

export type { Decoded, DecodeLimits } from "./decoded.ts";

const strict = new TextDecoder("utf-8", { fatal: true });

/**
 * Decodes one message: the whole at once where it is sound, else element by element. `sequence` is the message's place in
 * its partition, and `index` counts the records inside.
 */
export function decodeBody(
  bytes: Uint8Array,
  at: { source: string; partition: string; sequence: number },
  { limits = DECODE_LIMITS, scanner }: { readonly limits?: DecodeLimits; readonly scanner?: Scanner | undefined } = {},
): Decoded {
  const position: Position = { ...at, index: 0 };
  const into = createDecoded();
  if (bytes.length > limits.elementBytes) {
    into.rejects.push(
      decodeReject(position, { reason: "too-long", detail: `Longer than ${limits.elementBytes} bytes.` }, ""),
    );
    return into;
  }
  if (scanner !== undefined && scanBody(bytes, position, into, scanner)) return into;
  const whole = nestsDeeper(bytes, limits.depth) ? undefined : parseWhole(bytes);
  if (whole !== undefined) {
    takeDocument({ ...whole, position, repairs: [] }, into);
  } else splitBody(bytes, position, into, limits);
  if (into.records.length + into.rejects.length === 0 && !isEmptyList(whole?.value)) {
    into.rejects.push(decodeReject(position, { reason: "empty", detail: "The message has no content." }, ""));
  }
  return into;
}

/** Takes a message that the scan finds sound; what it leaves of it is parsed. */
function scanBody(bytes: Uint8Array, position: Position, into: Decoded, scanner: Scanner): boolean {
  let from = 0;
  let to = bytes.length;
  while (from < to && isSpace(bytes[from] ?? 0)) from += 1;
  while (to > from && isSpace(bytes[to - 1] ?? 0)) to -= 1;
  if (to === from || to - from > SCAN_BYTES) return false;
  scanner.input.set(bytes.subarray(from, to));
  if (!scanner.body(to - from)) return false;
  takeScanned(scanner, position, into);
  return true;
}

function parseWhole(bytes: Uint8Array): (Parsed & { readonly text: string }) | undefined {
  try {
    const text = strict.decode(bytes);
    return { ...parseJson(text), text };
  } catch {
    return undefined;
  }
}

/** Positions of a message count records, not lines. */
function splitBody(bytes: Uint8Array, position: Position, into: Decoded, limits: DecodeLimits): void {
  const decoder = createStreamDecoder(position, { limits });
  let index = 0;
  for (const { records, rejects } of [decoder.push(bytes), decoder.end()]) {
    for (const record of records) into.records.push({ ...record, position: { ...position, index: index++ } });
    for (const reject of rejects) into.rejects.push({ ...reject, position: { ...position, index: index++ } });
  }
}

/** `[]` and `{"records":[]}` are sound messages without records. */
function isEmptyList(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return (
    typeof value === "object" &&
    value !== null &&
    Object.values(value).some((list) => Array.isArray(list) && list.length === 0)
  );
}
