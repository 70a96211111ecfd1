import { decodeBody } from "../../src/decode/decode-body.ts";
import type { Decoded } from "../../src/decode/decoded.ts";
import type { Scanner } from "../../src/decode/scan/scanner.ts";
import { createStreamDecoder } from "../../src/decode/stream-decoder.ts";
import { createEventTable, DOUBLES, type EventTable, WORDS } from "../../src/model/event-table.ts";
import { createNames } from "../../src/model/names.ts";
import { putEvent } from "../../src/normalize/event-row.ts";
import { doubtOf } from "../../src/normalize/doubt.ts";
import type { JoinPath } from "../../src/normalize/join-path.ts";
import { normalize } from "../../src/normalize/normalize.ts";
import { putScanned, ScanMemo } from "../../src/normalize/scanned.ts";

/** What is read: bytes, and how they come. */
export interface FuzzInput {
  /** A character a byte. */
  readonly text: string;
  /** As one message of a hub; as a stream of lines otherwise. */
  readonly isBody: boolean;
  /** Where the stream is cut, modulo its length. */
  readonly cuts: readonly number[];
}

/** What came of an input by one of the ways, in a form that both have in common. */
export interface Outcome {
  readonly rows: readonly string[];
  readonly others: readonly string[];
  /** Rows that the scan took. */
  readonly scanned: number;
}

const AT = { source: "s", partition: "0" };
/** Words that are doubles of the same row: written as numbers, since NaN has many forms. */
const FIRST_DOUBLE = 16;
const LAST_DOUBLE = 20;

/**
 * One scanner, and reading with and without it. Both ways name texts by the same ids, so rows are the same where their words
 * are. What the scanner learned from earlier inputs it keeps.
 */
export class Ways {
  readonly #scanner: Scanner;
  readonly #joinBy: JoinPath | undefined;
  readonly #names = createNames(3);
  readonly #memo = new ScanMemo();
  readonly #table = createEventTable(16);

  /** `joinBy` is the scanner's. */
  constructor(scanner: Scanner, joinBy?: JoinPath) {
    this.#scanner = scanner;
    this.#joinBy = joinBy;
  }

  withScan(input: FuzzInput): Outcome {
    return this.#outcome(decoded(input, this.#scanner));
  }

  withoutScan(input: FuzzInput): Outcome {
    return this.#outcome(decoded(input, undefined));
  }

  #outcome(parts: readonly Decoded[]): Outcome {
    const table = this.#table;
    table.count = 0;
    table.objects.clear();
    const others: string[] = [];
    let scanned = 0;
    for (const { records, rejects, scans } of parts) {
      for (const reject of rejects) others.push(JSON.stringify(reject));
      for (const columns of scans) {
        scanned += columns.count;
        putScanned(columns, table, this.#names, this.#memo);
      }
      for (const record of records) {
        const read = normalize(record, this.#joinBy);
        const doubt = doubtOf(record, read, this.#joinBy);
        if (doubt !== undefined) others.push(JSON.stringify(doubt));
        if (read.kind === "event") putEvent(table, this.#names, read.event);
        else others.push(JSON.stringify(read));
      }
    }
    const rows = Array.from({ length: table.count }, (_, row) => rowText(table, row));
    return { rows: rows.length > 1 ? rows.toSorted() : rows, others: others.toSorted(), scanned };
  }
}

function rowText(table: EventTable, row: number): string {
  const { words, doubles, objects } = table;
  let text = "";
  for (let word = WORDS * row; word < WORDS * (row + 1); word++) {
    const place = word - WORDS * row;
    if (place < 2 * FIRST_DOUBLE || place >= 2 * LAST_DOUBLE) text += `${words[word]},`;
  }
  for (let double = FIRST_DOUBLE; double < LAST_DOUBLE; double++) text += `${doubles[DOUBLES * row + double]};`;
  const object = objects.get(row);
  if (object === undefined) return text;
  return text + JSON.stringify(object, (_key, value: unknown) => (value instanceof Map ? [...value] : value));
}

function decoded({ text, isBody, cuts }: FuzzInput, scanner: Scanner | undefined): readonly Decoded[] {
  const bytes = Buffer.from(text, "latin1");
  if (isBody) return [decodeBody(bytes, { ...AT, sequence: 5 }, { scanner })];
  const decoder = createStreamDecoder(AT, { scanner });
  if (cuts.length === 0) return [decoder.push(bytes), decoder.end()];
  const edges = new Set(cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b));
  const parts: Decoded[] = [];
  let from = 0;
  for (const to of [...edges, bytes.length]) {
    parts.push(decoder.push(Buffer.from(bytes.subarray(from, to))));
    from = to;
  }
  parts.push(decoder.end());
  return parts;
}

/** In words, where the ways part; undefined where they agree. */
export function difference(scan: Outcome, general: Outcome): string | undefined {
  return parted("row", scan.rows, general.rows) ?? parted("reject", scan.others, general.others);
}

function parted(what: string, scan: readonly string[], general: readonly string[]): string | undefined {
  if (scan.length !== general.length) return `${scan.length} ${what}s with the scan, ${general.length} without`;
  const at = scan.findIndex((text, i) => text !== general[i]);
  return at < 0 ? undefined : `${what} ${at}:\n  with    ${scan[at]}\n  without ${general[at]}`;
}
