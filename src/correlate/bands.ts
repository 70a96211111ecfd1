import { type Instant, instantFromTicks, msBetween } from "../model/time.ts";

/** Bands of token age in the order of their codes; `expired` when its `exp` had passed. */
export const TOKEN_AGES = ["expired", "<5m", "5-15m", "15-30m", "30-60m", ">=60m"] as const;

/** Code of the band of a token at `at`; -1 where its log tells nothing, which is NaN for both times. */
export function tokenAgeCode(at: Instant, expires: number, issued: number): number {
  if (at > expires) return 0;
  if (Number.isNaN(issued)) return -1;
  const minutes = msBetween(at, instantFromTicks(issued)) / 60_000;
  if (minutes < 5) return 1;
  if (minutes < 15) return 2;
  if (minutes < 30) return 3;
  return minutes < 60 ? 4 : 5;
}

export const AUTH_METHODS = ["token", "subscription-key", "token+subscription-key"] as const;

/** Code of what a caller showed; -1 for nothing. */
export function authMethodCode(token: boolean, key: boolean): number {
  if (token && key) return 2;
  if (token) return 0;
  return key ? 1 : -1;
}
