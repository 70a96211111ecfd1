/** Holds the scan to the general way with inputs that reach ever more of it: `npm run fuzz -- --executions N --seed S`. */
import { parseArgs } from "node:util";
import { type Difference, fuzz, type FuzzReport } from "./fuzz/fuzz.ts";
import { faultSeed, seededRandom } from "../test/faults/runs.ts";

const { values } = parseArgs({
  options: {
    executions: { type: "string", default: "5000000" },
    seed: { type: "string" },
    most: { type: "string", default: "20" },
  },
});
const seed = values.seed === undefined ? faultSeed() : Number(values.seed);
// Most inputs are broken, and each parse of them throws: a trace of the stack costs more than the parse.
Error.stackTraceLimit = 0;
const started = performance.now();

function print({ executions, taken, edges, corpus, cutDependent, differences }: FuzzReport): void {
  const cpu = process.cpuUsage();
  const cpuSeconds = (cpu.user + cpu.system) / 1e6;
  const seconds = (performance.now() - started) / 1e3;
  process.stdout.write(
    `${executions} executions (${taken} with a record that the scan took), edges ${edges.reached} of ${edges.all}, ` +
      `corpus ${corpus}, differences ${differences.length}, ${cutDependent} where the general way depends on cuts, ${seconds.toFixed(0)} s, ${cpuSeconds.toFixed(0)} CPU s, ` +
      `${Math.round(executions / seconds)} executions/s\n`,
  );
}

function printDifference({ execution, inputs, what }: Difference): void {
  const read = inputs.map((input) => `  ${JSON.stringify(input)}\n`).join("");
  process.stdout.write(`difference at execution ${execution}: ${what}\n${read}`);
}

process.stdout.write(`seed ${seed}\n`);
const report = fuzz(
  {
    seed,
    executions: Number(values.executions),
    most: Number(values.most),
    progress: print,
    onDifference: printDifference,
  },
  seededRandom(seed),
);
print(report);
process.exitCode = report.differences.length === 0 ? 0 : 1;
