import type { Position } from "../model/record.ts";
import { type Decoded, DECODE_LIMITS, type DecodeLimits, decodeReject } from "./decoded.ts";
import { nestsDeeper } from "./depth.ts";
import { createStreamDecoder } from "./stream-decoder.ts";
import { unwrap } from "./unwrap.ts";

export type { Decoded, DecodeLimits } from "./decoded.ts";

const strict = new TextDecoder("utf-8", { fatal: true });

/**
 * Decodes one message: the whole at once where it is sound, else element by element. `sequence` is the message's place in
 * its partition, and `index` counts the records inside.
 */
export function decodeBody(
  bytes: Uint8Array,
  at: { source: string; partition: string; sequence: number },
  limits: DecodeLimits = DECODE_LIMITS,
): Decoded {
  const position: Position = { ...at, index: 0 };
  const into: Decoded = { records: [], rejects: [] };
  if (bytes.length > limits.elementBytes) {
    into.rejects.push(
      decodeReject(position, { reason: "too-long", detail: `Longer than ${limits.elementBytes} bytes.` }, ""),
    );
    return into;
  }
  const whole = nestsDeeper(bytes, limits.depth) ? undefined : parseWhole(bytes);
  if (whole !== undefined) unwrap({ value: whole.value, position, repairs: [] }, into);
  else splitBody(bytes, position, into, limits);
  if (into.records.length + into.rejects.length === 0 && !isEmptyList(whole?.value)) {
    into.rejects.push(decodeReject(position, { reason: "empty", detail: "The message has no content." }, ""));
  }
  return into;
}

function parseWhole(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(strict.decode(bytes)) };
  } catch {
    return undefined;
  }
}

/** Positions of a message count records, not lines. */
function splitBody(bytes: Uint8Array, position: Position, into: Decoded, limits: DecodeLimits): void {
  const decoder = createStreamDecoder(position, limits);
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
