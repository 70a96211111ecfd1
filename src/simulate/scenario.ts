export const SCENARIOS = ["single", "mixed", "decoys", "demo"] as const;
export type Scenario = (typeof SCENARIOS)[number];
