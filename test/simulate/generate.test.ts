import { describe, expect, test } from "vitest";
import { generate } from "../../src/simulate/generate.ts";

test("the same seed gives the same corpus, another seed another", () => {
  const text = (seed: number) =>
    JSON.stringify(generate({ seed, scenario: "mixed", hours: 2 }).records.map(({ record }) => record));
  expect(text(3)).toBe(text(3));
  expect(text(3)).not.toBe(text(4));
});

test("a rate that is asked for thins the ordinary calls, not the decoys", () => {
  const made = (rate: object) => generate({ seed: 3, scenario: "decoys", hours: 2, ...rate });
  const [plain, thinned] = [made({}), made({ rate: 0.2 })];
  expect(thinned.records.length).toBeLessThan(plain.records.length / 2);
  expect(thinned.truth.decoys.map(({ kind }) => kind)).toEqual(plain.truth.decoys.map(({ kind }) => kind));
});

describe("the truth agrees with the logs", () => {
  const { records, truth } = generate({ seed: 2, scenario: "mixed", hours: 4 });
  const gateway = records
    .filter(({ category }) => category === "GatewayLogs")
    .map(({ record }) => record as { correlationId: string; time: string; properties: { responseCode: number } });
  const byId = new Map(gateway.map((record) => [record.correlationId, record]));

  test("there are faults", () => expect(truth.faults.length).toBeGreaterThan(0));
  test.each(truth.faults)("$cause", (fault) => {
    expect(fault.refusedIds).toHaveLength(fault.refused);
    for (const id of fault.refusedIds) {
      expect([401, 403]).toContain(byId.get(id)?.properties.responseCode);
      expect(Date.parse(byId.get(id)?.time ?? "")).toBeGreaterThanOrEqual(Date.parse(fault.onset) - 1);
    }
  });
});
