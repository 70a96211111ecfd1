/**
 * `node bench/exports.ts [--calls N] [--folder DIR]`: calls as serve keeps them are exported, as the command does it, and DuckDB writes
 * the same Parquet again from what was exported: time, memory, bytes a call.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { newSigningPem } from "../src/exports/signing-key.ts";
import { callsFolder } from "../src/store/call-log.ts";
import { listSegments } from "../src/store/segment-folder.ts";
import { keepCalls } from "./kept-calls.ts";
import { measure, type Run } from "./measure.ts";

const { values } = parseArgs({
  options: { calls: { type: "string", default: "1000000" }, folder: { type: "string" } },
});
const wanted = Number(values.calls);
const folder = values.folder ?? mkdtempSync(join(tmpdir(), "scopetrail-exports-"));
const state = join(folder, "state.db");
const BIN = join(import.meta.dirname, "../bin/scopetrail.js");
const PEER = join(import.meta.dirname, "peers/duckdb-copy.ts");

const Manifest = z.object({
  calls: z.object({ exported: z.number() }),
  files: z.array(z.object({ name: z.string(), bytes: z.number() })),
});

try {
  if (!existsSync(callsFolder(state))) await keepCalls(callsFolder(state), wanted);
  const bytes = listSegments(callsFolder(state)).reduce(
    (sum, { file }) => sum + statSync(join(callsFolder(state), file)).size,
    0,
  );
  console.log(`${wanted} kept calls, ${(bytes / wanted).toFixed(1)} bytes a call\n`);
  console.log("| | CPU s | wall s | peak MB | µs a call | bytes a call |\n| --- | --: | --: | --: | --: | --: |");
  const key = join(folder, "key.pem");
  writeFileSync(key, newSigningPem());
  const out = join(folder, "out");
  rmSync(out, { recursive: true, force: true });
  const args = [BIN, "export", "--state", state, "--out", out, "--key", `file:${key}`];
  const exported = await measure({ command: process.execPath, args });
  const bundle = join(out, "export-000001");
  const { files, calls } = Manifest.parse(JSON.parse(readFileSync(join(bundle, "manifest.json"), "utf8")));
  if (calls.exported !== wanted) throw new Error(`${calls.exported} of ${wanted} calls were exported`);
  const tables = files.filter(({ name }) => name.endsWith(".parquet"));
  row(
    "export, parquet, signed",
    exported,
    tables.reduce((sum, file) => sum + file.bytes, 0),
  );
  for (const { name } of tables) {
    const copy = join(folder, `copy-${name}`);
    const run = await measure({ command: process.execPath, args: [PEER, join(bundle, name), copy] });
    row(`DuckDB, ${name} to Parquet`, run, statSync(copy).size);
  }
} finally {
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
}

function row(name: string, { cpuSeconds, wallSeconds, peakMb }: Run, bytes: number): void {
  const each = [(cpuSeconds / wanted) * 1e6, bytes / wanted].map((value) => value.toFixed(1));
  console.log(
    `| ${name} | ${cpuSeconds.toFixed(0)} | ${wallSeconds.toFixed(0)} | ${peakMb.toFixed(0)} | ${each.join(" | ")} |`,
  );
}
