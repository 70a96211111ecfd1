import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import type { Event } from "../model/event.ts";

type Compare = (a: Event, b: Event) => number;

/** A sorted part of the input on disk: length-prefixed blocks of events. */
interface Run {
  readonly file: number;
  offset: number;
  block: readonly Event[];
  at: number;
}

const BLOCK_EVENTS = 512;

/**
 * Puts any number of events in order in bounded memory: beyond `limit` events, sorted runs go to a temporary folder that
 * only this user can read, and are merged at the end. Holds redacted events only.
 */
export class EventSorter {
  readonly #compare: Compare;
  readonly #limit: number;
  readonly #runs: Run[] = [];
  #events: Event[] = [];
  #folder: string | undefined;

  constructor(compare: Compare, limit: number) {
    this.#compare = compare;
    this.#limit = limit;
  }

  add(events: readonly Event[]): void {
    for (const event of events) this.#events.push(event);
    if (this.#events.length >= this.#limit) this.#spill();
  }

  /** All events in order; the temporary folder is gone afterwards, also when the reader stops early. */
  *sorted(): Generator<Event> {
    try {
      const rest = this.#events.toSorted(this.#compare);
      this.#events = [];
      if (this.#runs.length === 0) yield* rest;
      else yield* this.#merge(rest);
    } finally {
      this.close();
    }
  }

  close(): void {
    for (const run of this.#runs.splice(0)) closeSync(run.file);
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }

  #spill(): void {
    this.#folder ??= mkdtempSync(join(tmpdir(), "scopetrail-sort-"));
    const sorted = this.#events.toSorted(this.#compare);
    this.#events = [];
    const file = openSync(join(this.#folder, `run-${this.#runs.length}`), "wx+", 0o600);
    for (let from = 0; from < sorted.length; from += BLOCK_EVENTS) {
      const block = serialize(sorted.slice(from, from + BLOCK_EVENTS));
      const head = Buffer.alloc(4);
      head.writeUInt32LE(block.length);
      writeSync(file, head);
      writeSync(file, block);
    }
    this.#runs.push({ file, offset: 0, block: [], at: 0 });
  }

  *#merge(rest: readonly Event[]): Generator<Event> {
    const heads: { run: Run | undefined; event: Event }[] = [];
    let at = 0;
    const refill = (run: Run | undefined): void => {
      const event = run === undefined ? rest[at++] : nextOf(run);
      if (event === undefined) return;
      let place = heads.length;
      while (place > 0 && this.#compare(heads[place - 1]?.event ?? event, event) < 0) place -= 1;
      heads.splice(place, 0, { run, event });
    };
    for (const run of [undefined, ...this.#runs]) refill(run);
    for (let head = heads.pop(); head !== undefined; head = heads.pop()) {
      yield head.event;
      refill(head.run);
    }
  }
}

function nextOf(run: Run): Event | undefined {
  if (run.at >= run.block.length) {
    const block = readBlock(run);
    if (block === undefined) return undefined;
    run.block = block;
    run.at = 0;
  }
  return run.block[run.at++];
}

function readBlock(run: Run): readonly Event[] | undefined {
  const head = Buffer.alloc(4);
  if (readSync(run.file, head, 0, 4, run.offset) < 4) return undefined;
  const block = Buffer.alloc(head.readUInt32LE());
  readSync(run.file, block, 0, block.length, run.offset + 4);
  run.offset += 4 + block.length;
  // The blocks were written by this process a moment ago, into a folder that only it knows.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return deserialize(block) as readonly Event[];
}
