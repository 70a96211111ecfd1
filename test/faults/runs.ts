/** How often a fault is tried: few in a usual run, `FAULT_RUNS` for more. */
export const faultRuns = (usual: number): number => Number(process.env["FAULT_RUNS"] ?? usual);

/** The seed of this run's random moments; `FAULT_SEED` repeats one. */
export const faultSeed = (): number => Number(process.env["FAULT_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

/** Numbers in [0, 1), the same for the same seed. Marsaglia's xorshift32. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Random numbers of this run, whose seed is printed. */
export function faultRandom(): () => number {
  const seed = faultSeed();
  console.info(`FAULT_SEED=${seed}`);
  return seededRandom(seed);
}
