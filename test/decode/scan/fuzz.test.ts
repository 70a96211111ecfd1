import { expect, test } from "vitest";
import { watchedScanner } from "../../../bench/fuzz/coverage.ts";
import { fuzz } from "../../../bench/fuzz/fuzz.ts";
import { Ways } from "../../../bench/fuzz/ways.ts";
import { faultRuns, seededRandom } from "../../faults/runs.ts";

const RUNS = faultRuns(1);
const SEED = Number(process.env["FAULT_SEED"] ?? 7);

test("inputs that reach ever more of the scan are read alike with and without it", { timeout: 60_000 * RUNS }, () => {
  const report = fuzz({ seed: SEED, executions: 3_000 * RUNS, most: 1 }, seededRandom(SEED));
  expect(report.differences, `FAULT_SEED=${SEED}`).toEqual([]);
  expect(report.taken).toBeGreaterThan(0.3 * report.executions);
  expect(report.edges.reached).toBeGreaterThan(0.7 * report.edges.all);
});

test("what a record reaches is counted, and nothing where nothing is read", () => {
  const { scanner, edges } = watchedScanner(1);
  expect(edges.some((count) => count > 0)).toBe(true);
  edges.fill(0);
  const ways = new Ways(scanner);
  const input = { text: '{"category":"GatewayLogs"}\n', isBody: false, cuts: [] };
  ways.withoutScan(input);
  expect(edges.every((count) => count === 0)).toBe(true);
  ways.withScan(input);
  expect(edges.filter((count) => count > 0).length).toBeGreaterThan(20);
});
