/**
 * Sequential test of one cell: a mixture of Shiryaev-Roberts e-processes over alternatives, in bins of event time.
 * While refusals are no more likely than the baseline, the average run to a false alarm is at least `ALARM` bins
 * (Shin, Ramdas, Rinaldo, "E-detectors: a nonparametric framework for sequential change detection", 2023).
 */
export interface EDetector {
  /** Per alternative: Shiryaev-Roberts statistic, CUSUM, its start (bin) and its refusals. */
  readonly tests: number[];
  /** Some CUSUM is above zero: without a refusal, too, what the bins say counts. */
  isRising: boolean;
  /** Decayed refusals, squares of refusals per bin, trials and bins while nothing was wrong. */
  f: number;
  f2: number;
  n: number;
  bins: number;
  lastBin: number;
}

const ALTERNATIVES = Float64Array.of(0.015, 0.03, 0.06, 0.12, 0.25, 0.5);
export const ALTERNATIVES_COUNT = ALTERNATIVES.length;
const LOGS = ALTERNATIVES.map(Math.log);
const LOGS_OF_REST = ALTERNATIVES.map((q) => Math.log(1 - q));
// Numbers of one alternative.
const TEST = 4;
const SR = 0;
const CUSUM = 1;
const START = 2;
const REFUSED = 3;
/** From the first on an array of doubles: it is not changed into one later. */
const NO_TESTS: readonly number[] = Array.from({ length: TEST * ALTERNATIVES.length }, () => 0.5).fill(0);
/** With bins of 10 s: one false alarm a cell in about 30 years. */
export const ALARM = 1e8;
const PRIOR_RATE = 0.003;
const PRIOR_TRIALS = 1_000;
const RATE_FLOOR = 0.005;
const HALF_LIFE_BINS = 4_320;
const PRIOR_DISPERSION = 1.5;
const PRIOR_DISPERSION_REFUSALS = 20;
const REFUSALS_TO_ALARM = 5;
/** Log CUSUM up to which a cell counts as healthy and teaches its baseline. */
const HEALTHY_CUSUM = 5;

/** `trialsBefore`: decayed trials of the cell before its first refusal, which is when a detector is made. */
export const createEDetector = (trialsBefore: number, bin: number): EDetector => ({
  tests: NO_TESTS.slice(),
  isRising: false,
  f: 0,
  f2: 0,
  n: trialsBefore,
  bins: Math.min(HALF_LIFE_BINS, trialsBefore),
  lastBin: bin,
});

/** Refused share that is usual for the cell: learned, shrunk to 0.3 %, plus two standard errors, at least 0.5 %. */
export function baseline(detector: EDetector): number {
  const f = detector.f + PRIOR_TRIALS * PRIOR_RATE;
  const n = detector.n + PRIOR_TRIALS;
  const p = f / n;
  return Math.min(0.5, Math.max(RATE_FLOOR, p + 2 * Math.sqrt((dispersion(detector) * p * (1 - p)) / n)));
}

/** At least 1: how much burstier than independent calls the cell's refusals are. */
function dispersion(detector: EDetector): number {
  const mean = detector.bins > 0 ? detector.f / detector.bins : 0;
  const raw = detector.f > 0 ? detector.f2 / detector.f - mean : 1;
  const weighed = Math.max(1, raw) * detector.f + PRIOR_DISPERSION * PRIOR_DISPERSION_REFUSALS;
  return Math.max(1, weighed / (detector.f + PRIOR_DISPERSION_REFUSALS));
}

/** What one bin said: the bin in which the rise began when it is an alarm, else undefined. */
export function stepEDetector(detector: EDetector, bin: number, f: number, n: number): number | undefined {
  const { tests } = detector;
  const p0 = baseline(detector);
  const temper = 1 / dispersion(detector);
  const logP0 = Math.log(p0);
  const logRest = Math.log(1 - p0);
  const usual = Math.min(0.95, 3 * p0);
  const ofUsual = gainOf(f, n, Math.log(usual) - logP0, Math.log(1 - usual) - logRest) * temper;
  const growthOfUsual = Math.exp(Math.min(600, ofUsual));
  let mean = 0;
  let best = -1;
  let highest = 0;
  for (let k = 0; k < ALTERNATIVES.length; k++) {
    const at = TEST * k;
    const isUsual = (ALTERNATIVES[k] ?? 0.5) <= usual;
    const gain = isUsual ? ofUsual : gainOf(f, n, (LOGS[k] ?? 0) - logP0, (LOGS_OF_REST[k] ?? 0) - logRest) * temper;
    const growth = isUsual ? growthOfUsual : Math.exp(Math.min(600, gain));
    const sr = Math.min(1e300, (1 + (tests[at + SR] ?? 0)) * growth);
    tests[at + SR] = sr;
    mean += sr / ALTERNATIVES.length;
    const before = tests[at + CUSUM] ?? 0;
    if (before <= 0) tests[at + START] = bin;
    tests[at + REFUSED] = (before <= 0 ? 0 : (tests[at + REFUSED] ?? 0)) + f;
    const cusum = Math.max(0, before + gain);
    tests[at + CUSUM] = cusum;
    if (cusum > highest) {
      highest = cusum;
      best = at;
    }
  }
  if (highest < HEALTHY_CUSUM) learn(detector, bin, f, n);
  detector.lastBin = bin;
  detector.isRising = best >= 0;
  const alarm = mean >= ALARM && best >= 0 && (tests[best + REFUSED] ?? 0) >= REFUSALS_TO_ALARM;
  return alarm ? tests[best + START] : undefined;
}

const gainOf = (f: number, n: number, refused: number, succeeded: number): number => f * refused + (n - f) * succeeded;

function learn(detector: EDetector, bin: number, f: number, n: number): void {
  const decay = decayOf(Math.max(1, bin - detector.lastBin));
  detector.f = detector.f * decay + f;
  detector.f2 = detector.f2 * decay + f * f;
  detector.n = detector.n * decay + n;
  detector.bins = detector.bins * decay + 1;
}

const DECAY = 0.5 ** (1 / HALF_LIFE_BINS);
/** Its powers: most cells are touched again, and most detectors stepped, within ten minutes. */
const DECAYS = Float64Array.from({ length: 64 }, (_, bins) => DECAY ** bins);

/** What is left of a count after so many bins of 10 s: half of it in 12 h. */
export const decayOf = (bins: number): number => DECAYS[bins] ?? DECAY ** bins;

/** After an alarm the test begins anew; what was learned stays. */
export function resetEDetector(detector: EDetector): void {
  detector.tests.fill(0);
  detector.isRising = false;
}
