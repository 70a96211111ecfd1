import { watchedScanner } from "./coverage.ts";
import { minimal } from "./minimal.ts";
import { mutated, type Random } from "./mutate.ts";
import { seeds } from "./seeds.ts";
import { difference, type FuzzInput, type Outcome, Ways } from "./ways.ts";

/** Where the ways part, made small. */
export interface Difference {
  /** Executions before it. */
  readonly execution: number;
  /** Read one after another by a new scanner, the last one differently. */
  readonly inputs: readonly FuzzInput[];
  readonly what: string;
}

export interface FuzzReport {
  readonly seed: number;
  /** Inputs that were read both ways and compared. */
  readonly executions: number;
  /** Executions in which the scan took a record; in the others both ways are one. */
  readonly taken: number;
  readonly edges: { readonly reached: number; readonly all: number };
  readonly corpus: number;
  /** Executions in which the general way itself gives something else for the same stream uncut, and the scan gives that. */
  readonly cutDependent: number;
  readonly differences: readonly Difference[];
}

export interface FuzzOptions {
  readonly seed: number;
  readonly executions: number;
  /** Stops at this many differences. */
  readonly most?: number;
  readonly progress?: (report: FuzzReport) => void;
  readonly onDifference?: (difference: Difference) => void;
}

const SEEDS = 200;
/** A new scanner after so many inputs: its tables of keys are bounded, and history that a difference needs is short. */
const GENERATION = 4_000;
const PROGRESS = 100_000;
const MOST_DIFFERENCES = 20;

/** How often an edge was gone, in eight classes, a bit each. */
const CLASS = Uint8Array.from({ length: 256 }, (_, count) =>
  count === 0 ? 0 : 1 << (count < 4 ? count - 1 : Math.min(7, 32 - Math.clz32(count))),
);

/** Executions, and what they reached so far. */
class Fuzz {
  readonly seed: number;
  readonly #random: Random;
  readonly corpus: FuzzInput[] = [];
  /** Those of the corpus of which the scan took a record: changed more often, as what it does not take is read one way. */
  readonly #takenOnes: FuzzInput[] = [];
  readonly differences: Difference[] = [];
  readonly #kinds = new Set<string>();
  #reached = new Uint8Array(0);
  #watched = watchedScanner(1);
  #ways = new Ways(this.#watched.scanner);
  #history: FuzzInput[] = [];
  #executions = 0;
  #taken = 0;
  #cutDependent = 0;

  constructor(seed: number, random: Random) {
    this.seed = seed;
    this.#random = random;
    this.#reached = new Uint8Array(this.#watched.edges.length);
  }

  get report(): FuzzReport {
    const reached = this.#reached.reduce((sum, classes) => sum + (classes === 0 ? 0 : 1), 0);
    return {
      seed: this.seed,
      executions: this.#executions,
      taken: this.#taken,
      edges: { reached, all: this.#reached.length },
      corpus: this.corpus.length,
      cutDependent: this.#cutDependent,
      differences: this.differences,
    };
  }

  /** The shortest of three of the corpus, changed. */
  next(): FuzzInput {
    const [one, two] = [this.#any(), this.#any(), this.#any()].toSorted((a, b) => a.text.length - b.text.length);
    if (one === undefined || two === undefined) throw new Error("the corpus is empty");
    return mutated(one, two, this.#random);
  }

  /** The newest are taken more often. */
  #any(): FuzzInput {
    const corpus = this.#takenOnes.length > 0 && this.#random() < 0.85 ? this.#takenOnes : this.corpus;
    const from = this.#random() < 0.3 ? Math.max(0, corpus.length - 64) : 0;
    const input = corpus[from + Math.floor(this.#random() * (corpus.length - from))];
    if (input === undefined) throw new Error("the corpus is empty");
    return input;
  }

  execute(input: FuzzInput, isSeed = false): void {
    if (this.#history.length >= GENERATION) this.#begin();
    this.#history.push(input);
    this.#watched.edges.fill(0);
    const scan = attempt(() => this.#ways.withScan(input));
    const isNew = this.#reach();
    const general = attempt(() => this.#ways.withoutScan(input));
    this.#executions += 1;
    const isTaken = typeof scan !== "string" && scan.scanned > 0;
    if (isTaken) this.#taken += 1;
    if (isNew || isSeed) this.corpus.push(input);
    if (isTaken && (isNew || isSeed)) this.#takenOnes.push(input);
    const what = parted(scan, general);
    if (what === undefined) return;
    if (isAsUncut(this.#ways, input, scan)) this.#cutDependent += 1;
    else this.#differs(what);
  }

  /** Whether an edge was gone, or gone as often, for the first time. */
  #reach(): boolean {
    const { edges } = this.#watched;
    let isNew = false;
    for (let edge = 0; edge < edges.length; edge++) {
      const count = CLASS[edges[edge] ?? 0] ?? 0;
      const before = this.#reached[edge] ?? 0;
      if ((before | count) === before) continue;
      this.#reached[edge] = before | count;
      isNew = true;
    }
    return isNew;
  }

  #begin(): void {
    this.#watched = watchedScanner(1 + Math.floor(this.#random() * 1e6));
    this.#ways = new Ways(this.#watched.scanner);
    this.#history = [];
  }

  #differs(what: string): void {
    const inputs = minimal(this.#history, (some) => partsAfter(some) !== undefined);
    const small = partsAfter(inputs) ?? what;
    const kind = small.replaceAll(/\d+/g, "#");
    if (!this.#kinds.has(kind)) this.differences.push({ execution: this.#executions, inputs, what: small });
    this.#kinds.add(kind);
    this.#begin();
  }
}

/** What a way gives, or what it throws: neither may throw, and so may not differ in that either. */
function attempt(way: () => Outcome): Outcome | string {
  try {
    return way();
  } catch (error) {
    return `throws ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
}

function parted(scan: Outcome | string, general: Outcome | string): string | undefined {
  if (typeof scan === "string") return `with the scan: ${scan}`;
  if (typeof general === "string") return `without the scan: ${general}`;
  return difference(scan, general);
}

/** Where the ways part at the last of the inputs, which a new scanner reads one after another. */
function partsAfter(inputs: readonly FuzzInput[]): string | undefined {
  const ways = new Ways(watchedScanner(1).scanner);
  let what: string | undefined;
  for (const input of inputs) {
    const scan = attempt(() => ways.withScan(input));
    what = parted(
      scan,
      attempt(() => ways.withoutScan(input)),
    );
    if (what !== undefined && isAsUncut(ways, input, scan)) what = undefined;
  }
  return what;
}

/** Whether the scan gives what the general way gives of the same input in one piece. */
const isAsUncut = (ways: Ways, input: FuzzInput, scan: Outcome | string): boolean =>
  input.cuts.length > 0 &&
  parted(
    scan,
    attempt(() => ways.withoutScan({ ...input, cuts: [] })),
  ) === undefined;

/** Changes inputs of a corpus that grows by what reaches new ways through the scan, and reads each with and without it. */
export function fuzz(
  { seed, executions, most = MOST_DIFFERENCES, progress, onDifference }: FuzzOptions,
  random: Random,
): FuzzReport {
  const run = new Fuzz(seed, random);
  for (const input of seeds(SEEDS, random)) run.execute(input, true);
  for (let i = run.corpus.length; i < executions && run.differences.length < most; i++) {
    const known = run.differences.length;
    run.execute(run.next());
    for (const found of run.differences.slice(known)) onDifference?.(found);
    if (i % PROGRESS === 0) progress?.(run.report);
  }
  return run.report;
}
