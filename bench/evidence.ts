/**
 * `node bench/evidence.ts [--calls N] [--python PYTHON]`: what an export costs, a call found among those that are kept, and
 * the same Parquet written by DuckDB from the same rows; DuckDB (and pyarrow, where a Python has it) read back what was signed.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { analyzePaths } from "../src/commands/analyze-paths.ts";
import { callEvidence } from "../src/correlate/call-evidence.ts";
import { newSigningPem } from "../src/exports/signing-key.ts";
import { callsFolder, openCallLog } from "../src/store/call-log.ts";
import { findInSegments, listSegments } from "../src/store/segment-folder.ts";
import { corpusOf } from "./corpus.ts";
import { BASE } from "./corpus/spec.ts";
import { measure, type Run } from "./measure.ts";

const { values } = parseArgs({
  options: { calls: { type: "string", default: "100000" }, python: { type: "string" } },
});
const calls = Number(values.calls);
const corpus = await corpusOf({ ...BASE, calls }, ["mixed"]);
const folder = mkdtempSync(join(tmpdir(), "scopetrail-evidence-"));
const MAIN = join(import.meta.dirname, "../src/main.ts");
const keyFile = join(folder, "key.pem");
writeFileSync(keyFile, newSigningPem());
const PEERS = join(import.meta.dirname, "peers");

const Manifest = z.object({
  calls: z.object({ exported: z.number() }),
  files: z.array(z.object({ name: z.string(), bytes: z.number() })),
});

function row(name: string, run: Run, bytes: number): void {
  const per = (value: number): string => ((value / exported) * 1e6).toFixed(2);
  console.log(
    `| ${name} | ${run.cpuSeconds.toFixed(1)} | ${run.wallSeconds.toFixed(1)} | ${run.peakMb.toFixed(0)} | ${per(run.cpuSeconds)} | ${(bytes / 1e6).toFixed(1)} | ${(bytes / exported).toFixed(1)} |`,
  );
}

/** Calls that were joined out of the logs: more than went through the gateway. */
let exported = calls;
try {
  console.log(`${calls} calls, ${(statSync(corpus.path("mixed")).size / 1e6).toFixed(0)} MB of logs\n`);
  console.log(
    "| | CPU s | wall s | peak MB | µs a call | MB | bytes a call |\n| --- | --: | --: | --: | --: | --: | --: |",
  );
  const analyzed = await measure({ command: process.execPath, args: [MAIN, "analyze", corpus.path("mixed")] });
  row("analyze alone", analyzed, 0);
  for (const format of ["parquet", "ndjson"] as const) {
    const out = join(folder, format);
    const run = await measure({
      command: process.execPath,
      args: [
        MAIN,
        "export",
        "--in",
        corpus.path("mixed"),
        "--out",
        out,
        "--format",
        format,
        "--key",
        `file:${keyFile}`,
      ],
    });
    const manifest = Manifest.parse(JSON.parse(readFileSync(join(out, "export-000001/manifest.json"), "utf8")));
    exported = manifest.calls.exported;
    const tables = manifest.files.filter(({ name }) => name.endsWith(`.${format}`));
    row(
      `export, ${format}`,
      run,
      tables.reduce((sum, { bytes }) => sum + bytes, 0),
    );
  }
  for (const table of ["calls", "operations"]) {
    const path = join(folder, `${table}.parquet`);
    const from = join(folder, `ndjson/export-000001/${table}.ndjson`);
    const run = await measure({ command: process.execPath, args: [join(PEERS, "duckdb-parquet.ts"), from, path] });
    row(`DuckDB, ${table}: our NDJSON to Parquet`, run, statSync(path).size);
  }
  const parquet = join(folder, "parquet/export-000001");
  const verified = await measure({ command: process.execPath, args: [MAIN, "export", "verify", parquet] });
  row("export verify, parquet", verified, 0);
  console.log(`\n${verified.stdout.trim()}`);
  const read = await measure({ command: process.execPath, args: [join(PEERS, "duckdb-read.ts"), parquet] });
  console.log(read.stdout.trim());
  if (values.python !== undefined) {
    const python = await measure({ command: values.python, args: [join(PEERS, "evidence.py"), parquet] });
    console.log(python.stdout.trim());
  }
  await keepAndFind();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The same calls kept as segments, and one of them looked for by an id of its own. */
async function keepAndFind(): Promise<void> {
  const kept = callsFolder(join(folder, "state.db"));
  mkdirSync(kept, { recursive: true });
  const log = openCallLog(kept, 1e15);
  log.begin(0);
  let spent = 0;
  let count = 0;
  const ids: string[] = [];
  await analyzePaths([corpus.path("mixed")], {
    onCall(call) {
      const began = process.cpuUsage();
      const evidence = callEvidence(call);
      log.add(evidence);
      const { user, system } = process.cpuUsage(began);
      spent += user + system;
      if (count++ % 9_973 === 0) ids.push(evidence.ids[0] ?? "");
    },
  });
  await log.flush();
  await log.settle();
  const bytes = listSegments(kept).reduce((sum, { file }) => sum + statSync(join(kept, file)).size, 0);
  console.log(
    `\nkept as segments: ${(spent / count).toFixed(1)} µs of CPU a call, ${(bytes / count).toFixed(1)} bytes a call`,
  );
  const times = ids.map((id) => {
    const began = performance.now();
    if (findInSegments(kept, id).calls.length === 0) throw new Error(`${id} was not found`);
    return performance.now() - began;
  });
  const worst = times.reduce((a, b) => Math.max(a, b), 0);
  console.log(`one of ${count} calls by its id: at most ${worst.toFixed(1)} ms of ${times.length} tries`);
}
