/**
 * The most frequent of many texts with few counters: SpaceSaving (Metwally, Agrawal, El Abbadi, "Efficient computation of
 * frequent and top-k elements in data streams", ICDT 2005). `total` is exact. A text that came more often than
 * `total` / `size` times has a counter; what a counter says is at least the text's count and above it by at most its
 * `error`, which is at most `total` / `size`. Plain data.
 */
export interface HeavyHitters {
  readonly size: number;
  /** Text → place of its counter. */
  readonly places: Map<string, number>;
  readonly texts: string[];
  readonly counts: Float64Array;
  readonly errors: Float64Array;
  total: number;
}

export const createHeavyHitters = (size: number): HeavyHitters => ({
  size,
  places: new Map(),
  texts: [],
  counts: new Float64Array(size),
  errors: new Float64Array(size),
  total: 0,
});

export function addHit(hitters: HeavyHitters, text: string): void {
  const { places, counts } = hitters;
  hitters.total += 1;
  const place = places.get(text) ?? placeFor(hitters, text);
  counts[place] = (counts[place] ?? 0) + 1;
}

/** A new counter, or that of the text that came least: it starts from what that had. */
function placeFor({ size, places, texts, counts, errors }: HeavyHitters, text: string): number {
  let place = texts.length;
  if (place < size) texts.push(text);
  else {
    place = 0;
    let least = counts[0] ?? 0;
    for (let other = 1; other < size; other++) {
      const count = counts[other] ?? 0;
      if (count >= least) continue;
      least = count;
      place = other;
    }
    places.delete(texts[place] ?? "");
    texts[place] = text;
    errors[place] = counts[place] ?? 0;
  }
  places.set(text, place);
  return place;
}

export interface Hitter {
  readonly text: string;
  /** At most `error` above the truth, never below it. */
  readonly count: number;
  readonly error: number;
}

/** The most frequent texts, at most `limit`, the most frequent first. */
export const heaviest = ({ texts, counts, errors }: HeavyHitters, limit: number): readonly Hitter[] =>
  texts
    .map((text, place) => ({ text, count: counts[place] ?? 0, error: errors[place] ?? 0 }))
    .toSorted((a, b) => b.count - a.count)
    .slice(0, limit);
