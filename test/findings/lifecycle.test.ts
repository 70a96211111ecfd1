import { expect, test } from "vitest";
import { type Analysis, createAnalysis } from "../../src/analysis.ts";
import { reportOf } from "../../src/findings/report.ts";
import type { Event } from "../../src/model/event.ts";
import type { Finding } from "../../src/model/finding.ts";
import { epochMs } from "../../src/model/time.ts";
import { follow } from "../follow.ts";
import { at, gatewayError } from "../builders.ts";
import { eventsOf, ordinaryCalls, refusedByGateway } from "../traffic.ts";

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
