import type { Cell, Column, Row } from "../model/evidence.ts";
import { epochMs, type Instant, instantFromTicks, TICKS_PER_MS } from "../model/time.ts";

const MICROS_PER_MS = 1_000;
const TICKS_PER_MICRO = TICKS_PER_MS / MICROS_PER_MS;

/** Microseconds within the millisecond of an instant. */
function microsOf(at: Instant): number {
  const ticks = at - Math.floor(at / TICKS_PER_MS) * TICKS_PER_MS;
  return Math.floor(ticks / TICKS_PER_MICRO);
}

/** Microseconds since the Unix epoch, UTC: what Parquet, Arrow and SQL hold; the 100 ns digit is not kept. */
export const unixMicros = (at: Instant): bigint => BigInt(epochMs(at)) * 1_000n + BigInt(microsOf(at));

/** `2026-11-25T12:00:00.000000Z`: what text formats hold of the same instant. */
export function formatMicros(at: Instant): string {
  const iso = new Date(epochMs(at)).toISOString();
  return `${iso.slice(0, -1)}${String(microsOf(at)).padStart(3, "0")}Z`;
}

/** As `formatMicros`, of microseconds since the Unix epoch. */
export function formatUnixMicros(micros: bigint): string {
  const rest = ((micros % 1_000n) + 1_000n) % 1_000n;
  const iso = new Date(Number((micros - rest) / 1_000n)).toISOString();
  return `${iso.slice(0, -1)}${String(rest).padStart(3, "0")}Z`;
}

/** Texts that JSON writes as they are: most ids and names. */
const PLAIN = /^[\w .:/@,;+=()-]*$/;

const jsonText = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text.toWellFormed()));

/**
 * Rows of a table as canonical lines: a JSON object on one line, members in the order of the columns, those that are null
 * left out. It is an NDJSON row, and what a row's hash is of in every format.
 */
export function createCanonical(columns: readonly Column[]): (row: Row) => string {
  const heads = columns.map(({ name }) => `${JSON.stringify(name)}:`);
  const isInstant = columns.map(({ type }) => type === "instant");
  const jsonOf = (cell: Exclude<Cell, null>, i: number): string => {
    if (typeof cell === "string") return jsonText(cell);
    return isInstant[i] === true && typeof cell === "number"
      ? `"${formatMicros(instantFromTicks(cell))}"`
      : String(cell);
  };
  return (row) => {
    let line = "";
    for (let i = 0; i < row.length; i++) {
      const cell = row[i] ?? null;
      if (cell !== null) line += `${line === "" ? "{" : ","}${heads[i] ?? ""}${jsonOf(cell, i)}`;
    }
    return `${line}}`;
  };
}
