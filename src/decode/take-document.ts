import type { RawRecord } from "../model/record.ts";
import { createDecoded, type Decoded, decodeReject, foundIn } from "./decoded.ts";
import type { Repaired } from "./repair.ts";
import { repeatsRecords } from "./repeated-list.ts";
import { unwrap } from "./unwrap.ts";

interface Document extends Repaired {
  readonly text: string;
  readonly position: RawRecord["position"];
}

/** Takes the records of a document; of what it says twice, the first. What of it is lost is told of. */
export function takeDocument({ text, last, ...element }: Document, into: Decoded, depth = 0): void {
  const before = { found: foundIn(into), records: into.records.length };
  unwrap(element, into, depth);
  if (isEnvelope(element.value) && repeatsRecords(text)) {
    const index = element.position.index + foundIn(into) - before.found;
    rejectRepeated({ ...element.position, index }, text, into);
  } else if (last !== undefined) {
    const lasts = createDecoded();
    unwrap({ ...element, value: last }, lasts, depth);
    for (const [i, { value }] of lasts.records.entries()) {
      const place = before.records + i;
      const record = into.records[place];
      if (record !== undefined && JSON.stringify(record.value) !== JSON.stringify(value))
        into.records[place] = { ...record, last: value };
    }
  }
}

/** Of two lists one was read; what was in the others is told of, as it is lost. */
export function rejectRepeated(position: RawRecord["position"], text: string, into: Decoded): void {
  const detail = "`records` comes twice: one was read, the others were not. Look at what writes it.";
  into.rejects.push(decodeReject(position, { reason: "repeated-records", detail }, text));
}

const isEnvelope = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.keys(value).some((key) => key.toLowerCase() === "records");
