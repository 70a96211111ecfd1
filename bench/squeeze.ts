/**
 * The covering of the explanation on the public Squeeze data (columns real, predict and attributes; `injection_info.csv` holds
 * the root causes): `node bench/squeeze.ts FOLDER`. Prints F1 and seconds a case, by folder. The data is not part of this
 * project; Li et al., "Generic and Robust Localization of Multi-dimensional Root Causes", ISSRE 2019, describes it.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { cover } from "../src/explain/cover.ts";

interface Case {
  readonly folder: string;
  readonly file: string;
  /** `a=1&b=2`, sorted within each. */
  readonly truth: readonly string[];
}

interface Leaves {
  readonly attributes: readonly string[];
  readonly names: readonly (readonly string[])[];
  readonly columns: readonly Int32Array[];
  readonly real: Float64Array;
  readonly predicted: Float64Array;
}

const sorted = (text: string): string => text.split("&").toSorted().join("&");

function* casesIn(folder: string): Generator<Case> {
  const info = join(folder, "injection_info.csv");
  if (!existsSync(info)) {
    for (const name of readdirSync(folder).toSorted())
      if (statSync(join(folder, name)).isDirectory()) yield* casesIn(join(folder, name));
    return;
  }
  const [header = "", ...lines] = readFileSync(info, "utf8").trim().split(/\r?\n/);
  const fields = header.split(",");
  const [time, set] = [fields.indexOf("timestamp"), fields.indexOf("set")];
  for (const line of lines) {
    const values = line.split(",");
    const file = join(folder, `${values[time] ?? ""}.csv`);
    if (existsSync(file)) yield { folder: basename(folder), file, truth: (values[set] ?? "").split(";").map(sorted) };
  }
}

function readLeaves(file: string): Leaves {
  const [header = "", ...lines] = readFileSync(file, "utf8").trim().split(/\r?\n/);
  const fields = header.split(",");
  const rows = lines
    .map((line) => line.split(","))
    .filter((row) => row[fields.indexOf("real")] !== "0.0" || row[fields.indexOf("predict")] !== "0.0");
  const attributes = fields.filter((name) => name !== "real" && name !== "predict");
  const number = (name: string): Float64Array =>
    Float64Array.from(rows, (row) => Number(row[fields.indexOf(name)] ?? 0));
  const read = attributes.map((name) => {
    const ids = new Map<string, number>();
    const column = Int32Array.from(rows, (row) => {
      const text = row[fields.indexOf(name)] ?? "";
      const id = ids.get(text) ?? ids.size;
      ids.set(text, id);
      return id;
    });
    return { column, names: [...ids.keys()] };
  });
  return {
    attributes,
    names: read.map(({ names }) => names),
    columns: read.map(({ column }) => column),
    real: number("real"),
    predicted: number("predict"),
  };
}

const LEAST_CUT = 0.01;
const EXTREME = 5;

/**
 * 1 for the leaves that deviate from what was predicted by more than the other side's most extreme leaves do (the cut point
 * of RiskLoc; Kalander, arXiv:2205.10004), 0 for the others.
 */
function deviating({ real, predicted }: Leaves): Float64Array {
  const deviation = real.map((value, i) => {
    const sum = value + (predicted[i] ?? 0);
    return sum === 0 ? 0 : (2 * ((predicted[i] ?? 0) - value)) / sum;
  });
  const values = [...new Set(deviation)].toSorted((a, b) => a - b);
  const at = Math.min(EXTREME, values.length - 1);
  const low = Math.abs(values[at] ?? 0);
  const high = Math.abs(values[values.length - 1 - at] ?? 0);
  const sign = high >= low ? 1 : -1;
  const cut = Math.max(Math.min(low, high), LEAST_CUT);
  return deviation.map((value) => (value * sign > cut ? 1 : 0));
}

const PURE = 0.6;

function explained(leaves: Leaves): readonly string[] {
  const f = deviating(leaves);
  const table = { columns: leaves.columns, f, n: new Float64Array(f.length).fill(1) };
  const rows = Array.from(f, (_, row) => row);
  const found = cover(table, rows, { maxRules: 12, maxConditions: 4, minRefused: 2, dispersion: 1 });
  return found
    .filter(({ rule }) => rule.inside >= PURE)
    .map(({ rule }) =>
      sorted(
        rule.conditions
          .map(({ column, value }) => `${leaves.attributes[column] ?? ""}=${leaves.names[column]?.[value] ?? ""}`)
          .join("&"),
      ),
    );
}

interface Sum {
  cases: number;
  right: number;
  wrong: number;
  missed: number;
  seconds: number;
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("node bench/squeeze.ts FOLDER");
const sums = new Map<string, Sum>();
for (const one of casesIn(folder)) {
  const leaves = readLeaves(one.file);
  const began = process.cpuUsage();
  const names = new Set(explained(leaves));
  const spent = process.cpuUsage(began);
  const right = one.truth.filter((name) => names.has(name)).length;
  for (const group of [one.folder, "all"]) {
    const sum = sums.get(group) ?? { cases: 0, right: 0, wrong: 0, missed: 0, seconds: 0 };
    sum.cases += 1;
    sum.right += right;
    sum.wrong += names.size - right;
    sum.missed += one.truth.length - right;
    sum.seconds += (spent.user + spent.system) / 1e6;
    sums.set(group, sum);
  }
}
process.stdout.write(`${"folder".padEnd(32)} cases  F1      CPU s a case\n`);
for (const [group, { cases, right, wrong, missed, seconds }] of sums)
  process.stdout.write(
    `${group.padEnd(32)} ${String(cases).padStart(5)}  ${((2 * right) / (2 * right + wrong + missed)).toFixed(4)}  ${(seconds / cases).toFixed(3)}\n`,
  );
