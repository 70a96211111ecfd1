import { type Instant, instantFromMs } from "../model/time.ts";

/** 100 ns ticks of a fraction's digits beyond the millisecond. */
function subMs(fraction: string): number {
  return Number(fraction.padEnd(7, "0").slice(3, 7));
}

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)[T ]\s*(\d\d?)\s*:\s*(\d\d)(?:\s*:\s*(\d\d)(?:[.,](\d{1,9})\d{0,9})?)?\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?$/i;
const US =
  /^(\d\d?)\/(\d\d?)\/(\d{4})[ ,]+(\d\d?):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s*(AM|PM)?\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?$/i;
const RFC1123 =
  /^(?:[a-z]{3},\s*)?(\d\d?) ([a-z]{3}) (\d{4}) (\d\d?):(\d\d):(\d\d)(?:\.(\d{1,9}))?\s*(GMT|UTC|Z|[+-]\d\d:?\d\d)?$/i;
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

interface Parts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly fraction: string;
  readonly zone: string | undefined;
}

/**
 * The instant that a log's text names: ISO 8601 with 0 to 9 fraction digits (spaces inside and a missing zone are
 * forgiven: no zone is UTC), US `M/D/YYYY h:mm:ss AM`, RFC 1123, or Unix seconds/milliseconds as a number.
 * Undefined when it names none, or a day that does not exist.
 */
export function parseInstant(value: unknown): Instant | undefined {
  if (typeof value === "number") return fromEpoch(value);
  if (typeof value !== "string") return undefined;
  const fast = fastIso(value);
  if (fast !== undefined) return fast;
  const text = value.trim();
  if (text.length > 64) return undefined;
  if (/^\d{9,13}$/.test(text)) return fromEpoch(Number(text));
  const parts = isoParts(text) ?? usParts(text) ?? rfcParts(text);
  return parts === undefined ? undefined : fromParts(parts);
}

const digit = (text: string, at: number): number => text.charCodeAt(at) - 48;
const two = (text: string, at: number): number => digit(text, at) * 10 + digit(text, at + 1);

/** `2026-11-25T12:00:00.1234567Z`, the form that nearly all records have, without a regular expression. */
function fastIso(text: string): Instant | undefined {
  if (text.length !== 28 || text[27] !== "Z" || text[10] !== "T" || text[19] !== ".") return undefined;
  for (let i = 0; i < 27; i++) {
    const separator = i === 4 || i === 7 || i === 10 || i === 13 || i === 16 || i === 19;
    const d = digit(text, i);
    if (!separator && !(d >= 0 && d <= 9)) return undefined;
  }
  return fromParts({
    year: two(text, 0) * 100 + two(text, 2),
    month: two(text, 5),
    day: two(text, 8),
    hour: two(text, 11),
    minute: two(text, 14),
    second: two(text, 17),
    fraction: text.slice(20, 27),
    zone: "Z",
  });
}

function isoParts(text: string): Parts | undefined {
  const found = ISO.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, hour, minute, second = "0", fraction = "", zone] = found;
  return { ...numbers({ year, month, day, hour, minute, second }), fraction, zone };
}

function usParts(text: string): Parts | undefined {
  const found = US.exec(text);
  if (found === null) return undefined;
  const [, month, day, year, hour, minute, second = "0", fraction = "", half, zone] = found;
  const parts = numbers({ year, month, day, hour, minute, second });
  const noon = half?.toUpperCase();
  const clock = noon === undefined ? parts.hour : (parts.hour % 12) + (noon === "PM" ? 12 : 0);
  return { ...parts, hour: clock, fraction, zone };
}

function rfcParts(text: string): Parts | undefined {
  const found = RFC1123.exec(text);
  if (found === null) return undefined;
  const [, day, name = "", year, hour, minute, second, fraction = "", zone] = found;
  const month = MONTHS.indexOf(name.toLowerCase()) + 1;
  return month === 0
    ? undefined
    : { ...numbers({ year, month: String(month), day, hour, minute, second }), fraction, zone };
}

type Names = "year" | "month" | "day" | "hour" | "minute" | "second";

function numbers(texts: Readonly<Record<Names, string | undefined>>): Pick<Parts, Names> {
  const { year, month, day, hour, minute, second } = texts;
  return {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
  };
}

function fromParts(parts: Parts): Instant | undefined {
  const { year, month, day, hour, minute, second, fraction, zone } = parts;
  if (month < 1 || month > 12 || day < 1 || day > 31 || minute > 59 || second > 60) return undefined;
  if (hour > 23 && !(hour === 24 && minute + second === 0)) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1) return undefined;
  const ms =
    date.getTime() + ((hour * 60 + minute) * 60 + second) * 1_000 + Number(fraction.padEnd(3, "0").slice(0, 3));
  return instantFromMs(ms - offsetMs(zone), subMs(fraction));
}

function offsetMs(zone: string | undefined): number {
  const found = /^([+-])(\d\d):?(\d\d)?$/.exec(zone ?? "");
  if (found === null) return 0;
  const minutes = Number(found[2]) * 60 + Number(found[3] ?? 0);
  return (found[1] === "-" ? -minutes : minutes) * 60_000;
}

const FIRST_MS = 100_000_000_000;

/** Unix seconds, or milliseconds when the number is too large for seconds of this millennium. */
function fromEpoch(value: number): Instant | undefined {
  if (!Number.isFinite(value) || value <= 0 || value > 100 * FIRST_MS * 10) return undefined;
  return instantFromMs(Math.floor(value < FIRST_MS ? value * 1_000 : value));
}
