import type { RawRecord, Reject } from "../model/record.ts";
import type { JoinPath } from "./join-path.ts";
import { normalize, type Normalized } from "./normalize.ts";
import { normalizeReject } from "./normalized.ts";

/** What is told of a record that has a key twice, where that changes what is read in it: the first value counts, the others are lost. */
export function doubtOf(record: RawRecord, first: Normalized, joinBy?: JoinPath): Reject | undefined {
  const { last, ...single } = record;
  if (last === undefined) return undefined;
  const other = normalize({ ...single, value: last }, joinBy);
  if (JSON.stringify(first, plain) === JSON.stringify(other, plain)) return undefined;
  const detail =
    "A key comes twice in the record: its first value was read, the last says something else. Look at what writes it.";
  return normalizeReject(single, { reason: "repeated-key", detail });
}

const plain = (_key: string, value: unknown): unknown => (value instanceof Map ? [...value] : value);
