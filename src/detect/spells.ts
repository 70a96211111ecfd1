import { type DurationMs, type Instant, msBetween } from "../model/time.ts";

/** When something was last seen again and again without a longer pause, and how often. */
export interface Spell {
  readonly from: Instant;
  readonly to: Instant;
  readonly count: number;
}

const MOST = 1_000;

/**
 * Notes that a key was seen once more; the map's first key is the one seen longest ago. True where there were too many keys,
 * and that one was forgotten.
 */
export function noteSpell(
  spells: Map<string, Spell>,
  key: string,
  { at, pauseMs }: { readonly at: Instant; readonly pauseMs: DurationMs },
): boolean {
  const known = spells.get(key);
  const goesOn = known !== undefined && msBetween(at, known.to) <= pauseMs;
  spells.delete(key);
  spells.set(key, { from: goesOn ? known.from : at, to: at, count: goesOn ? known.count + 1 : 1 });
  const [oldest] = spells.size > MOST ? spells.keys() : [];
  return oldest !== undefined && spells.delete(oldest);
}
