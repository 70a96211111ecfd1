import { beforeAll, describe, expect, test } from "vitest";
import { type Analysis, createAnalysis } from "../../src/analysis.ts";
import { type Comparison, compareCalls } from "../../src/findings/comparison.ts";
import { refusalMatrix } from "../../src/findings/matrix.ts";
import type { Tracked } from "../../src/findings/same-fault.ts";
import { end } from "../../src/pipeline.ts";
import { at, claims, gatewayError } from "../builders.ts";
import { CALLS, during, END, type Fault, ONSET } from "../explain/tenant.ts";
import { follow } from "../follow.ts";
import { appId, eventsOf, objectId, refusedByCosmos, refusedByGateway } from "../traffic.ts";

function analysisOf(fault: Fault): { analysis: Analysis; tracked: Tracked; comparison: Comparison } {
  const analysis = createAnalysis({ lateness: 0, seed: 1 });
  follow(analysis, eventsOf(CALLS, during(fault)));
  end(analysis);
  const [tracked] = analysis.findings.tracked.values();
  if (tracked === undefined) throw new Error("the fault is found");
  return { analysis, tracked, comparison: compareCalls(analysis.detection, tracked) };
}

describe("a fault of one backend", () => {
  let found: ReturnType<typeof analysisOf>;
  beforeAll(() => {
    found = analysisOf((call) =>
      call.backend === "orders-b"
        ? refusedByCosmos(call, 403, { subStatus: 5302 }, { credential: "AadToken" })
        : undefined,
    );
  });

  test("the backend is what differs, and the same callers' other calls are what it is compared with", () => {
    const { comparison } = found;
    const during_ = CALLS.filter(({ seconds }) => seconds >= ONSET && seconds < END);
    const refused = during_.filter(({ backend }) => backend === "orders-b").length;
    const others = during_.filter(({ backend }) => backend === "orders-a").length;
    expect(comparison.refused).toBeGreaterThan(0.97 * refused);
    expect(comparison.refused).toBeLessThanOrEqual(refused);
    expect(comparison.succeeded).toBeGreaterThan(0.95 * others);
    expect(comparison.succeeded).toBeLessThanOrEqual(others);
    const backend = comparison.differences.find(({ dimension }) => dimension === "backend");
    expect(backend).toEqual({ dimension: "backend", value: "orders-b", refused: 1, succeeded: 0, claimed: false });
    expect(comparison.differences[0]?.refused).toBe(1);
    expect(comparison.differences[0]?.succeeded).toBe(0);
  });

  test("each dimension is there once, most different first, in shares", () => {
    const { differences } = found.comparison;
    expect(new Set(differences.map(({ dimension }) => dimension)).size).toBe(differences.length);
    const gaps = differences.map(({ refused, succeeded }) => refused - succeeded);
    expect(gaps).toEqual(gaps.toSorted((a, b) => b - a));
    for (const { refused, succeeded } of differences) {
      expect(refused).toBeGreaterThan(0);
      expect(Math.max(refused, succeeded)).toBeLessThanOrEqual(1);
    }
    expect(differences.map(({ dimension }) => dimension)).not.toContain("subStatus");
  });

  test("the matrix counts the refused calls of the API, in their time", () => {
    const range = { from: at(0), to: at(10_800) };
    const { rows, times } = refusalMatrix(found.analysis.detection, { by: "api", ...range });
    expect(times).toHaveLength(49);
    expect(rows.map(({ name }) => name)).toEqual(["orders"]);
    const [orders] = rows;
    const all = CALLS.filter(({ gateway }) => gateway.api === "orders").length;
    expect(orders?.calls).toBeGreaterThan(0.98 * all);
    expect(orders?.calls).toBeLessThanOrEqual(all + 48);
    const width = 10_800 / 48;
    orders?.cells.forEach(({ refused }, column) => {
      if ((column + 1) * width < ONSET || column * width > END) expect(refused).toBe(0);
    });
    expect(orders?.cells[Math.floor(6_500 / width)]?.refused).toBeGreaterThan(10);
  });
});

describe("a fault told by tokens that nobody vouched for", () => {
  let found: ReturnType<typeof analysisOf>;
  beforeAll(() => {
    found = analysisOf((call) =>
      call.app === 5
        ? refusedByGateway(call, {
            error: gatewayError("TokenAudienceNotAllowed"),
            claims: claims({ ...call.gateway.claims, state: "unverified", audience: "https://management.azure.com" }),
          })
        : undefined,
    );
  });

  test("what the token says is marked as claimed, and names no caller", () => {
    for (const { dimension, claimed } of found.comparison.differences)
      expect([dimension, claimed]).toEqual([
        dimension,
        ["audience", "issuer", "appId", "principal", "tokenVersion", "keyId", "scopes", "roles", "tokenAge"].includes(
          dimension,
        ),
      ]);
    const { rows } = refusalMatrix(found.analysis.detection, { by: "caller", from: at(0), to: at(10_800) });
    const names = rows.filter(({ refused }) => refused > 50).map(({ name }) => name);
    expect(names).not.toContain(appId(5));
    expect(names).not.toContain(objectId(5));
    expect(names).toContain("callers nobody vouched for");
  });
});

test("a finding whose calls are forgotten has no comparison", () => {
  const { tracked } = analysisOf((call) =>
    call.backend === "orders-b"
      ? refusedByCosmos(call, 403, { subStatus: 5302 }, { credential: "AadToken" })
      : undefined,
  );
  const empty = createAnalysis({ lateness: 0, seed: 1 });
  expect(compareCalls(empty.detection, tracked)).toEqual({ refused: 0, succeeded: 0, differences: [] });
});
