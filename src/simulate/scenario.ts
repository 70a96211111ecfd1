/**
 * What a corpus holds: one fault · several · none · the demo's · one to three of any shape and share in a difficult tenant
 * (agents, proxies, retries, deployments, many decoys) · the same in a tenant with few calls an hour.
 */
export const SCENARIOS = ["single", "mixed", "decoys", "demo", "hard", "quiet"] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** How a scenario is made: faults (least and most), decoys, and whether the tenant is a difficult one. */
export const RECIPES: Readonly<
  Record<
    Scenario,
    { faults: readonly [number, number]; decoys: readonly [number, number]; isHard: boolean; rate?: number }
  >
> = {
  single: { faults: [1, 1], decoys: [3, 6], isHard: false },
  mixed: { faults: [2, 3], decoys: [3, 6], isHard: false },
  decoys: { faults: [0, 0], decoys: [3, 6], isHard: false },
  demo: { faults: [6, 6], decoys: [3, 6], isHard: false },
  hard: { faults: [1, 3], decoys: [6, 12], isHard: true },
  quiet: { faults: [1, 1], decoys: [3, 8], isHard: true, rate: 0.06 },
};
