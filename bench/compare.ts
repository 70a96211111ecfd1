import { checkAnswers, type Said } from "./answers.ts";
import { bytesOf, type Contender, CONTENDERS, PARSE_RECORDS, pathsOf } from "./contenders.ts";
import { type Corpus, corpusOf, type Form } from "./corpus.ts";
import { BASE } from "./corpus/spec.ts";
import { isInstalled, measure, median, type Run } from "./measure.ts";
import type { Comparison, Row } from "./results.ts";

const FORMS: readonly Form[] = ["mixed", "bodies", "gateway", "cosmos", "gzip"];

interface Entry {
  readonly contender: Contender;
  readonly corpus: Corpus;
  readonly runs: Run[];
}

/** Every contender in turn, `rounds` times; throws when two of them do not agree. */
export async function compare(options: { readonly records: number; readonly rounds: number }): Promise<Comparison> {
  const corpusFor = (records: number): Promise<Corpus> => corpusOf({ ...BASE, calls: Math.ceil(records / 2) }, FORMS);
  const whole = await corpusFor(options.records);
  const part = await corpusFor(Math.min(options.records, PARSE_RECORDS));
  const skipped: string[] = [];
  const entries: Entry[] = [];
  for (const contender of CONTENDERS) {
    const { needs, kind } = contender;
    if (needs === undefined || isInstalled(needs))
      entries.push({ contender, corpus: kind === "parse" ? part : whole, runs: [] });
    else skipped.push(`${contender.says}: ${needs} is not installed`);
  }
  for (let round = 1; round <= options.rounds; round++)
    for (const { contender, corpus, runs } of entries) {
      const run = await measure(contender.program(pathsOf(contender, corpus)));
      process.stderr.write(`bench: round ${round}: ${contender.id}: ${run.cpuSeconds.toFixed(2)} CPU s\n`);
      runs.push(run);
    }
  checkAnswers(
    entries.flatMap(({ contender, runs }) => saidBy(contender, runs)),
    whole,
  );
  return {
    records: whole.records,
    bytes: whole.bytes("bodies"),
    rounds: options.rounds,
    rows: entries.map(rowOf),
    skipped,
  };
}

const saidBy = ({ id, kind }: Contender, runs: readonly Run[]): readonly Said[] =>
  kind === "parse" ? [] : runs.map(({ stdout }) => ({ id, kind, stdout }));

function rowOf({ contender, corpus, runs }: Entry): Row {
  const cpuSeconds = median(runs.map((run) => run.cpuSeconds));
  const bytes = bytesOf(contender, corpus);
  return {
    id: contender.id,
    says: contender.says,
    records: corpus.records,
    bytes,
    cpuSeconds,
    bestCpuSeconds: runs.reduce((best, run) => Math.min(best, run.cpuSeconds), Number.POSITIVE_INFINITY),
    wallSeconds: median(runs.map((run) => run.wallSeconds)),
    peakMb: nullIfUnknown(median(runs.map((run) => run.peakMb))),
    microsPerRecord: (cpuSeconds * 1e6) / corpus.records,
  };
}

const nullIfUnknown = (value: number): number | null => (Number.isNaN(value) ? null : value);
