import { expect, test } from "vitest";
import { degrade, idsInLogs, type Lack, LACKS } from "../../src/simulate/degrade.ts";
import { generate } from "../../src/simulate/generate.ts";
import type { Rendered } from "../../src/simulate/operation.ts";

const { records } = generate({ seed: 31, scenario: "single", hours: 1.5 });

const textOf = (list: readonly Rendered[]): string => JSON.stringify(list);
const count = (list: readonly Rendered[], category: string): number =>
  list.filter((rendered) => rendered.category === category).length;

test("the whole logs have everything that can be left out", () => {
  const whole = textOf(records).toLowerCase();
  for (const part of ["x-ms-substatus", "tracerecords", "backendresponsebody", "x-ms-activity-id", "administrative"])
    expect(whole).toContain(part);
});

test.each<[Lack, string]>([
  ["sub-status", "x-ms-substatus"],
  ["claims", "tracerecords"],
  ["bodies", "backendresponsebody"],
  ["join", "x-ms-activity-id"],
  ["changes", "administrative"],
  ["data-plane", "dataplanerequests"],
])("without %s nothing of it is left, and every call still is", (lack, part) => {
  const left = degrade(records, lack);
  expect(textOf(left).toLowerCase()).not.toContain(part);
  expect(count(left, "GatewayLogs")).toBe(count(records, "GatewayLogs"));
});

test("without a join no operation has the id of a call", () => {
  const left = degrade(records, "join");
  const calls = new Set(left.map(({ record }) => record["correlationId"]));
  const operations = left.filter(({ category }) => category === "DataPlaneRequests");
  expect(operations.length).toBeGreaterThan(100);
  for (const { record } of operations)
    expect(calls).not.toContain((record["properties"] as { activityId: string }).activityId);
});

test.each(["nothing", "join"] as const)("without %s the operations that a call made are known by its ids", (lack) => {
  const calls = records.filter(({ category }) => category === "GatewayLogs");
  const ids = new Set(calls.flatMap(({ record }) => idsInLogs(String(record["correlationId"]))));
  const operations = degrade(records, lack).filter(({ category }) => category === "DataPlaneRequests");
  const known = operations.filter(({ record }) => ids.has((record["properties"] as { activityId: string }).activityId));
  expect(known.length).toBeGreaterThan(0.9 * operations.length);
});

test("a tenth of the calls is sampled, with all operations", () => {
  const left = degrade(records, "nine calls of ten");
  const share = count(left, "GatewayLogs") / count(records, "GatewayLogs");
  expect(share).toBeGreaterThan(0.08);
  expect(share).toBeLessThan(0.12);
  expect(count(left, "DataPlaneRequests")).toBe(count(records, "DataPlaneRequests"));
});

test("the same records lose the same", () => {
  for (const lack of LACKS) expect(textOf(degrade(records, lack))).toBe(textOf(degrade(records, lack)));
});
