import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { sortedRows } from "../correlate/sorted-rows.ts";
import type { Event } from "../model/event.ts";
import {
  appendRows,
  copyRow,
  createEventTable,
  ensureRoom,
  type EventTable,
  timeOf,
  WORDS,
} from "../model/event-table.ts";

/** Order of two rows of one instant. */
type Tie = (a: EventTable, rowA: number, b: EventTable, rowB: number) => number;

/** Rows of one block of a sorted part of the input on disk. */
const BLOCK_ROWS = 2_048;
/** Of the batch that goes beyond the limit. */
const LAST_ROWS = 1 << 14;
const ROW_BYTES = 4 * WORDS;
const HEAD_BYTES = 8;

/** A sorted part of the input, read block by block. */
interface Run {
  readonly from: OnDisk | InMemory;
  readonly block: EventTable;
  at: number;
}

/** Blocks of a head (rows, bytes of objects), rows, and objects. */
interface OnDisk {
  readonly file: number;
  offset: number;
}

/** What came last never goes to disk. */
interface InMemory {
  readonly rows: EventTable;
  readonly order: Uint32Array;
  next: number;
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

  /** Rows were put: where there are too many, they go to disk; where there are many, there is room for all before. */
  settle(): void {
    if (this.#rows.count >= this.#limit) this.#spill();
    else if (this.#rows.count > this.#limit / 8) ensureRoom(this.#rows, this.#limit + LAST_ROWS);
  }

  /** All rows in order, in tables that are valid until the next one is asked for; the temporary folder is gone afterwards. */
  *sorted(): Generator<EventTable> {
    try {
      const order = sortedRows(this.#rows, this.#tie);
      const run: Run = { from: { rows: this.#rows, order, next: 0 }, block: createEventTable(BLOCK_ROWS), at: 0 };
      yield* this.#merge([...this.#runs, run]);
    } finally {
      this.close();
    }
  }

  close(): void {
    for (const { from } of this.#runs.splice(0)) if ("file" in from) closeSync(from.file);
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
    this.#rows = createEventTable();
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
    this.#runs.push({ from: { file, offset: 0 }, block, at: block.count });
    block.count = 0;
    this.#spilled += this.#rows.count;
    this.#rows.count = 0;
    this.#rows.objects.clear();
  }

  *#merge(runs: readonly Run[]): Generator<EventTable> {
    const out = createEventTable(BLOCK_ROWS);
    const heads = runs.filter(advance);
    heads.sort((a, b) => this.#compare(a, b));
    for (let first = heads[0]; first !== undefined; first = heads[0]) {
      const rows = Math.min(this.#leading(first, heads[1]), BLOCK_ROWS - out.count);
      appendRows(first.block, first.at, rows, out);
      first.at += rows;
      if (advance(first)) this.#settle(heads);
      else heads.shift();
      if (out.count < BLOCK_ROWS) continue;
      yield out;
      out.count = 0;
      out.objects.clear();
    }
    if (out.count > 0) yield out;
  }

  /** How many rows of the first head's block, one at least, come before the second head: runs of one file hardly overlap. */
  #leading(first: Run, second: Run | undefined): number {
    const { block, at } = first;
    if (second === undefined) return block.count - at;
    const until = timeOf(second.block, second.at);
    let least = 1;
    let most = block.count - at;
    while (least < most) {
      const rows = (least + most + 1) >> 1;
      if (timeOf(block, at + rows - 1) < until) least = rows;
      else most = rows - 1;
    }
    return least;
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
  run.at = 0;
  return "file" in run.from ? readBlock(run.from, run.block) : takeBlock(run.from, run.block);
}

function takeBlock(from: InMemory, block: EventTable): boolean {
  fill(block, from.rows, from.order.subarray(from.next, from.next + BLOCK_ROWS));
  from.next += block.count;
  return block.count > 0;
}

function readBlock(from: OnDisk, block: EventTable): boolean {
  const head = Buffer.alloc(HEAD_BYTES);
  if (readSync(from.file, head, 0, HEAD_BYTES, from.offset) < HEAD_BYTES) return false;
  block.count = head.readUInt32LE(0);
  block.objects.clear();
  from.offset += HEAD_BYTES;
  readFully(from, Buffer.from(block.words.buffer, 0, ROW_BYTES * block.count));
  const beside = Buffer.alloc(head.readUInt32LE(4));
  readFully(from, beside);
  if (beside.length === 0) return true;
  // The blocks were written by this process a moment ago, into a folder that only it knows.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  for (const [row, event] of deserialize(beside) as readonly [number, Event][]) block.objects.set(row, event);
  return true;
}

function readFully(from: OnDisk, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) {
    const read = readSync(from.file, bytes, at, bytes.length - at, from.offset + at);
    if (read === 0) throw new Error("a temporary file of the sort was cut");
    at += read;
  }
  from.offset += bytes.length;
}
