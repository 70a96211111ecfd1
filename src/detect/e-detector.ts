/**
 * Sequential tests, one a cell: each a mixture of Shiryaev-Roberts e-processes over alternatives, in bins of event time.
 * While refusals are no more likely than the baseline, the average run to a false alarm is at least `ALARM` bins
 * (Shin, Ramdas, Rinaldo, "E-detectors: a nonparametric framework for sequential change detection", 2023).
 */
export interface EDetectors {
  /** By detector: the numbers below, side by side. */
  numbers: Float64Array;
  /** The same memory. */
  words: Int32Array;
  count: number;
}

const ALTERNATIVES = Float64Array.of(0.015, 0.03, 0.06, 0.12, 0.25, 0.5);
const LOGS = ALTERNATIVES.map(Math.log);
const LOGS_OF_REST = ALTERNATIVES.map((q) => Math.log(1 - q));
// Numbers of one alternative: Shiryaev-Roberts statistic, CUSUM, and two words.
const TEST = 3;
const SR = 0;
const CUSUM = 1;
// The words: bins since the CUSUM began, as of the last bin, and its refusals.
const AGE = 4;
const REFUSED = 5;
const TESTS = TEST * ALTERNATIVES.length;
// Numbers of a detector after its tests: decayed refusals, squares of refusals per bin, trials and bins while nothing was wrong.
const F = TESTS;
const F2 = TESTS + 1;
const N = TESTS + 2;
const BINS = TESTS + 3;
const LAST_BIN = TESTS + 4;
/** 1 where some CUSUM is above zero: without a refusal, too, what the bins say counts. */
const IS_RISING = TESTS + 5;
// Refusals of a rise that goes on, and squares of them per bin: what they are to teach yet.
const WAITING = TESTS + 6;
const WAITING2 = TESTS + 7;
/** All of them: 208 bytes. */
const DETECTOR = TESTS + 8;
const FIRST_ROOM = 16;
/** With bins of 10 s: one false alarm a cell in about 30 years. */
export const ALARM = 1e8;
const PRIOR_RATE = 0.002;
const PRIOR_TRIALS = 1_000;
const RATE_FLOOR = 0.003;
const HALF_LIFE_BINS = 4_320;
const PRIOR_DISPERSION = 1.5;
const PRIOR_DISPERSION_REFUSALS = 20;
const REFUSALS_TO_ALARM = 5;
/** Of 10 s: more than six hundred years. */
const MOST_BINS = 2 ** 31 - 1;
/** While refusals rise, so many times the baseline is learned of them at most; the rest when the rise is over, if it was no alarm. */
const TAUGHT = 2;

export function createEDetectors(): EDetectors {
  const numbers = new Float64Array(DETECTOR * FIRST_ROOM);
  return { numbers, words: new Int32Array(numbers.buffer), count: 0 };
}

/** A new detector, which is to begin. */
export function addEDetector(detectors: EDetectors): number {
  const { numbers, count } = detectors;
  if (DETECTOR * (count + 1) > numbers.length) {
    detectors.numbers = new Float64Array(2 * numbers.length);
    detectors.numbers.set(numbers);
    detectors.words = new Int32Array(detectors.numbers.buffer);
  }
  detectors.count += 1;
  return count;
}

/** `trialsBefore`: decayed trials of the cell before its first refusal, which is when its detector begins. */
export function beginEDetector({ numbers }: EDetectors, detector: number, trialsBefore: number, bin: number): void {
  const at = DETECTOR * detector;
  numbers[at + N] = trialsBefore;
  numbers[at + BINS] = Math.min(HALF_LIFE_BINS, trialsBefore);
  numbers[at + LAST_BIN] = bin;
}

export const isRising = ({ numbers }: EDetectors, detector: number): boolean =>
  numbers[DETECTOR * detector + IS_RISING] === 1;

/** The detector hears of trials in none of which anything was refused. */
export function tellTrials({ numbers }: EDetectors, detector: number, trials: number): void {
  numbers[DETECTOR * detector + N] = (numbers[DETECTOR * detector + N] ?? 0) + trials;
}

/** Decayed refusals and trials while nothing was wrong. */
export const learnedBy = ({ numbers }: EDetectors, detector: number): { readonly f: number; readonly n: number } => ({
  f: numbers[DETECTOR * detector + F] ?? 0,
  n: numbers[DETECTOR * detector + N] ?? 0,
});

/** Refused share that is usual for the cell: learned, shrunk to 0.2 %, plus two standard errors, at least 0.3 %. */
export const baseline = ({ numbers }: EDetectors, detector: number): number =>
  baselineAt(numbers, DETECTOR * detector, dispersionAt(numbers, DETECTOR * detector));

function baselineAt(numbers: Float64Array, at: number, dispersion: number): number {
  const f = (numbers[at + F] ?? 0) + PRIOR_TRIALS * PRIOR_RATE;
  const n = (numbers[at + N] ?? 0) + PRIOR_TRIALS;
  const p = f / n;
  return Math.min(0.5, Math.max(RATE_FLOOR, p + 2 * Math.sqrt((dispersion * p * (1 - p)) / n)));
}

/** At least 1: how much burstier than independent calls the cell's refusals are. */
function dispersionAt(numbers: Float64Array, at: number): number {
  const f = numbers[at + F] ?? 0;
  const bins = numbers[at + BINS] ?? 0;
  const mean = bins > 0 ? f / bins : 0;
  const raw = f > 0 ? (numbers[at + F2] ?? 0) / f - mean : 1;
  const weighed = Math.max(1, raw) * f + PRIOR_DISPERSION * PRIOR_DISPERSION_REFUSALS;
  return Math.max(1, weighed / (f + PRIOR_DISPERSION_REFUSALS));
}

/** A bin in which `f` of `n` trials were refused. */
export interface Binned {
  readonly bin: number;
  readonly f: number;
  readonly n: number;
}

/** What one bin said: the bin in which the rise began when it is an alarm, else undefined. */
export function stepEDetector(detectors: EDetectors, detector: number, { bin, f, n }: Binned): number | undefined {
  const { numbers, words } = detectors;
  const first = DETECTOR * detector;
  const since = Math.min(MOST_BINS, bin - (numbers[first + LAST_BIN] ?? 0));
  const dispersion = dispersionAt(numbers, first);
  const p0 = baselineAt(numbers, first, dispersion);
  const temper = 1 / dispersion;
  // Without a refusal nothing is to be said of how likely one is.
  const logP0 = f === 0 ? 0 : Math.log(p0);
  const logRest = Math.log(1 - p0);
  const usual = Math.min(0.95, 3 * p0);
  const ofUsual = gainOf(f, n, f === 0 ? 0 : Math.log(usual) - logP0, Math.log(1 - usual) - logRest) * temper;
  const growthOfUsual = Math.exp(Math.min(600, ofUsual));
  let mean = 0;
  let best = -1;
  let highest = 0;
  for (let k = 0; k < ALTERNATIVES.length; k++) {
    const at = first + TEST * k;
    const isUsual = (ALTERNATIVES[k] ?? 0.5) <= usual;
    const gain = isUsual ? ofUsual : gainOf(f, n, (LOGS[k] ?? 0) - logP0, (LOGS_OF_REST[k] ?? 0) - logRest) * temper;
    const growth = isUsual ? growthOfUsual : Math.exp(Math.min(600, gain));
    const sr = Math.min(1e300, (1 + (numbers[at + SR] ?? 0)) * growth);
    numbers[at + SR] = sr;
    mean += sr / ALTERNATIVES.length;
    const before = numbers[at + CUSUM] ?? 0;
    const word = 2 * at;
    words[word + AGE] = before <= 0 ? 0 : Math.min(MOST_BINS, (words[word + AGE] ?? 0) + since);
    words[word + REFUSED] = (before <= 0 ? 0 : (words[word + REFUSED] ?? 0)) + f;
    const cusum = Math.max(0, before + gain);
    numbers[at + CUSUM] = cusum;
    if (cusum > highest) {
      highest = cusum;
      best = at;
    }
  }
  learn(numbers, first, { bin, f, n, most: best < 0 ? Number.POSITIVE_INFINITY : TAUGHT * p0 * n });
  numbers[first + LAST_BIN] = bin;
  numbers[first + IS_RISING] = best >= 0 ? 1 : 0;
  const alarm = mean >= ALARM && best >= 0 && (words[2 * best + REFUSED] ?? 0) >= REFUSALS_TO_ALARM;
  return alarm ? bin - (words[2 * best + AGE] ?? 0) : undefined;
}

const gainOf = (f: number, n: number, refused: number, succeeded: number): number => f * refused + (n - f) * succeeded;

/** `most`: refusals that the bin may teach. */
function learn(numbers: Float64Array, at: number, { bin, f, n, most }: Binned & { readonly most: number }): void {
  const decay = decayOf(Math.max(1, bin - (numbers[at + LAST_BIN] ?? 0)));
  const waiting = (numbers[at + WAITING] ?? 0) + f;
  const waiting2 = (numbers[at + WAITING2] ?? 0) + f * f;
  const share = waiting > most ? most / waiting : 1;
  numbers[at + WAITING] = (1 - share) * waiting;
  numbers[at + WAITING2] = (1 - share) * waiting2;
  numbers[at + F] = (numbers[at + F] ?? 0) * decay + share * waiting;
  numbers[at + F2] = (numbers[at + F2] ?? 0) * decay + share * waiting2;
  numbers[at + N] = (numbers[at + N] ?? 0) * decay + n;
  numbers[at + BINS] = (numbers[at + BINS] ?? 0) * decay + 1;
}

const DECAY = 0.5 ** (1 / HALF_LIFE_BINS);
/** Its powers: most cells are touched again, and most detectors stepped, within ten minutes. */
const DECAYS = Float64Array.from({ length: 64 }, (_, bins) => DECAY ** bins);

/** What is left of a count after so many bins of 10 s: half of it in 12 h. */
export const decayOf = (bins: number): number => DECAYS[bins] ?? DECAY ** bins;

/** After an alarm the test begins anew; what was learned stays, and what the rise was to teach yet is no part of it. */
export function resetEDetector({ numbers }: EDetectors, detector: number): void {
  const at = DETECTOR * detector;
  numbers.fill(0, at, at + TESTS);
  numbers.fill(0, at + IS_RISING, at + DETECTOR);
}
