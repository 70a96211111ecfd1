/**
 * An instant in 100 ns ticks since 2020-01-01T00:00:00Z: the resolution of Azure's logs in one double, exact from
 * 1991 to 2048 (ticks since 1970 would not be). Branded, so that a duration or a Unix time cannot be passed for it.
 */
export type Instant = number & { readonly __unit: "ticks-2020" };

/** A span of time in milliseconds. */
export type DurationMs = number;

/** Milliseconds since the Unix epoch, UTC. */
export type EpochMs = number & { readonly __unit: "epoch-ms" };

export const TICKS_PER_MS = 10_000;
const EPOCH_2020_MS = 1_577_836_800_000;

export const instantFromTicks = (ticks: number): Instant => ticks as Instant;

/** `subMs` is the 100 ns ticks within the millisecond, 0 to 9,999. */
export const instantFromMs = (ms: number, subMs = 0): Instant =>
  ((ms - EPOCH_2020_MS) * TICKS_PER_MS + subMs) as Instant;

/** The whole millisecond that holds the instant. */
export const epochMs = (at: Instant): EpochMs => (Math.floor(at / TICKS_PER_MS) + EPOCH_2020_MS) as EpochMs;

export const plusMs = (at: Instant, ms: DurationMs): Instant => (at + ms * TICKS_PER_MS) as Instant;

/** `a` less `b`, in milliseconds. */
export const msBetween = (a: Instant, b: Instant): DurationMs => (a - b) / TICKS_PER_MS;

/** `2026-11-25T12:00:00.0000000Z`, always UTC and seven digits. */
export function formatInstant(at: Instant): string {
  const ms = Math.floor(at / TICKS_PER_MS);
  const ticks = Math.round(at - ms * TICKS_PER_MS);
  const iso = new Date(ms + EPOCH_2020_MS).toISOString();
  return `${iso.slice(0, -1)}${String(ticks).padStart(4, "0")}Z`;
}
