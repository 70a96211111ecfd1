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
  const minutes = Math.max(0, Math.round(ms / 60_000));
  if (minutes < 1) return `${Math.max(0, Math.round(ms / 1_000))}${THIN}s`;
  if (minutes < 60) return `${minutes}${THIN}min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48
    ? `${hours}${THIN}h ${minutes % 60}${THIN}min`
    : `${Math.floor(hours / 24)}${THIN}d ${hours % 24}${THIN}h`;
}

/** `6f2c0a4e…8a10`: enough of an id to tell it from others on one page. */
export const shortId = (id: string): string => (id.length <= 16 ? id : `${id.slice(0, 8)}…${id.slice(-4)}`);
