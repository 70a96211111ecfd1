/** The job as a careful Node program does it: `json-parse.ts FILE`. JSON.parse a line, a flat object a record, a Map to join, a Map to group. */
import { closeSync, openSync, readSync } from "node:fs";
import type { Answer } from "./answer.ts";
import { type RawRecord, type Row, rowOf } from "./json-rows.ts";

/** Event time for which a record waits for its other half. */
const WINDOW_MS = 300_000;
const CHUNK_BYTES = 4 << 20;
const LINE_FEED = 10;

interface Group {
  calls: number;
  charge: number;
  readonly durations: number[];
}

class Joiner {
  readonly #pending = new Map<string, { readonly row: Row; readonly since: number }>();
  readonly #groups = new Map<string, Group>();
  #newest = Number.NEGATIVE_INFINITY;
  #matches = 0;
  #rows = 0;

  add(row: Row): void {
    this.#rows += 1;
    if (row.time > this.#newest) this.#newest = row.time;
    if (row.activity === null) {
      this.#count(row, undefined);
      return;
    }
    const other = this.#pending.get(row.activity)?.row;
    if (other === undefined || other.kind === row.kind) {
      this.#pending.set(row.activity, { row, since: this.#newest });
      if (this.#rows % 1_024 === 0) this.#expire(this.#newest - WINDOW_MS);
      return;
    }
    this.#pending.delete(row.activity);
    this.#matches += 1;
    if (row.kind === "gateway") this.#count(row, other);
    else this.#count(other, row);
  }

  answer(): Answer {
    this.#expire(Number.POSITIVE_INFINITY);
    const sum = { calls: 0, charge: 0, p95: 0 };
    for (const { calls, charge, durations } of this.#groups.values()) {
      sum.calls += calls;
      sum.charge += charge;
      durations.sort((a, b) => a - b);
      sum.p95 += durations[Math.max(0, Math.ceil(0.95 * durations.length) - 1)] ?? 0;
    }
    return {
      groups: this.#groups.size,
      calls: sum.calls,
      matches: this.#matches,
      charge: Number(sum.charge.toFixed(2)),
      meanP95: Number((sum.p95 / this.#groups.size).toFixed(4)),
    };
  }

  #expire(before: number): void {
    for (const [activity, { row, since }] of this.#pending) {
      if (since >= before) return;
      this.#pending.delete(activity);
      this.#count(row, undefined);
    }
  }

  /** `first` is the gateway's row where there is one. */
  #count(first: Row, second: Row | undefined): void {
    const principal = first.principal ?? second?.principal ?? "";
    const api = first.kind === "gateway" ? first.api : "";
    const container = first.kind === "cosmos" ? first.container : second?.kind === "cosmos" ? second.container : "";
    const key = `${principal}|${api}|${first.operation}|${container}|${first.status}`;
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { calls: 0, charge: 0, durations: [] };
      this.#groups.set(key, group);
    }
    group.calls += 1;
    group.charge += (first.kind === "cosmos" ? first.charge : 0) + (second?.kind === "cosmos" ? second.charge : 0);
    group.durations.push(first.duration);
  }
}

function readLines(path: string, take: (line: string) => void): void {
  const file = openSync(path, "r");
  const buffer = Buffer.allocUnsafe(2 * CHUNK_BYTES);
  let kept = 0;
  for (;;) {
    const read = readSync(file, buffer, kept, CHUNK_BYTES, null);
    if (read === 0) break;
    const end = kept + read;
    let start = 0;
    for (;;) {
      const at = buffer.subarray(0, end).indexOf(LINE_FEED, start);
      if (at < 0) break;
      take(buffer.toString("utf8", start, at));
      start = at + 1;
    }
    buffer.copyWithin(0, start, end);
    kept = end - start;
  }
  closeSync(file);
}

const joiner = new Joiner();
readLines(process.argv[2] ?? "", (line) => {
  const { records } = JSON.parse(line) as { readonly records: readonly RawRecord[] };
  for (const record of records) joiner.add(rowOf(record));
});
process.stdout.write(`${JSON.stringify(joiner.answer())}\n`);
