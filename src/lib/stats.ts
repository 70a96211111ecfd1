/** Wilson score interval of a share, 95 % by default. Wilson, JASA 22 (1927). */
export function wilson(hits: number, trials: number, z = 1.96): readonly [number, number] {
  if (trials <= 0) return [0, 1];
  const p = hits / trials;
  const z2 = z * z;
  const centre = p + z2 / (2 * trials);
  const spread = z * Math.sqrt((p * (1 - p)) / trials + z2 / (4 * trials * trials));
  const scale = 1 + z2 / trials;
  return [Math.max(0, (centre - spread) / scale), Math.min(1, (centre + spread) / scale)];
}

const xlogx = (x: number): number => (x > 0 ? x * Math.log(x) : 0);

/** Log-likelihood of `f` refusals in `n` trials at its own maximum. */
export const binomialLogLikelihood = (f: number, n: number): number =>
  n <= 0 ? 0 : xlogx(f) + xlogx(Math.max(0, n - f)) - xlogx(n);

/** Log-likelihood by which a count beats the one that is expected of a Poisson process; 0 when it is not above. */
export const poissonSurprise = (count: number, expected: number): number =>
  count > expected ? count * Math.log(count / expected) - (count - expected) : 0;

/** Upper tail of the chi-square distribution with one degree of freedom: the p-value of a G-test of two shares. */
export function chiSquareTail(g: number): number {
  if (!(g > 0)) return 1;
  return erfc(Math.sqrt(g / 2));
}

/** Complementary error function, relative error below 1.2e-7 everywhere. Numerical Recipes §6.2, `erfcc`. */
function erfc(x: number): number {
  const t = 1 / (1 + 0.5 * x);
  const c = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
  ];
  let sum = 0;
  for (const k of c.toReversed()) sum = k + t * sum;
  return t * Math.exp(-x * x + sum);
}

/**
 * How differently two samples lie: the largest distance between their distribution functions, times √(nm/(n+m)). Of one
 * distribution it exceeds 1.36 in one of twenty cases, 1.63 in one of a hundred (Kolmogorov 1933, Smirnov 1948).
 */
export function kolmogorovSmirnov(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [Float64Array.from(a).toSorted(), Float64Array.from(b).toSorted()];
  let most = 0;
  for (let i = 0, j = 0; i < x.length && j < y.length; ) {
    const at = Math.min(x[i] ?? 0, y[j] ?? 0);
    while (i < x.length && (x[i] ?? 0) <= at) i += 1;
    while (j < y.length && (y[j] ?? 0) <= at) j += 1;
    most = Math.max(most, Math.abs(i / x.length - j / y.length));
  }
  return most * Math.sqrt((x.length * y.length) / Math.max(1, x.length + y.length));
}
