/**
 * `node bench/find-call.ts [--calls N] [--made N] [--folder DIR]`: how long it takes to find one of N kept calls by its id.
 * So many are made; copies of their segments under later numbers make up the rest, so a call is found once in each copy, and one
 * that is not kept is looked for in all. Without the disk's cache where it can be emptied.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  filterFile,
  findInSegments,
  listSegments,
  segmentFile,
  type SegmentName,
} from "../src/store/segment-folder.ts";
import { keepCalls, keptId } from "./kept-calls.ts";
import { quantile } from "./measure.ts";

const { values } = parseArgs({
  options: {
    calls: { type: "string", default: "10000000" },
    made: { type: "string", default: "1000000" },
    folder: { type: "string" },
  },
});
const wanted = Number(values.calls);
const made = Math.min(wanted, Number(values.made));
const folder = values.folder ?? mkdtempSync(join(tmpdir(), "scopetrail-find-"));
const TRIES = 20;

/** Whether the next reads are the disk's. */
function emptyCache(): boolean {
  try {
    writeFileSync("/proc/sys/vm/drop_caches", "1");
    return true;
  } catch {
    return false;
  }
}

/** The same segments once more, as if their calls had been closed so many later. */
function copyShifted(segments: readonly SegmentName[], shift: number): void {
  for (const { file, start, end } of segments) {
    const path = join(folder, file);
    const copy = join(folder, segmentFile(start + shift, end + shift));
    copyOnce(path, copy);
    copyOnce(filterFile(path), filterFile(copy));
  }
}

function copyOnce(from: string, to: string): void {
  if (existsSync(from) && !existsSync(to)) copyFileSync(from, to);
}

function timesOf(
  idOf: (i: number) => string,
  isCold: boolean,
): { readonly ms: readonly number[]; readonly found: number } {
  const ms: number[] = [];
  let found = 0;
  for (let i = 0; i < TRIES; i++) {
    if (isCold) emptyCache();
    const began = performance.now();
    found += findInSegments(folder, idOf(i)).calls.length;
    ms.push(performance.now() - began);
  }
  return { ms, found };
}

try {
  if (listSegments(folder).length === 0) await keepCalls(folder, made);
  const own = listSegments(folder).filter(({ end }) => end <= made);
  for (let shift = made; shift < wanted; shift += made) copyShifted(own, shift);
  const all = listSegments(folder);
  const bytes = all.reduce((sum, { file }) => sum + statSync(join(folder, file)).size, 0);
  console.log(`${all.at(-1)?.end ?? 0} calls in ${all.length} segments, ${(bytes / 1e9).toFixed(1)} GB\n`);
  console.log("| | ms, median | 95 % | most | found a time |\n| --- | --: | --: | --: | --: |");
  const kept = (i: number): string => keptId(Math.floor(((i + 0.5) * made) / TRIES));
  const lost = (i: number): string => keptId(-1 - i);
  const temperatures = emptyCache() ? [true, false] : [false];
  for (const isCold of temperatures)
    for (const [name, idOf] of [
      ["kept", kept],
      ["not kept", lost],
    ] as const) {
      const { ms, found } = timesOf(idOf, isCold);
      const figures = [0.5, 0.95, 1].map((share) => quantile(ms, share).toFixed(0)).join(" | ");
      console.log(`| ${name}, ${isCold ? "cold" : "warm"} | ${figures} | ${found / TRIES} |`);
    }
} finally {
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
}
