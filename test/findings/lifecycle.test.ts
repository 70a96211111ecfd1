import { expect, test } from "vitest";
import { type Analysis, createAnalysis } from "../../src/analysis.ts";
import { createDetection } from "../../src/detect/detection.ts";
import type { Explanation } from "../../src/explain/rise.ts";
import { createFindings, type Findings, resolveQuiet, update } from "../../src/findings/lifecycle.ts";
import { reportOf } from "../../src/findings/report.ts";
import type { Event } from "../../src/model/event.ts";
import type { Finding } from "../../src/model/finding.ts";
import { epochMs } from "../../src/model/time.ts";
import { follow } from "../follow.ts";
import { at, gatewayError } from "../builders.ts";
import { eventsOf, type Ordinary, ordinaryCalls, refusedByGateway } from "../traffic.ts";
import { explanation } from "./explanation-builder.ts";

/** One caller whose quota is used up during the given spans, in seconds. */
const events = (hours: number, spans: readonly (readonly [number, number])[]): readonly Event[] =>
  eventsOf(ordinaryCalls({ hours, perSecond: 0.6, seed: 9 }), (call) =>
    call.app === 7 && spans.some(([from, to]) => call.seconds >= from && call.seconds < to)
      ? refusedByGateway(call, { status: 403, error: gatewayError("QuotaExceeded", "quota") })
      : undefined,
  );

/** What a stream told of its findings, in order, and what it knows in the end. */
function told(stream: readonly Event[]): { readonly changes: readonly Finding[]; readonly analysis: Analysis } {
  const analysis = createAnalysis({ lateness: 0, seed: 1 });
  const changes: Finding[] = [];
  for (let i = 0; i < stream.length; i += 50) changes.push(...follow(analysis, stream.slice(i, i + 50)));
  return { changes, analysis };
}

const once = told(events(3, [[3_600, 6_000]]));

test("a fault opens one finding, amends it and ends it", () => {
  expect(new Set(once.changes.map(({ id }) => id)).size).toBe(1);
  const stages = once.changes.map(({ status }) => status);
  expect(stages[0]).toBe("open");
  expect(stages.at(-1)).toBe("resolved");
  expect(stages.indexOf("resolved")).toBe(stages.length - 1);
});

test("counts grow while the fault lasts, and the time of detection stays", () => {
  const refused = once.changes.map(({ counts }) => counts.refused);
  expect(refused).toEqual(refused.toSorted((a, b) => a - b));
  expect(refused.length).toBeGreaterThan(2);
  expect(new Set(once.changes.map(({ detectedAt }) => detectedAt)).size).toBe(1);
});

test("onset and end are those of the fault", () => {
  const last = once.changes.at(-1);
  expect(Math.abs(epochMs(last?.onset ?? at(0)) - epochMs(at(3_600)))).toBeLessThan(60_000);
  expect(Math.abs(epochMs(last?.end ?? at(0)) - epochMs(at(6_000)))).toBeLessThan(60_000);
});

test("a fault that comes back soon is the same finding, with its first onset", () => {
  const { changes, analysis } = told(
    events(4, [
      [3_600, 5_400],
      [8_400, 10_200],
    ]),
  );
  expect(changes.map(({ status }) => status).filter((status, i, all) => status !== all[i - 1])).toEqual([
    "open",
    "resolved",
    "open",
    "resolved",
  ]);
  expect(new Set(changes.map(({ id, onset }) => `${id} ${Math.round(epochMs(onset) / 120_000)}`)).size).toBe(1);
  expect(reportOf(analysis).findings).toHaveLength(1);
});

test("a long fault in a busy tenant keeps its onset, and its counts do not shrink", () => {
  const calls = [...ordinaryCalls({ hours: 4, perSecond: 8, seed: 9 })];
  const hit = calls.filter(({ app, seconds }) => app === 7 && seconds >= 3_600);
  const stream = eventsOf(calls, (call) =>
    call.app === 7 && call.seconds >= 3_600
      ? refusedByGateway(call, { status: 403, error: gatewayError("QuotaExceeded", "quota") })
      : undefined,
  );
  const { changes } = told(stream);
  const refused = changes.map(({ counts }) => counts.refused);
  expect(refused).toEqual(refused.toSorted((a, b) => a - b));
  for (const { onset, detectedAt } of changes) {
    expect(onset).toBeLessThanOrEqual(detectedAt);
    expect(Math.abs(epochMs(onset) - epochMs(at(3_600)))).toBeLessThan(60_000);
  }
  const last = refused.at(-1) ?? 0;
  expect(last).toBeGreaterThan(0.9 * hit.length);
  expect(last).toBeLessThanOrEqual(hit.length);
});

const raised = (state: Findings, explanations: readonly Explanation[], seconds: number): readonly Finding[] =>
  update(state, createDetection(), { explanations, at: at(seconds), isProvisional: false });

test("of two views of one fault that are told at the same moment, the one that knows the cause is the finding", () => {
  const refusedAt = Array.from({ length: 200 }, (_, i) => 10_000_000 * (3 * i + (i % 7)));
  const unknown = explanation({
    seenBy: "gateway",
    cause: "unknown",
    where: { operation: "put" },
    calls: ["g"],
    refusedAt,
  });
  const known = explanation({
    seenBy: "cosmos",
    cause: "role-too-narrow",
    where: { container: "c" },
    calls: ["o"],
    refusedAt,
  });
  for (const views of [
    [unknown, known],
    [known, unknown],
  ]) {
    const state = createFindings();
    for (const seconds of [700, 900]) raised(state, views, seconds);
    expect([...state.tracked.values()].map(({ finding }) => finding.cause.id)).toEqual(["role-too-narrow"]);
  }
});

test.each([
  { name: "while it lasts", at: 900, status: "open" },
  { name: "after it has ended", at: 6_000, status: "resolved" },
])("what a larger fault took in and leaves again at once is the same finding, as old as it was: $name", (one) => {
  const state = createFindings();
  const large = (calls: readonly string[], to = 600) => explanation({ refused: 100, calls, span: [0, to] });
  const small = (calls: readonly string[]): Explanation => ({
    ...explanation({ where: { operation: "put" }, refused: 30, calls, span: [120, 600] }),
    conditions: [{ column: 1, value: 0 }],
  });
  raised(state, [large(["c", "d", "e"])], 600);
  raised(state, [small(["a", "b"])], 700);
  resolveQuiet(state, at(one.at));
  raised(state, [large(["a", "b", "c", "d", "e"], one.at - 100), small(["x", "y"])], one.at);
  const again = [...state.tracked.values()].find(({ finding }) => finding.counts.refused === 30);
  expect(again?.finding.detectedAt).toBe(at(700));
  expect(again?.finding.status).toBe(one.status);
});

test("what takes in several parts of a fault was told when the first of them was", () => {
  const state = createFindings();
  const part = (column: number, calls: readonly string[], span: readonly [number, number]): Explanation => ({
    ...explanation({ where: { callerNetwork: `203.0.113.${column}` }, refused: 20, calls, span }),
    conditions: [{ column, value: 0 }],
  });
  raised(state, [part(0, ["a", "b"], [0, 300])], 200);
  raised(state, [part(1, ["c", "d", "e"], [400, 700])], 600);
  raised(state, [explanation({ refused: 200, calls: ["a", "b", "c", "d", "e", "f"], span: [0, 900] })], 900);
  expect([...state.tracked.values()].map(({ finding }) => [finding.counts.refused, finding.detectedAt])).toEqual([
    [200, at(200)],
  ]);
});

test.each([
  {
    name: "nothing else is told and it still fits",
    latest: { cause: "unknown", fitting: ["quota-exceeded"] },
    stays: true,
  },
  {
    name: "a rhythm is all that is told",
    latest: { cause: "unknown-periodic", fitting: ["quota-exceeded"] },
    stays: true,
  },
  { name: "another cause is told", latest: { cause: "ip-filter", fitting: ["quota-exceeded"] }, stays: false },
  { name: "something speaks against it", latest: { cause: "unknown" }, stays: false },
] as const)("the cause that was told is told further where $name: $stays", ({ latest, stays }) => {
  const state = createFindings();
  raised(state, [explanation({ refused: 60 })], 600);
  const [finding] = raised(state, [explanation({ refused: 90, ...latest })], 900);
  expect(finding?.cause.id).toBe(stays ? "quota-exceeded" : latest.cause);
  expect(finding?.counts.refused).toBe(90);
});

test("a cause that few refusals told gives way", () => {
  const state = createFindings();
  raised(state, [explanation({ refused: 20 })], 600);
  const [finding] = raised(state, [explanation({ refused: 90, cause: "unknown", fitting: ["quota-exceeded"] })], 900);
  expect(finding?.cause.id).toBe("unknown");
});

test("an id that a finding of other attributes has by now is not given twice", () => {
  const state = createFindings();
  const by = (column: number, facts: Parameters<typeof explanation>[0]): Explanation => ({
    ...explanation(facts),
    conditions: [{ column, value: 0 }],
  });
  raised(state, [by(1, { where: { operation: "put" }, calls: ["a", "b"], refused: 50 })], 300);
  const larger = by(2, { where: { backend: "be-a" }, calls: ["a", "b", "c", "d"], refused: 200 });
  const other = by(1, { where: { operation: "put" }, calls: ["x", "y"], refused: 90, cause: "ip-filter" });
  raised(state, [other, larger], 700);
  expect([...state.tracked.values()].map(({ finding }) => [finding.counts.refused, finding.detectedAt])).toEqual([
    [200, at(300)],
    [90, at(700)],
  ]);
});

test("a finding begins before it was detected, whatever is taken for its rise later", () => {
  const state = createFindings();
  raised(state, [explanation({ refused: 20 })], 300);
  raised(state, [explanation({ refused: 100, span: [0, 20_000] })], 20_000);
  const [finding] = raised(state, [explanation({ refused: 100, span: [15_000, 20_500] })], 20_500);
  expect(finding?.onset).toBe(at(0));
});

test("callers that come to a new signing key one after the other are one finding from the first on", () => {
  const calls = [...ordinaryCalls({ hours: 3, perSecond: 3, seed: 11 })];
  const since = (call: Ordinary): number => 4_000 + call.app * 600;
  const stream = eventsOf(calls, (call) =>
    call.gateway.api === "orders" && call.seconds > since(call) && call.seconds < 9_600
      ? refusedByGateway(call, { error: gatewayError("TokenSignatureKeyNotFound") })
      : undefined,
  ).map((event) => {
    if (event.kind !== "gateway-request" || event.status < 400) return event;
    const { claims: _claims, subscription: _key, ...unnamed } = event;
    return unnamed;
  });
  const { changes } = told(stream);
  expect(new Set(changes.map(({ cause }) => cause.id))).toEqual(new Set(["signing-key-rollover"]));
  expect(new Set(changes.map(({ id }) => id)).size).toBe(1);
});

test("a healthy stream tells nothing", () => expect(told(events(2, [])).changes).toEqual([]));

test("a long fault in a quiet tenant keeps its onset when its beginning is not looked at any more", () => {
  const calls = [...ordinaryCalls({ hours: 40, perSecond: 0.015, seed: 9 })];
  const stream = eventsOf(calls, (call) =>
    call.app === 7 && call.seconds >= 40_000 && call.chance < 0.6
      ? refusedByGateway(call, { error: gatewayError("TokenClaimNotFound") })
      : undefined,
  );
  const { changes } = told(stream);
  expect(changes.length).toBeGreaterThan(10);
  for (const { onset, detectedAt } of changes) expect(onset).toBeLessThanOrEqual(detectedAt);
  expect(new Set(changes.map(({ id }) => id)).size).toBe(1);
});
