import { HASH_BYTES } from "./log-analytics-rows.ts";
import { SourceError } from "./source-error.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;

/**
 * What was delivered of one table, by the minute in which the workspace took it in. Until an hour's counts agree with the
 * workspace's, the hashes of its rows are kept: a minute that holds more by then is read again, and only what is new is delivered.
 */
export interface TableLedger {
  /** All that came in before was asked for; ms since 1970. */
  cursor: number;
  /** Up to here the workspace's counts and ours agree. */
  reconciled: number;
  /** Minute → hashes of its delivered rows, one after another. */
  readonly minutes: Map<number, Buffer>;
}

export const formatLedger = ({ cursor, reconciled }: TableLedger): string => `${cursor}/${reconciled}`;

/** The ledger that a checkpoint and what was kept with it stand for; throws `SourceError` where they do not fit. */
export function parseLedger(
  source: string,
  table: string,
  { checkpoint, kept }: { readonly checkpoint: string; readonly kept: ReadonlyMap<string, Uint8Array> },
): TableLedger {
  const [, cursor, reconciled] = /^(\d{1,16})\/(\d{1,16})$/.exec(checkpoint) ?? [];
  if (cursor === undefined)
    throw new SourceError(source, "config", `"${checkpoint.slice(0, 50)}" is not a checkpoint of table ${table}`);
  const minutes = new Map<number, Buffer>();
  for (const [key, bytes] of kept) {
    const [name, minute] = key.split("/");
    if (name === table) minutes.set(Number(minute), Buffer.from(bytes));
  }
  return { cursor: Number(cursor), reconciled: Number(reconciled), minutes };
}

export const minuteKey = (table: string, minute: number): string => `${table}/${minute}`;
export const minuteOf = (ms: number): number => Math.floor(ms / MINUTE_MS) * MINUTE_MS;

const countIn = (hashes: Buffer | undefined): number => (hashes?.length ?? 0) / HASH_BYTES;

/** Minutes before the cursor of which the workspace holds more rows than were delivered, oldest first. */
export function shortMinutes(ledger: TableLedger, counts: ReadonlyMap<number, number>): readonly number[] {
  return [...counts]
    .filter(([minute, count]) => minute + MINUTE_MS <= ledger.cursor && count > countIn(ledger.minutes.get(minute)))
    .map(([minute]) => minute)
    .toSorted((a, b) => a - b);
}

/** Rows that were delivered and that the workspace does not hold any more: purged there. */
export function goneRows(ledger: TableLedger, counts: ReadonlyMap<number, number>, until: number): number {
  let gone = 0;
  for (const [minute, hashes] of ledger.minutes)
    if (minute < until) gone += Math.max(0, countIn(hashes) - (counts.get(minute) ?? 0));
  return gone;
}

/** Forgets the hashes of what is reconciled; gives the forgotten minutes. */
export function reconcile(ledger: TableLedger, until: number): readonly number[] {
  const forgotten = [...ledger.minutes.keys()].filter((minute) => minute < until);
  for (const minute of forgotten) ledger.minutes.delete(minute);
  ledger.reconciled = until;
  return forgotten;
}

/** Hashes that are kept now. */
export const heldHashes = (ledger: TableLedger): number =>
  [...ledger.minutes.values()].reduce((sum, hashes) => sum + countIn(hashes), 0);

/** One pass over rows: which of them were not delivered yet. */
export interface Delivering {
  /** Whether the row is new; from now on it is not. */
  add(minute: number, hash: Buffer): boolean;
  /** Writes what was new into the ledger; gives the minutes that grew, by their keys. */
  done(): ReadonlyMap<string, Uint8Array>;
}

export function startDelivering(table: string, ledger: TableLedger): Delivering {
  const known = new Map<number, { readonly set: Set<string>; readonly fresh: Buffer[] }>();
  const open = (minute: number) => {
    const there = known.get(minute);
    if (there !== undefined) return there;
    const hashes = ledger.minutes.get(minute) ?? Buffer.alloc(0);
    const set = new Set<string>();
    for (let at = 0; at < hashes.length; at += HASH_BYTES) set.add(hashes.toString("latin1", at, at + HASH_BYTES));
    const opened = { set, fresh: [] };
    known.set(minute, opened);
    return opened;
  };
  return {
    add(minute, hash) {
      const { set, fresh } = open(minute);
      const text = hash.toString("latin1");
      if (set.has(text)) return false;
      set.add(text);
      fresh.push(hash);
      return true;
    },
    done() {
      const grown = new Map<string, Uint8Array>();
      for (const [minute, { fresh }] of known) {
        if (fresh.length === 0) continue;
        const bytes = Buffer.concat([ledger.minutes.get(minute) ?? Buffer.alloc(0), ...fresh]);
        ledger.minutes.set(minute, bytes);
        grown.set(minuteKey(table, minute), bytes);
      }
      return grown;
    },
  };
}

/**
 * Cuts a span into windows of about `rows` rows each, by counts of every `step` of it; what the workspace counts no rows in is not
 * asked for.
 */
export function planWindows(
  span: { readonly from: number; readonly to: number },
  counts: ReadonlyMap<number, number>,
  { rows, step = MINUTE_MS }: { readonly rows: number; readonly step?: number },
): readonly { readonly from: number; readonly to: number; readonly isEmpty: boolean }[] {
  const windows: { from: number; to: number; isEmpty: boolean }[] = [];
  let from = span.from;
  let sum = 0;
  const close = (to: number): void => {
    if (to > from) windows.push({ from, to, isEmpty: sum === 0 });
    from = Math.max(from, to);
    sum = 0;
  };
  for (let start = Math.floor(span.from / step) * step; start < span.to; start += step) {
    const count = counts.get(start) ?? 0;
    const end = Math.min(span.to, start + step);
    if (sum > 0 && sum + count > rows) close(Math.max(span.from, start));
    if (sum === 0 && count > 0) close(Math.max(span.from, start));
    if (count > rows) {
      const parts = Math.ceil(count / rows);
      for (let part = 1; part < parts; part++) {
        sum = count;
        close(Math.max(span.from, start + Math.floor((step * part) / parts)));
      }
    }
    sum += count;
    if (sum >= rows) close(end);
  }
  close(span.to);
  return windows;
}
