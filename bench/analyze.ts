/**
 * Rate and peak memory of `analyze` on mixed NDJSON, as a ratio against a program that only parses each line and counts
 * statuses: `npm run bench -- --mb 1000 --rounds 3`. Whole processes, in turn, medians.
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { generate } from "../src/simulate/generate.ts";

const { values: flags } = parseArgs({
  options: { mb: { type: "string", default: "200" }, rounds: { type: "string", default: "3" } },
});

const PEER = `
const { createReadStream } = require("node:fs");
const { createInterface } = require("node:readline");
const counts = new Map();
const lines = createInterface({ input: createReadStream(process.argv[1]) });
lines.on("line", (line) => {
  const { category, properties } = JSON.parse(line);
  const key = category + properties?.responseCode + properties?.statusCode;
  counts.set(key, (counts.get(key) ?? 0) + 1);
});
`;

interface Run {
  readonly seconds: number;
  readonly peakMb: number;
}

/** Writes simulated records of several tenants, one a line, until the file is large enough. */
function writeInput(path: string, bytes: number): void {
  const file = openSync(path, "w");
  let written = 0;
  for (let seed = 1; written < bytes; seed++) {
    const { records } = generate({ seed, scenario: "mixed", hours: 6 });
    for (let at = 0; at < records.length && written < bytes; at += 1_000) {
      const lines = records.slice(at, at + 1_000).map(({ record }) => JSON.stringify(record));
      written += writeSync(file, `${lines.join("\n")}\n`);
    }
  }
  closeSync(file);
}

function timed(args: readonly string[]): Run {
  const probe = `process.on("exit", () => process.stderr.write("\\nPEAK " + process.resourceUsage().maxRSS + "\\n"));`;
  const began = performance.now();
  const run = spawnSync(process.execPath, ["--import", `data:text/javascript,${encodeURIComponent(probe)}`, ...args], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (run.status !== 0) throw new Error(run.stderr);
  return { seconds: (performance.now() - began) / 1_000, peakMb: Number(/PEAK (\d+)/.exec(run.stderr)?.[1]) / 1_024 };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const folder = mkdtempSync(join(tmpdir(), "scopetrail-bench-"));
try {
  const input = join(folder, "mixed.ndjson");
  const megabytes = Number(flags.mb);
  writeInput(input, megabytes * 1e6);
  const ours: Run[] = [];
  const peer: Run[] = [];
  for (let round = 0; round < Number(flags.rounds); round++) {
    ours.push(
      timed(["--max-old-space-size=448", join(import.meta.dirname, "../src/main.ts"), "analyze", "--json", input]),
    );
    peer.push(timed(["-e", PEER, input]));
  }
  const seconds = median(ours.map((run) => run.seconds));
  const ratio = median(ours.map((run, i) => run.seconds / (peer[i]?.seconds ?? Number.NaN)));
  process.stdout.write(
    `${megabytes} MB of mixed NDJSON: ${seconds.toFixed(1)} s, ${(megabytes / seconds).toFixed(0)} MB/s, peak memory ` +
      `${median(ours.map((run) => run.peakMb)).toFixed(0)} MB; ${ratio.toFixed(2)} times the time of parsing and counting alone\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
