import { epochMs, formatInstant, type Instant } from "../model/time.ts";

const THIN = "\u202f";

/** Whole number with thin spaces between thousands. */
export const count = (value: number): string =>
  Math.round(value)
    .toString()
    .replaceAll(/\B(?=(\d{3})+$)/g, THIN);

/** Share as percent, with as many digits as mean something. */
export function percent(share: number): string {
  const value = share * 100;
  if (value === 0) return `0${THIN}%`;
  if (value < 0.01) return `<0.01${THIN}%`;
  const digits = value < 1 ? 2 : value < 10 ? 1 : 0;
  return `${value > 99.5 && value < 100 ? value.toFixed(1) : value.toFixed(digits)}${THIN}%`;
}

/** `2026-11-25 12:07:41` UTC. */
export const dateTime = (at: Instant): string => formatInstant(at).slice(0, 19).replace("T", " ");

/** `12:07:41` UTC. */
export const clock = (at: Instant): string => formatInstant(at).slice(11, 19);

/** For `datetime` attributes and links. */
export const iso = (at: Instant): string => new Date(epochMs(at)).toISOString();

/** `21 min`, `3 h 5 min`, `2 d 4 h`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds}${THIN}s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes}${THIN}min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48
    ? `${hours}${THIN}h ${minutes % 60}${THIN}min`
    : `${Math.floor(hours / 24)}${THIN}d ${hours % 24}${THIN}h`;
}

const GUID = /\b([0-9a-f]{8})-(?:[0-9a-f]{4}-){3}[0-9a-f]{8}([0-9a-f]{4})\b/gi;
const LONGEST = 40;

/** GUIDs in a text as `6f2c0a4e…8a10`, enough to tell them apart on one page; other text is cut after 40 characters. */
export function shortIds(text: string): string {
  const short = text.replaceAll(GUID, "$1…$2");
  return short.length <= LONGEST ? short : `${short.slice(0, LONGEST - 1)}…`;
}

const SMALLEST = 1e-12;

/** A p-value of one digit; below 10⁻¹² the exponent means nothing to a reader. */
export function pValue(p: number): string {
  if (p < SMALLEST) return "< 10⁻¹²";
  if (p >= 0.001) return `= ${p.toFixed(3)}`;
  const [digits = "1", exponent = "0"] = p.toExponential(0).split("e-");
  return `= ${digits}·10⁻${exponent.replaceAll(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)] ?? "")}`;
}
