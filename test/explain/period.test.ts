import { expect, test } from "vitest";
import { periodOf } from "../../src/explain/period.ts";
import type { Window } from "../../src/explain/window.ts";
import { instantFromMs, plusMs } from "../../src/model/time.ts";
import { random } from "../traffic.ts";

const FROM = instantFromMs(1_795_608_000_000);

/** A call each `everyMs` for `lengthMs`, refused when `isRefused` says so. */
function played(lengthMs: number, everyMs: number, isRefused: (ms: number) => boolean) {
  const all = Array.from({ length: Math.floor(lengthMs / everyMs) }, (_, i) => i * everyMs);
  const refused = all.filter(isRefused);
  const times = [...refused, ...all.filter((ms) => !isRefused(ms))].map((ms) => plusMs(FROM, ms));
  const window = { time: Float64Array.from(times), refused: refused.length } as unknown as Window;
  const span = { from: times[0] ?? FROM, to: times[refused.length - 1] ?? FROM };
  const rows = times.map((_, row) => row).filter((row) => (times[row] ?? 0) <= span.to);
  return periodOf(window, rows, span);
}

const MINUTE = 60_000;
const chance = random(7);
const coins = Array.from({ length: 20_000 }, () => chance());
const coin = (ms: number): number => coins[Math.floor(ms / 1_000) % coins.length] ?? 0;

test.each<[name: string, length: number, refused: (ms: number) => boolean, period: number | undefined]>([
  ["half a minute on, half a minute off", 30 * MINUTE, (ms) => ms % 60_000 < 30_000, 60_000],
  ["nearly all of the time in which it is on", 60 * MINUTE, (ms) => ms % 90_000 < 30_000 && coin(ms) < 0.9, 90_000],
  ["a short cycle, and not a multiple of it", 50 * MINUTE, (ms) => ms % 60_000 < 30_000 && coin(ms) < 0.75, 60_000],
  ["three returns in two hours and a half", 150 * MINUTE, (ms) => ms % (60 * MINUTE) < 20 * MINUTE, 60 * MINUTE],
  ["two stretches are no rhythm", 100 * MINUTE, (ms) => ms % (60 * MINUTE) < 20 * MINUTE, undefined],
  ["at random", 60 * MINUTE, (ms) => coin(ms) < 0.3, undefined],
  ["a step", 60 * MINUTE, (ms) => ms > 20 * MINUTE, undefined],
])("%s", (_, length, refused, period) => {
  const found = played(length, 2_000, refused)?.ms;
  if (period === undefined) expect(found).toBeUndefined();
  else expect(Math.abs((found ?? 0) / period - 1)).toBeLessThan(0.05);
});
