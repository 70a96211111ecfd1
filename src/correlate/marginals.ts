/** More on either side are too many for an exact sum. */
export const MOST_SIDE = 10;

/**
 * Probability of each pair that it belongs together, over all ways to pair rows with columns one to one: a way weighs the
 * product of its pairs' weights (0: impossible), each against the weight 1 that neither has a partner.
 */
export function pairProbabilities(weights: readonly (readonly number[])[]): number[][] {
  const columns = weights[0]?.length ?? 0;
  const room = 1 << columns;
  const forward: Float64Array<ArrayBuffer>[] = [Float64Array.from({ length: room }, (_, mask) => (mask === 0 ? 1 : 0))];
  for (const row of weights) forward.push(extended(forward.at(-1) ?? new Float64Array(room), row));
  let after = new Float64Array(room).fill(1);
  const total = (forward.at(-1) ?? after).reduce((sum, weight) => sum + weight, 0);
  const given: number[][] = [];
  for (let i = weights.length - 1; i >= 0; i--) {
    const row = weights[i] ?? [];
    const before = forward[i] ?? new Float64Array(room);
    given.unshift(row.map((weight, column) => shareOf({ before, after, column }, weight) / total));
    after = preceded(after, row);
  }
  return given;
}

function extended(before: Float64Array<ArrayBuffer>, row: readonly number[]): Float64Array<ArrayBuffer> {
  const next = before.slice();
  row.forEach((weight, column) => {
    if (weight === 0) return;
    for (let mask = 0; mask < before.length; mask++)
      if ((mask & (1 << column)) === 0)
        next[mask | (1 << column)] = (next[mask | (1 << column)] ?? 0) + weight * (before[mask] ?? 0);
  });
  return next;
}

function preceded(after: Float64Array, row: readonly number[]): Float64Array<ArrayBuffer> {
  const next = Float64Array.from(after);
  row.forEach((weight, column) => {
    if (weight === 0) return;
    for (let mask = 0; mask < after.length; mask++)
      if ((mask & (1 << column)) === 0) next[mask] = (next[mask] ?? 0) + weight * (after[mask | (1 << column)] ?? 0);
  });
  return next;
}

interface Sides {
  readonly before: Float64Array;
  readonly after: Float64Array;
  readonly column: number;
}

function shareOf({ before, after, column }: Sides, weight: number): number {
  if (weight === 0) return 0;
  let sum = 0;
  for (let mask = 0; mask < before.length; mask++)
    if ((mask & (1 << column)) === 0) sum += (before[mask] ?? 0) * (after[mask | (1 << column)] ?? 0);
  return weight * sum;
}
