import { join } from "node:path";
import type { Corpus, Form } from "./corpus.ts";
import type { Program } from "./measure.ts";

/** What takes part in a comparison. `job`: the whole of it, with an answer to compare. `parse`: reads every value and keeps none. */
export interface Contender {
  readonly id: string;
  readonly says: string;
  readonly kind: "analyze" | "job" | "parse";
  /** Forms of the corpus it reads, one path an argument. */
  readonly reads: readonly Form[];
  /** A program that may be missing on a machine. */
  readonly needs?: string;
  readonly program: (paths: readonly string[]) => Program;
}

const ROOT = join(import.meta.dirname, "..");
const script = (path: string, args: readonly string[]): Program => ({
  command: process.execPath,
  args: [join(ROOT, path), ...args],
});

/** As a user runs it, everything on. */
export const analyzeProgram = (paths: readonly string[]): Program =>
  script("bin/scopetrail.js", ["analyze", "--json", ...paths]);

const analyze = (id: string, says: string, form: Form): Contender => ({
  id,
  says: `scopetrail analyze, ${says}`,
  kind: "analyze",
  reads: [form],
  program: analyzeProgram,
});

export const CONTENDERS: readonly Contender[] = [
  analyze("analyze-bodies", "Event Hubs bodies", "bodies"),
  analyze("analyze-mixed", "one record a line", "mixed"),
  analyze("analyze-gzip", "one record a line, gzip", "gzip"),
  {
    id: "duckdb-bodies",
    says: "DuckDB, Event Hubs bodies",
    kind: "job",
    reads: ["bodies"],
    program: (paths) => script("bench/peers/duckdb.ts", ["bodies", ...paths]),
  },
  {
    id: "duckdb-split",
    says: "DuckDB at its best: a file a category, typed, only the columns of the answer",
    kind: "job",
    reads: ["gateway", "cosmos"],
    program: (paths) => script("bench/peers/duckdb.ts", ["split", ...paths]),
  },
  {
    id: "json-parse",
    says: "JSON.parse in Node, Event Hubs bodies",
    kind: "job",
    reads: ["bodies"],
    program: (paths) => script("bench/peers/json-parse.ts", paths),
  },
  {
    id: "python",
    says: "Python json, parse only",
    kind: "parse",
    needs: "python3",
    reads: ["mixed"],
    program: (paths) => ({ command: "python3", args: [join(ROOT, "bench/peers/parse.py"), ...paths] }),
  },
  {
    id: "jq",
    says: "jq, parse only",
    kind: "parse",
    needs: "jq",
    reads: ["mixed"],
    program: (paths) => ({ command: "jq", args: ["-n", "reduce inputs as $record (0; . + 1)", ...paths] }),
  },
];

/** Contenders of kind `parse` get a corpus of at most this many records: they are there for scale. */
export const PARSE_RECORDS = 200_000;

export const pathsOf = ({ reads }: Contender, corpus: Corpus): readonly string[] =>
  reads.map((form) => corpus.path(form));
export const bytesOf = ({ reads }: Contender, corpus: Corpus): number =>
  reads.reduce((sum, form) => sum + corpus.bytes(form), 0);
