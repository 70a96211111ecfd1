import { setTimeout as sleep } from "node:timers/promises";
import type { RawRecord } from "../model/record.ts";
import { type Asking, askPatiently, halves } from "./ask-patiently.ts";
import { planWindows } from "./log-analytics-ledger.ts";
import { hashedRows, recordOf } from "./log-analytics-rows.ts";
import { rowsByTime, rowsPerSpan, type Slice, type Span, type TableName } from "./query-text.ts";
import type { Batch } from "./source.ts";
import { SourceError } from "./source-error.ts";

export interface BackfillProgress {
  /** Delivered by this job, before a restart too; and all of them. */
  readonly rows: number;
  readonly total: number;
  /** All rows about times before it were delivered; ms since 1970. */
  readonly until: number;
}

export interface BackfillJob extends Asking {
  readonly tables: readonly TableName[];
  /** Times that the rows are about. */
  readonly span: Span;
  /** The checkpoint of an earlier attempt at the same span. */
  readonly checkpoint?: string | undefined;
  readonly partition: string;
  readonly onProgress: (progress: BackfillProgress) => void;
}

const DAY_MS = 86_400_000;
const STEP_MINUTES = 10;
const STEP_MS = STEP_MINUTES * 60_000;
const WINDOW_ROWS = 5_000;
/** Windows asked for at once; the service takes five queries of one user at a time. */
const AHEAD = 4;
const ATTEMPTS = 3;

interface Window extends Span {
  readonly rows: number;
}

/**
 * All rows of some tables about a span of time, oldest first; several windows are asked for at once and delivered in order. Each
 * batch holds the rows of every table in its window, so that event time moves on for all of them together.
 */
export async function* backfill(job: BackfillJob): AsyncGenerator<Batch> {
  const { span, signal } = job;
  const counts = await countRows(job);
  if (counts === undefined) return;
  const total = sum(counts.values());
  const cursor = resumedAt(job);
  const windows = planWindows({ from: cursor, to: span.to }, counts, { rows: WINDOW_ROWS, step: STEP_MS })
    .filter(({ isEmpty }) => !isEmpty)
    .map((window): Window => ({ from: window.from, to: window.to, rows: rowsIn(window, counts) }));
  let rows = rowsIn({ from: span.from, to: cursor }, counts);
  job.onProgress({ rows, total, until: cursor });
  for await (const { window, batch } of inOrder(windows, (one) => readWindow(one, job))) {
    if (batch === undefined || signal.aborted) return;
    yield batch;
    rows += batch.records.length;
    job.onProgress({ rows, total: Math.max(total, rows), until: window.to });
  }
  yield batchOf(job, { records: [], bytes: 0 }, span.to);
  job.onProgress({ rows, total: Math.max(total, rows), until: span.to });
}

/** Where an earlier attempt at the same span has come to, else the span's start. */
export function resumedAt({ checkpoint, span }: Pick<BackfillJob, "checkpoint" | "span">): number {
  const [from, to, cursor] = (checkpoint ?? "").split("/").map(Number);
  return from === span.from && to === span.to && cursor !== undefined ? cursor : span.from;
}

/** The span and the cursor of a checkpoint; undefined for what is none. */
export function parseBackfill(checkpoint: string): (Span & { readonly isDone: boolean }) | undefined {
  const [, from, to, cursor] = /^(\d{1,16})\/(\d{1,16})\/(\d{1,16})$/.exec(checkpoint) ?? [];
  if (from === undefined) return undefined;
  return { from: Number(from), to: Number(to), isDone: Number(cursor) >= Number(to) };
}

const sum = (values: Iterable<number>): number => [...values].reduce((all, value) => all + value, 0);

/** Rows that were counted in a window; a step that lies in several is shared out by time. */
function rowsIn({ from, to }: Span, counts: ReadonlyMap<number, number>): number {
  let rows = 0;
  for (const [start, count] of counts) {
    const shared = Math.min(to, start + STEP_MS) - Math.max(from, start);
    if (shared > 0) rows += (count * shared) / STEP_MS;
  }
  return Math.round(rows);
}

/** Rows of all tables by step; undefined when aborted. */
async function countRows(job: BackfillJob): Promise<ReadonlyMap<number, number> | undefined> {
  const counts = new Map<number, number>();
  for (const table of job.tables) {
    for (let from = job.span.from; from < job.span.to; from += DAY_MS) {
      const day = { from, to: Math.min(job.span.to, from + DAY_MS) };
      if (!(await countSpan(table, day, { job, counts }))) return undefined;
    }
  }
  return counts;
}

/** False when aborted. A span that is too much to count is counted in halves, and a single step until it is answered. */
async function countSpan(
  table: TableName,
  span: Span,
  into: { readonly job: BackfillJob; readonly counts: Map<number, number> },
): Promise<boolean> {
  const { job, counts } = into;
  const answer = await askPatiently(job, rowsPerSpan(table, span, STEP_MINUTES), span);
  if (answer === "aborted") return false;
  if (answer === "absent") return true;
  if (answer === "too-much") {
    const middle = Math.floor((span.from + span.to) / 2 / STEP_MS) * STEP_MS;
    if (middle > span.from && middle < span.to)
      return (
        (await countSpan(table, { ...span, to: middle }, into)) &&
        (await countSpan(table, { ...span, from: middle }, into))
      );
    job.onTrouble(new SourceError(job.source, "unreachable", `${table}: its rows cannot be counted; asking again`));
    await sleep(job.patienceMs, undefined, { signal: job.signal }).catch(() => undefined);
    return countSpan(table, span, into);
  }
  const [start, rows] = [answer.columns.indexOf("Start"), answer.columns.indexOf("Rows")];
  for (const row of answer.rows) {
    const at = Date.parse(String(row[start]));
    counts.set(at, (counts.get(at) ?? 0) + Number(row[rows]));
  }
  return true;
}

/** Asks for several windows at once and gives them in their order. */
async function* inOrder(
  windows: readonly Window[],
  read: (window: Window) => Promise<Batch | undefined>,
): AsyncGenerator<{ readonly window: Window; readonly batch: Batch | undefined }> {
  const running: { readonly window: Window; readonly reading: Promise<Batch | undefined> }[] = [];
  let next = 0;
  try {
    for (;;) {
      for (let window = windows[next]; window !== undefined && running.length < AHEAD; window = windows[next]) {
        running.push({ window, reading: read(window) });
        next += 1;
      }
      const first = running.shift();
      if (first === undefined) return;
      yield { window: first.window, batch: await first.reading };
    }
  } finally {
    await Promise.allSettled(running.map(({ reading }) => reading));
  }
}

interface Gathered {
  readonly records: RawRecord[];
  bytes: number;
}

/** One window of every table; undefined when aborted. Fewer rows than were counted are asked for again. */
async function readWindow(window: Window, job: BackfillJob): Promise<Batch | undefined> {
  for (let attempt = 1; ; attempt++) {
    const gathered: Gathered = { records: [], bytes: 0 };
    for (const table of job.tables)
      if (!(await gather(table, { ...window, shards: 1, shard: 0 }, { job, gathered }))) return undefined;
    const isWhole = window.to - window.from < STEP_MS || gathered.records.length >= window.rows;
    if (isWhole || attempt === ATTEMPTS) return batchOf(job, gathered, window.to);
    const says = `${gathered.records.length} of ${window.rows} rows about ${new Date(window.from).toISOString()}; asking again`;
    job.onTrouble(new SourceError(job.source, "unreachable", says));
  }
}

/** False when aborted. */
async function gather(
  table: TableName,
  slice: Slice,
  into: { readonly job: BackfillJob; readonly gathered: Gathered },
): Promise<boolean> {
  const { job, gathered } = into;
  const answer = await askPatiently(job, rowsByTime(table, slice), slice);
  if (answer === "aborted") return false;
  if (answer === "absent") return true;
  if (answer === "too-much") {
    const parts = halves(slice);
    if (parts === undefined)
      throw new SourceError(job.source, "unreachable", `${table}: one second of rows is too much for the service`);
    return (await gather(table, parts[0], into)) && (await gather(table, parts[1], into));
  }
  gathered.bytes += answer.bytes;
  const at = { source: job.source, partition: job.partition, table };
  for (const row of hashedRows(answer, "TimeGenerated")) gathered.records.push(recordOf(row, at));
  return true;
}

const batchOf = ({ partition, span }: BackfillJob, { records, bytes }: Gathered, cursor: number): Batch => ({
  partition,
  records,
  rejects: [],
  bytes,
  checkpoint: `${span.from}/${span.to}/${cursor}`,
  // Times long past must not hold the watermark of what is live.
  caughtUp: true,
});
