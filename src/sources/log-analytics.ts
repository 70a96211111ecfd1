import { setTimeout as sleep } from "node:timers/promises";
import type { TokenCredential } from "@azure/identity";
import { epochMs, instantFromMs } from "../model/time.ts";
import { type Asking, askPatiently, halves } from "./ask-patiently.ts";
import { type Answer, openWorkspace, type Workspace } from "./log-analytics-client.ts";
import {
  formatLedger,
  goneRows,
  heldHashes,
  HOUR_MS,
  minuteKey,
  MINUTE_MS,
  minuteOf,
  parseLedger,
  planWindows,
  reconcile,
  shortMinutes,
  startDelivering,
  type TableLedger,
} from "./log-analytics-ledger.ts";
import { hashedRows, recordOf } from "./log-analytics-rows.ts";
import { rowsByIngestion, rowsPerMinute, type Slice, type Span, type TableName } from "./query-text.ts";
import { createServiceClock, type ServiceClock } from "./service-clock.ts";
import type { Batch, Source } from "./source.ts";
import { SourceError } from "./source-error.ts";

export interface LogAnalyticsConfig {
  readonly name: string;
  readonly workspaceId: string;
  readonly credential: () => Promise<TokenCredential>;
  /** `https://api.loganalytics.io` without it. */
  readonly endpoint?: string | undefined;
  readonly tables: readonly TableName[];
  /** Where a table without a checkpoint begins, ms since 1970; now without it. */
  readonly since?: number | undefined;
  /** The wall clock, ms since 1970; asked until the workspace has told its own time. */
  readonly now: () => number;
  /** Rows younger than this are left for the next look: the workspace may still be putting them in. */
  readonly safetyMs?: number;
  /** How long after an hour's end its rows may still appear. */
  readonly overlapMs?: number;
  readonly pollMs?: number;
  readonly patienceMs?: number;
  /** Rows that one query is meant to give. */
  readonly windowRows?: number;
  /** Rows of one table that are remembered for comparison; beyond, the oldest hours are given up, and said. */
  readonly mostHashes?: number;
  /** Told, at each attempt, of what is tried again. */
  readonly onTrouble?: (error: SourceError) => void;
  /** Told when every row that came in before a time was delivered, by the workspace's own count. */
  readonly onReconciled?: (table: string, until: number) => void;
}

const SAFETY_MS = 120_000;
const OVERLAP_MS = 1_800_000;
const POLL_MS = 60_000;
const PATIENCE_MS = 60_000;
/** Rows of one query: at 32 KB, the largest of a gateway's, more than one answer holds, and then it is cut. */
const WINDOW_ROWS = 10_000;
/** At 16 bytes each. */
const MOST_HASHES = 4_000_000;

interface Table {
  readonly name: TableName;
  readonly ledger: TableLedger;
}

interface Polling extends Asking {
  readonly config: LogAnalyticsConfig;
  readonly clock: ServiceClock;
}

/**
 * The tables of one Log Analytics workspace, polled by the time at which rows came in; a partition is one table. Throws
 * `SourceError`. Rows that appear behind the cursor are found by the workspace's own counts, minute by minute, until the hour's
 * counts agree; each row is delivered once.
 */
export function logAnalyticsSource(config: LogAnalyticsConfig): Source {
  const clock = createServiceClock(config.now, () => performance.now());
  const open = async (): Promise<Workspace> =>
    await openWorkspace({
      source: config.name,
      workspaceId: config.workspaceId,
      credential: await config.credential(),
      endpoint: config.endpoint,
      onDate: clock.heard,
    });
  return {
    name: config.name,
    async partitions(signal) {
      if (!signal.aborted) await assertReachable(await open(), { config, clock }, signal);
      return config.tables;
    },
    async *read(from, signal, kept) {
      if (signal.aborted) return;
      const polling: Polling = {
        source: config.name,
        workspace: await open(),
        signal,
        patienceMs: config.patienceMs ?? PATIENCE_MS,
        onTrouble: config.onTrouble ?? (() => undefined),
        config,
        clock,
      };
      const tables = config.tables.map((name): Table => ({ name, ledger: ledgerOf(polling, name, { from, kept }) }));
      while (!signal.aborted) {
        for (const table of tables) yield* until(signal, poll(table, polling));
        await sleep(config.pollMs ?? POLL_MS, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

type Timed = Pick<Polling, "config" | "clock">;

/** By the workspace's own time: one that is ahead of it would pass over rows that are yet to come in. */
const safeEnd = ({ config: { safetyMs = SAFETY_MS }, clock }: Timed): number => minuteOf(clock.now() - safetyMs);

function ledgerOf(
  timed: Timed,
  table: TableName,
  { from, kept = new Map() }: { from: ReadonlyMap<string, string>; kept: ReadonlyMap<string, Uint8Array> | undefined },
): TableLedger {
  const checkpoint = from.get(table);
  const { config } = timed;
  if (checkpoint !== undefined) return parseLedger(config.name, table, { checkpoint, kept });
  const start = minuteOf(config.since ?? safeEnd(timed));
  return { cursor: start, reconciled: start, minutes: new Map() };
}

/** A first question, so that a wrong workspace or a missing right is told at the start. */
async function assertReachable(workspace: Workspace, timed: Timed, signal: AbortSignal): Promise<void> {
  const { config } = timed;
  const to = safeEnd(timed);
  const [table] = config.tables;
  if (table === undefined) return;
  const span = { from: to - MINUTE_MS, to };
  const answer = await workspace.ask(rowsPerMinute(table, span), span, signal);
  if (answer.ok || signal.aborted) return;
  if (answer.error.kind === "fatal") throw answer.error.error;
  if (answer.error.kind === "away")
    throw new SourceError(
      config.name,
      "unreachable",
      `workspace ${config.workspaceId} does not answer (${answer.error.because}). Check the network.`,
    );
}

async function* until(signal: AbortSignal, batches: AsyncIterable<Batch>): AsyncGenerator<Batch> {
  for await (const batch of batches) {
    if (signal.aborted) return;
    yield batch;
  }
}

/** One look at one table: rows that appeared late, then those that are new, then what agrees by now. */
async function* poll(table: Table, polling: Polling): AsyncGenerator<Batch> {
  const { ledger } = table;
  // What is asked first is asked for the time, too.
  const least = polling.clock.isHeard() ? ledger.cursor : ledger.cursor + MINUTE_MS;
  const span = { from: minuteOf(ledger.reconciled), to: Math.max(least, safeEnd(polling)) };
  const counts = span.from < span.to ? await countMinutes(table, span, polling) : new Map<number, number>();
  if (counts === undefined) return;
  // The answer told the workspace's time, which is what counts.
  const to = Math.max(ledger.cursor, Math.min(span.to, safeEnd(polling)));
  for (const minute of shortMinutes(ledger, counts))
    yield* readSlice(table, whole({ from: minute, to: minute + MINUTE_MS }), { polling, moves: false });
  for (const window of planWindows({ from: ledger.cursor, to }, counts, {
    rows: polling.config.windowRows ?? WINDOW_ROWS,
  })) {
    if (window.isEmpty) ledger.cursor = window.to;
    else yield* readSlice(table, whole(window), { polling, moves: true });
    if (ledger.cursor !== window.to) return; // given up, or its table is gone: what follows it would leave a gap
  }
  const before = ledger.reconciled;
  const { forgotten, isAgreed } = agree(table, counts, polling);
  const kept = new Map(forgotten.map((minute): [string, undefined] => [minuteKey(table.name, minute), undefined]));
  const batch = quiet(table, kept);
  yield isAgreed
    ? batch
    : { ...batch, unsure: { from: epochMs(instantFromMs(before)), to: epochMs(instantFromMs(ledger.reconciled)) } };
}

const whole = (span: Span): Slice => ({ ...span, shards: 1, shard: 0 });

/** Rows by minute; undefined where there is nothing to know now. */
async function countMinutes(table: Table, span: Span, polling: Polling): Promise<Map<number, number> | undefined> {
  const answer = await askPatiently(polling, rowsPerMinute(table.name, span), span);
  if (answer === "aborted") return undefined;
  // A table that is not there yet has no rows, and counts of minutes are never too much: as many as are looked at.
  if (answer === "absent" || answer === "too-much") return answer === "absent" ? new Map() : undefined;
  const [minute, rows] = [answer.columns.indexOf("Minute"), answer.columns.indexOf("Rows")];
  return new Map(answer.rows.map((row) => [Date.parse(String(row[minute])), Number(row[rows])]));
}

interface Reading {
  readonly polling: Polling;
  /** The slice begins at the cursor, which moves with it. */
  readonly moves: boolean;
}

async function* readSlice(table: Table, slice: Slice, reading: Reading): AsyncGenerator<Batch> {
  const { polling, moves } = reading;
  const answer = await askPatiently(polling, rowsByIngestion(table.name, slice), slice);
  if (answer === "aborted" || answer === "absent") return;
  if (answer !== "too-much") {
    const isLast = slice.shard === slice.shards - 1;
    yield deliver(table, answer, { ...reading, cursor: moves && isLast ? slice.to : table.ledger.cursor });
    return;
  }
  const parts = halves(slice);
  if (parts !== undefined) {
    for (const part of parts) yield* readSlice(table, part, reading);
    return;
  }
  const says = `${table.name}: one second of rows is too much for the service even in 256 parts; asking again`;
  polling.onTrouble(new SourceError(polling.source, "unreachable", says));
  await sleep(polling.patienceMs, undefined, { signal: polling.signal }).catch(() => undefined);
  if (!polling.signal.aborted) yield* readSlice(table, slice, reading);
}

function deliver(
  { name, ledger }: Table,
  answer: Answer,
  { polling, cursor }: Reading & { readonly cursor: number },
): Batch {
  const delivering = startDelivering(name, ledger);
  const fresh = hashedRows(answer, "ScopetrailIngested").filter(({ micros, hash }) =>
    delivering.add(minuteOf(micros / 1_000), hash),
  );
  const kept = delivering.done();
  ledger.cursor = cursor;
  const newest = fresh.at(-1)?.micros;
  return {
    partition: name,
    records: fresh.map((row) => recordOf(row, { source: polling.source, partition: name, table: name })),
    rejects: [],
    bytes: answer.bytes,
    checkpoint: formatLedger(ledger),
    kept,
    caughtUp: false,
    ...(newest === undefined ? {} : { enqueued: epochMs(instantFromMs(newest / 1_000)) }),
  };
}

interface Agreed {
  /** Minutes that need not be known any more. */
  readonly forgotten: readonly number[];
  /** Whether hours were given up though nobody knows whether all of their rows were read. */
  readonly isAgreed: boolean;
}

/** Hours whose rows can no longer appear and whose counts agree, or that are too many to be compared. */
function agree(
  { name, ledger }: Table,
  counts: ReadonlyMap<number, number>,
  { config, source, onTrouble }: Polling,
): Agreed {
  const hour = Math.floor((ledger.cursor - (config.overlapMs ?? OVERLAP_MS)) / HOUR_MS) * HOUR_MS;
  if (hour > ledger.reconciled && shortMinutes(ledger, counts).every((minute) => minute >= hour)) {
    const gone = goneRows(ledger, counts, hour);
    if (gone > 0)
      onTrouble(
        new SourceError(source, "unreachable", `${name}: ${gone} rows that were read are gone from the workspace`),
      );
    config.onReconciled?.(name, hour);
    return { forgotten: reconcile(ledger, hour), isAgreed: true };
  }
  if (heldHashes(ledger) <= (config.mostHashes ?? MOST_HASHES)) return { forgotten: [], isAgreed: true };
  const oldest = (Math.floor(ledger.reconciled / HOUR_MS) + 1) * HOUR_MS;
  const says = `${name}: too many rows to compare; rows that appear late before ${new Date(oldest).toISOString()} are not noticed`;
  onTrouble(new SourceError(source, "unreachable", says));
  return { forgotten: reconcile(ledger, Math.min(oldest, ledger.cursor)), isAgreed: false };
}

const quiet = ({ name, ledger }: Table, kept: ReadonlyMap<string, undefined>): Batch => ({
  partition: name,
  records: [],
  rejects: [],
  bytes: 0,
  checkpoint: formatLedger(ledger),
  kept,
  caughtUp: true,
});
