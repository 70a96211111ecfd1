import type { Decoded } from "../../../src/decode/decoded.ts";
import type { Scanner } from "../../../src/decode/scan/scanner.ts";
import { createStreamDecoder } from "../../../src/decode/stream-decoder.ts";
import { createEventTable, DOUBLES, kindOf, textWordsOf, WORDS } from "../../../src/model/event-table.ts";
import { createNames } from "../../../src/model/names.ts";
import { putEvent } from "../../../src/normalize/event-row.ts";
import type { JoinPath } from "../../../src/normalize/join-path.ts";
import { normalize } from "../../../src/normalize/normalize.ts";
import { putScanned, ScanMemo } from "../../../src/normalize/scanned.ts";

const memo = new ScanMemo();

/** The input as a stream. */
export function parts(input: Uint8Array, scanner: Scanner | undefined): readonly Decoded[] {
  const decoder = createStreamDecoder({ source: "s", partition: "0" }, { scanner });
  return [decoder.push(input), decoder.end()];
}

/** What came of the input, in a form that does not depend on who read it: rows with their texts, rejects, other categories. */
export function outcome(all: readonly Decoded[], joinBy?: JoinPath) {
  const names = createNames(3);
  const table = createEventTable();
  const others: unknown[] = [];
  for (const { records, rejects, scans } of all) {
    others.push(...rejects);
    for (const columns of scans) putScanned(columns, table, names, memo);
    for (const record of records) {
      const read = normalize(record, joinBy);
      if (read.kind === "event") putEvent(table, names, read.event);
      else others.push(read);
    }
  }
  const rows = Array.from({ length: table.count }, (_, row) => {
    const words = [...table.words.subarray(WORDS * row, WORDS * (row + 1))];
    const texts = textWordsOf(kindOf(table, row)).map((word) => names.texts[words[word] ?? 0]);
    const isText = new Set(textWordsOf(kindOf(table, row)));
    const numbers = words.map((value, word) => (isText.has(word) || (word >= 32 && word < 40) ? 0 : value));
    const doubles = [...table.doubles.subarray(DOUBLES * row + 16, DOUBLES * row + 20)];
    return JSON.stringify(
      [numbers, texts, doubles.map(String), table.objects.get(row) ?? null],
      (_key, value: unknown) => (value instanceof Map ? [...value] : value),
    );
  });
  return { rows: rows.toSorted(), others: others.map((other) => JSON.stringify(other)).toSorted() };
}
