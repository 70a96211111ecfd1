/** Work in parts: others may have their turn after each. What it reads must not change before it is done; gives its result. */
export type InTurns<T> = Generator<void, T, void>;

export function atOnce<T>(work: InTurns<T>): T {
  for (;;) {
    const part = work.next();
    if (part.done === true) return part.value;
  }
}

/** As `flatMap`, so many a part. */
export function* flatInTurns<A, B>(all: Iterable<A>, size: number, each: (one: A) => readonly B[]): InTurns<B[]> {
  const found: B[] = [];
  let count = 0;
  for (const one of all) {
    for (const of of each(one)) found.push(of);
    if (++count % size === 0) yield;
  }
  return found;
}

/** Sorted in one part. */
const RUN = 2_048;

/** As `toSorted`: what is equal stays in its order. */
export function* sortedInTurns<T>(all: readonly T[], compare: (a: T, b: T) => number): InTurns<readonly T[]> {
  let runs: T[][] = [];
  for (let from = 0; from < all.length; from += RUN) {
    runs.push(all.slice(from, from + RUN).toSorted(compare));
    yield;
  }
  while (runs.length > 1) {
    const longer: T[][] = [];
    for (let i = 0; i < runs.length; i += 2) longer.push(yield* merged(runs[i] ?? [], runs[i + 1] ?? [], compare));
    runs = longer;
  }
  return runs[0] ?? [];
}

function* merged<T>(left: readonly T[], right: readonly T[], compare: (a: T, b: T) => number): InTurns<T[]> {
  const both: T[] = [];
  let [i, j] = [0, 0];
  for (;;) {
    const [a, b] = [left[i], right[j]];
    const isLeft = a !== undefined && (b === undefined || compare(a, b) <= 0);
    const next = isLeft ? a : b;
    if (next === undefined) return both;
    both.push(next);
    if (isLeft) i += 1;
    else j += 1;
    if (both.length % RUN === 0) yield;
  }
}
