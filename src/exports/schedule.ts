import { epochMs, type EpochMs, formatInstant, instantFromMs } from "../model/time.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { Schedule } from "./manifest.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What a schedule has to write: a digest of an hour, or the export of a day. */
export interface Entry {
  readonly kind: "digest" | "export";
  /** ISO 8601; the end is not included. */
  readonly from: string;
  readonly to: string;
}

const iso = (ms: number): string => formatInstant(instantFromMs(ms));
const startOf = (ms: number, span: number): number => Math.floor(ms / span) * span;

/** A schedule that has written nothing yet: from the day of `from` on. Calls of earlier days that are closed already are not its own. */
export function newSchedule(name: string, from: EpochMs, closed: number): Schedule {
  const day = iso(startOf(from, DAY_MS));
  return { name, nextHour: day, nextDay: day, closed };
}

/** The oldest entry that is due `delayMs` after its end; undefined where none is. A day's digests come before its export. */
export function dueEntry({ nextHour, nextDay }: Schedule, now: EpochMs, delayMs: number): Entry | undefined {
  const hour = Date.parse(nextHour);
  const dayEnd = Date.parse(nextDay) + DAY_MS;
  const isDigest = hour < dayEnd;
  const end = isDigest ? hour + HOUR_MS : dayEnd;
  if (end + delayMs > now) return undefined;
  return isDigest ? { kind: "digest", from: nextHour, to: iso(end) } : { kind: "export", from: nextDay, to: iso(end) };
}

/** The schedule behind an entry; `closed`: calls that the input had when it was written. */
export const behind = (schedule: Schedule, { kind, to }: Entry, closed: number): Schedule =>
  kind === "digest" ? { ...schedule, nextHour: to } : { ...schedule, nextDay: to, closed };

/** Whole hours that are due and have no digest yet. */
export const hoursBehind = ({ nextHour }: Schedule, now: EpochMs, delayMs: number): number =>
  Math.max(0, Math.floor((now - delayMs - Date.parse(nextHour)) / HOUR_MS));

/** A day such as 2026-03-01. */
export function parseDay(text: string): Result<EpochMs, string> {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(ms) ? err(`"${text}" is no day such as 2026-03-01`) : ok(epochMs(instantFromMs(ms)));
}
