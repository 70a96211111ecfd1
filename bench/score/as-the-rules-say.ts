import { CALIBRATION } from "../../src/explain/calibration.ts";

/** What the rules said, by the confidence that the table made of it. */
export function asTheRulesSay(confidence: number): number {
  let [before] = CALIBRATION;
  for (const knot of CALIBRATION) {
    if (before !== undefined && knot[1] >= confidence && knot[1] > before[1])
      return knot[0] - ((knot[0] - before[0]) * (knot[1] - Math.max(before[1], confidence))) / (knot[1] - before[1]);
    before = knot;
  }
  return before?.[0] ?? confidence;
}
