import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { sortedRows } from "../correlate/sorted-rows.ts";
import type { Event } from "../model/event.ts";
import { copyRow, createEventTable, type EventTable, timeOf, WORDS } from "../model/event-table.ts";

/** Order of two rows of one instant. */
type Tie = (a: EventTable, rowA: number, b: EventTable, rowB: number) => number;

/** Rows of one block of a sorted part of the input on disk. */
const BLOCK_ROWS = 2_048;
const ROW_BYTES = 4 * WORDS;
const HEAD_BYTES = 8;

/** A sorted part of the input on disk: blocks of a head (rows, bytes of objects), rows, and objects. */
interface Run {
  readonly file: number;
  offset: number;
  readonly block: EventTable;
  at: number;
}

/**
 * Puts any number of rows in order of event time in bounded memory: beyond `limit` rows, sorted runs go to a temporary
 * folder that only this user can read, and are merged at the end. Holds redacted events only.
 */
export class RowSorter {
  readonly #tie: Tie;
  readonly #limit: number;
  readonly #runs: Run[] = [];
  #rows: EventTable = createEventTable();
  #spilled = 0;
  #folder: string | undefined;

  constructor(tie: Tie, limit: number) {
    this.#tie = tie;
    this.#limit = limit;
  }

  /** Rows to be sorted are put behind those of this table; `settle` follows. */
  get rows(): EventTable {
    return this.#rows;
  }

  /** Rows that were put. */
  get count(): number {
    return this.#spilled + this.#rows.count;
  }

  /** Rows were put: where there are too many, they go to disk. */
  settle(): void {
    if (this.#rows.count >= this.#limit) this.#spill();
  }

  /** All rows in order, in tables that are valid until the next one is asked for; the temporary folder is gone afterwards. */
  *sorted(): Generator<EventTable> {
    try {
      const order = sortedRows(this.#rows, this.#tie);
      if (this.#runs.length === 0) yield* this.#inMemory(order);
      else {
        if (this.#rows.count > 0) this.#spill();
        yield* this.#merge();
      }
    } finally {
      this.close();
    }
  }

  close(): void {
    for (const run of this.#runs.splice(0)) closeSync(run.file);
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
    this.#rows = createEventTable();
  }

  *#inMemory(order: Uint32Array): Generator<EventTable> {
    const block = createEventTable(BLOCK_ROWS);
    for (let at = 0; at < order.length; at += BLOCK_ROWS) {
      fill(block, this.#rows, order.subarray(at, at + BLOCK_ROWS));
      yield block;
    }
  }

  #spill(): void {
    this.#folder ??= mkdtempSync(join(tmpdir(), "scopetrail-sort-"));
    const file = openSync(join(this.#folder, `run-${this.#runs.length}`), "wx+", 0o600);
    const order = sortedRows(this.#rows, this.#tie);
    const block = createEventTable(BLOCK_ROWS);
    for (let at = 0; at < order.length; at += BLOCK_ROWS) {
      fill(block, this.#rows, order.subarray(at, at + BLOCK_ROWS));
      writeBlock(file, block);
    }
    this.#runs.push({ file, offset: 0, block, at: block.count });
    block.count = 0;
    this.#spilled += this.#rows.count;
    this.#rows.count = 0;
    this.#rows.objects.clear();
  }

  *#merge(): Generator<EventTable> {
    const out = createEventTable(BLOCK_ROWS);
    const heads = this.#runs.filter(advance);
    heads.sort((a, b) => this.#compare(a, b));
    for (let first = heads[0]; first !== undefined; first = heads[0]) {
      copyRow(first.block, first.at, out, out.count);
      out.count += 1;
      first.at += 1;
      if (advance(first)) this.#settle(heads);
      else heads.shift();
      if (out.count < BLOCK_ROWS) continue;
      yield out;
      out.count = 0;
      out.objects.clear();
    }
    if (out.count > 0) yield out;
  }

  /** The first head has moved on: to where it belongs among the others, which are in order. */
  #settle(heads: Run[]): void {
    const [first] = heads;
    if (first === undefined) return;
    let place = 0;
    for (let next = heads[1]; next !== undefined && this.#compare(next, first) < 0; next = heads[place + 1]) {
      heads[place] = next;
      place += 1;
    }
    heads[place] = first;
  }

  #compare(a: Run, b: Run): number {
    const difference = timeOf(a.block, a.at) - timeOf(b.block, b.at);
    return difference === 0 ? this.#tie(a.block, a.at, b.block, b.at) : difference;
  }
}

function fill(block: EventTable, rows: EventTable, order: Uint32Array): void {
  block.objects.clear();
  block.count = order.length;
  for (let i = 0; i < order.length; i++) copyRow(rows, order[i] ?? 0, block, i);
}

function writeBlock(file: number, { words, count, objects }: EventTable): void {
  const beside = objects.size === 0 ? Buffer.alloc(0) : serialize([...objects]);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(count, 0);
  head.writeUInt32LE(beside.length, 4);
  for (const bytes of [head, Buffer.from(words.buffer, words.byteOffset, ROW_BYTES * count), beside])
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

/** Whether the run has a row to give; reads its next block where it has to. */
function advance(run: Run): boolean {
  if (run.at < run.block.count) return true;
  const head = Buffer.alloc(HEAD_BYTES);
  if (readSync(run.file, head, 0, HEAD_BYTES, run.offset) < HEAD_BYTES) return false;
  const { block } = run;
  block.count = head.readUInt32LE(0);
  block.objects.clear();
  run.at = 0;
  run.offset += HEAD_BYTES;
  readFully(run, Buffer.from(block.words.buffer, 0, ROW_BYTES * block.count));
  const beside = Buffer.alloc(head.readUInt32LE(4));
  readFully(run, beside);
  if (beside.length === 0) return true;
  // The blocks were written by this process a moment ago, into a folder that only it knows.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  for (const [row, event] of deserialize(beside) as readonly [number, Event][]) block.objects.set(row, event);
  return true;
}

function readFully(run: Run, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) {
    const read = readSync(run.file, bytes, at, bytes.length - at, run.offset + at);
    if (read === 0) throw new Error("a temporary file of the sort was cut");
    at += read;
  }
  run.offset += bytes.length;
}
