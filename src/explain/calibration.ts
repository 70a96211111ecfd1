/**
 * What the rules say, and the share of causes that are right where they say so; linear in between, and beyond the outermost values a guess. Fitted on seeds
 * 30001 to 30060 of the simulator (`npm run score -- --seeds 60 --from 30001 --hours 3 --lacks turn --rows FILE`, then
 * `npm run score:calibrate -- FILE`); the score prints the calibration error of the seeds that it is given.
 */
export const CALIBRATION: readonly (readonly [said: number, share: number])[] = [
  [0.3, 0.35],
  [0.56, 0.7],
  [0.7, 0.77],
  [0.75, 0.88],
  [0.88, 0.96],
  [0.94, 0.98],
  [1, 0.99],
];

/** Confidence as a share of right causes, 0 to 1, two digits. */
export function calibrated(said: number): number {
  let [before] = CALIBRATION;
  for (const knot of CALIBRATION) {
    if (knot[0] >= said && before !== undefined) {
      const part = knot[0] > before[0] ? (said - before[0]) / (knot[0] - before[0]) : 1;
      return Number((before[1] + Math.max(0, part) * (knot[1] - before[1])).toFixed(2));
    }
    before = knot;
  }
  return before?.[1] ?? said;
}
