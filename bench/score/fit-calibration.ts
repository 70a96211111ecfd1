export interface Sample {
  readonly said: number;
  readonly right: boolean;
}

interface Pool {
  said: number;
  right: number;
  weight: number;
  count: number;
}

const EDGES = [0, 0.55, 0.65, 0.72, 0.8, 0.9, 0.935, 1.01];
/** Causes that a group is taken to hold beforehand, as often right as was said: a small group says little. */
const PRIOR = 4;

/**
 * Mean of what was said and share of right causes, by groups of what was said; neighbours that fall are pooled, so that the
 * shares rise (isotonic regression: Ayer et al., Annals of Mathematical Statistics, 1955).
 */
export function fitCalibration(
  samples: readonly Sample[],
): readonly { readonly said: number; readonly share: number; readonly count: number }[] {
  const pools: Pool[] = [];
  for (const [i, from] of EDGES.slice(0, -1).entries()) {
    const inside = samples.filter(({ said }) => said >= from && said < (EDGES[i + 1] ?? 1));
    if (inside.length === 0) continue;
    const said = inside.reduce((sum, one) => sum + one.said, 0) / inside.length;
    const right = inside.filter((one) => one.right).length + PRIOR * said;
    pools.push({ said, right, weight: inside.length + PRIOR, count: inside.length });
    poolFalling(pools);
  }
  return pools.map(({ said, right, weight, count }) => ({ said, share: right / weight, count }));
}

function poolFalling(pools: Pool[]): void {
  for (;;) {
    const last = pools.at(-1);
    const before = pools.at(-2);
    if (last === undefined || before === undefined || before.right / before.weight < last.right / last.weight) return;
    const count = before.count + last.count;
    const said = (before.said * before.count + last.said * last.count) / count;
    const pool = { said, right: before.right + last.right, weight: before.weight + last.weight, count };
    pools.splice(-2, 2, pool);
  }
}
