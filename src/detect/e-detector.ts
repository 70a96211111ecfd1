import { larger } from "../lib/larger.ts";

/**
 * Sequential tests, one a cell: each a mixture of Shiryaev-Roberts e-processes over alternatives, in bins of event time.
 * While refusals are no more likely than the baseline, the average run to a false alarm is at least `ALARM` bins
 * (Shin, Ramdas, Rinaldo, "E-detectors: a nonparametric framework for sequential change detection", 2023).
 */
export interface EDetectors {
  /** By detector: the numbers below, side by side. */
  numbers: Float64Array;
  count: number;
  readonly rises: Rises;
}

/** What only a detector has that is rising: most are at rest. The first one is nobody's, for steps from rest. */
interface Rises {
  numbers: Float64Array;
  /** The same memory. */
  words: Int32Array;
  used: number;
  readonly free: number[];
}

const ALTERNATIVES = Float64Array.of(0.015, 0.03, 0.06, 0.12, 0.25, 0.5);
const LOGS = ALTERNATIVES.map(Math.log);
const LOGS_OF_REST = ALTERNATIVES.map((q) => Math.log(1 - q));
// Numbers of a detector: by alternative its Shiryaev-Roberts statistic; then decayed refusals, squares of refusals per bin,
// trials and bins while nothing was wrong.
const F = ALTERNATIVES.length;
const F2 = F + 1;
const N = F + 2;
const BINS = F + 3;
const LAST_BIN = F + 4;
/** Where some CUSUM is above zero, the detector's place among the rises: without a refusal, too, what the bins say counts. */
const RISE = F + 5;
/** All of them: 96 bytes. */
const DETECTOR = F + 6;
// Numbers of a rise: by alternative its CUSUM, and two words.
const TEST = 2;
const CUSUM = 0;
// The words: bins since the CUSUM began, as of the last bin, and its refusals.
const AGE = 2;
const REFUSED = 3;
// Refusals of a rise that goes on, and squares of them per bin: what they are to teach yet.
const WAITING = TEST * ALTERNATIVES.length;
const WAITING2 = WAITING + 1;
/** All of them: 112 bytes. */
const RISING = WAITING + 2;
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
  const rises = new Float64Array(RISING * FIRST_ROOM);
  return {
    numbers: new Float64Array(DETECTOR * FIRST_ROOM),
    count: 0,
    rises: { numbers: rises, words: new Int32Array(rises.buffer), used: 1, free: [] },
  };
}

/** A new detector, which is to begin. */
export function addEDetector(detectors: EDetectors): number {
  const { numbers, count } = detectors;
  if (DETECTOR * (count + 1) > numbers.length) detectors.numbers = larger(numbers, 2 * numbers.length);
  detectors.count += 1;
  return count;
}

/** The step from rest, in the first place, began a rise: it gets a place of its own. */
function beginRise(rises: Rises): number {
  const place = rises.free.pop() ?? rises.used++;
  if (RISING * (place + 1) > rises.numbers.length) {
    rises.numbers = larger(rises.numbers, 2 * rises.numbers.length);
    rises.words = new Int32Array(rises.numbers.buffer);
  }
  rises.numbers.copyWithin(RISING * place, 0, RISING);
  rises.numbers.fill(0, 0, RISING);
  return place;
}

function endRise({ free }: Rises, place: number): void {
  if (place > 0) free.push(place);
}

/** `trialsBefore`: decayed trials of the cell before its first refusal, which is when its detector begins. */
export function beginEDetector({ numbers }: EDetectors, detector: number, trialsBefore: number, bin: number): void {
  const at = DETECTOR * detector;
  numbers[at + N] = trialsBefore;
  numbers[at + BINS] = Math.min(HALF_LIFE_BINS, trialsBefore);
  numbers[at + LAST_BIN] = bin;
}

export const isRising = ({ numbers }: EDetectors, detector: number): boolean =>
  (numbers[DETECTOR * detector + RISE] ?? 0) > 0;

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
  const { numbers, rises } = detectors;
  const { numbers: rising, words } = rises;
  const first = DETECTOR * detector;
  const rise = numbers[first + RISE] ?? 0;
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
    const at = RISING * rise + TEST * k;
    const isUsual = (ALTERNATIVES[k] ?? 0.5) <= usual;
    const gain = isUsual ? ofUsual : gainOf(f, n, (LOGS[k] ?? 0) - logP0, (LOGS_OF_REST[k] ?? 0) - logRest) * temper;
    const growth = isUsual ? growthOfUsual : Math.exp(Math.min(600, gain));
    const sr = Math.min(1e300, (1 + (numbers[first + k] ?? 0)) * growth);
    numbers[first + k] = sr;
    mean += sr / ALTERNATIVES.length;
    const before = rising[at + CUSUM] ?? 0;
    const word = 2 * at;
    words[word + AGE] = before <= 0 ? 0 : Math.min(MOST_BINS, (words[word + AGE] ?? 0) + since);
    words[word + REFUSED] = (before <= 0 ? 0 : (words[word + REFUSED] ?? 0)) + f;
    const cusum = Math.max(0, before + gain);
    rising[at + CUSUM] = cusum;
    if (cusum > highest) {
      highest = cusum;
      best = at;
    }
  }
  const most = best < 0 ? Number.POSITIVE_INFINITY : TAUGHT * p0 * n;
  learn({ numbers, at: first, waiting: rising, place: RISING * rise }, { bin, f, n, most });
  numbers[first + LAST_BIN] = bin;
  const refused = best < 0 ? 0 : (words[2 * best + REFUSED] ?? 0);
  const start = bin - (best < 0 ? 0 : (words[2 * best + AGE] ?? 0));
  if (best < 0) endRise(rises, rise);
  numbers[first + RISE] = best < 0 ? 0 : rise > 0 ? rise : beginRise(rises);
  return mean >= ALARM && refused >= REFUSALS_TO_ALARM ? start : undefined;
}

const gainOf = (f: number, n: number, refused: number, succeeded: number): number => f * refused + (n - f) * succeeded;

/** Of a detector what it learned, and of its rise what that is to teach. */
interface Learning {
  readonly numbers: Float64Array;
  readonly at: number;
  readonly waiting: Float64Array;
  readonly place: number;
}

/** `most`: refusals that the bin may teach. */
function learn(
  { numbers, at, waiting: rising, place }: Learning,
  { bin, f, n, most }: Binned & { readonly most: number },
): void {
  const decay = decayOf(Math.max(1, bin - (numbers[at + LAST_BIN] ?? 0)));
  const waiting = (rising[place + WAITING] ?? 0) + f;
  const waiting2 = (rising[place + WAITING2] ?? 0) + f * f;
  const share = waiting > most ? most / waiting : 1;
  rising[place + WAITING] = (1 - share) * waiting;
  rising[place + WAITING2] = (1 - share) * waiting2;
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
export function resetEDetector({ numbers, rises }: EDetectors, detector: number): void {
  const at = DETECTOR * detector;
  numbers.fill(0, at, at + ALTERNATIVES.length);
  endRise(rises, numbers[at + RISE] ?? 0);
  numbers[at + RISE] = 0;
}
