import { expect, test } from "vitest";
import { createAnalysis } from "../../src/analysis.ts";
import { decodeBody } from "../../src/decode/decode-body.ts";
import type { Finding } from "../../src/model/finding.ts";
import { epochMs, type EpochMs } from "../../src/model/time.ts";
import { accept } from "../../src/accept.ts";
import { step } from "../../src/pipeline.ts";
import { DEMO_SEED } from "../../src/commands/demo-defaults.ts";
import { demoFaults, demoFeed, type Emission } from "../../src/simulate/demo.ts";

const NOW = Date.UTC(2026, 10, 25, 12) as EpochMs;
const HOUR = 3_600_000;

interface GatewayRecord {
  readonly category: string;
  readonly time: string;
  readonly location: string;
  readonly properties: {
    readonly responseCode: number;
    readonly apiId: string;
    readonly operationId: string;
    readonly backendId?: string;
    readonly backendResponseHeaders?: Readonly<Record<string, unknown>>;
    readonly lastError?: { readonly reason: string };
  };
}

function feedUntil(end: number, seed = DEMO_SEED): readonly Emission[] {
  const taken: Emission[] = [];
  for (const emission of demoFeed({ seed, now: NOW })) {
    if (emission.arrival >= end) return taken;
    taken.push(emission);
  }
  return taken;
}

const feed = feedUntil(NOW + 1.25 * HOUR);
const records = feed.flatMap(({ arrival, body }) =>
  (JSON.parse(body) as { records: readonly GatewayRecord[] }).records.map((record) => ({ arrival, record })),
);
const gateway = records.filter(({ record }) => record.category === "GatewayLogs").map(({ record }) => record);
const between = (from: number, to: number): readonly GatewayRecord[] =>
  gateway.filter(({ time }) => Date.parse(time) >= from && Date.parse(time) < to);
const refusedShare = (list: readonly GatewayRecord[]): number =>
  list.filter(({ properties }) => [401, 403].includes(properties.responseCode)).length / list.length;

test("two hours of history, about six calls a second, in four partitions, in the order of arrival", () => {
  expect(feed[0]?.arrival).toBeLessThan(NOW - 2 * HOUR + 60_000);
  const rate = between(NOW - 2 * HOUR, NOW).length / (2 * 3_600);
  expect(rate).toBeGreaterThan(3);
  expect(rate).toBeLessThan(8);
  expect([...new Set(feed.map(({ partition }) => partition))].toSorted()).toEqual(["0", "1", "2", "3"]);
  for (const [i, { arrival }] of feed.entries()) expect(arrival).toBeGreaterThanOrEqual(feed[i - 1]?.arrival ?? 0);
});

test("a record arrives seconds after it happened", () => {
  for (const { arrival, record } of records) {
    const delay = arrival - Date.parse(record.time);
    expect(delay).toBeGreaterThan(0);
    expect(delay).toBeLessThan(15_000);
  }
});

test("history is healthy until shortly before now, and a fault goes on at any time from then", () => {
  expect(refusedShare(between(NOW - 2 * HOUR, NOW - 5 * 60_000))).toBeLessThan(0.02);
  expect(refusedShare(between(NOW - 15 * 60_000, NOW - 4 * 60_000))).toBeLessThan(0.02);
  for (let from: number = NOW - 3 * 60_000; from < NOW + HOUR; from += 5 * 60_000)
    expect(refusedShare(between(from, from + 5 * 60_000)), `from ${(from - NOW) / 60_000} min`).toBeGreaterThan(0.01);
});

test("within an hour at least six different faults are shown", () => {
  const shown = new Map<string, number>();
  for (const { properties } of between(NOW, NOW + HOUR)) {
    if (![401, 403].includes(properties.responseCode)) continue;
    const { lastError, backendResponseHeaders, responseCode } = properties;
    const subStatus = JSON.stringify(backendResponseHeaders?.["X-MS-SubStatus"] ?? "none");
    const symptom = lastError?.reason ?? `${responseCode}/${subStatus}`;
    shown.set(symptom, (shown.get(symptom) ?? 0) + 1);
  }
  expect([...shown.values()].filter((count) => count >= 40).length).toBeGreaterThanOrEqual(6);
});

test("the same seed and time give the same feed, another seed another", () => {
  const start = NOW - 1.9 * HOUR;
  expect(feedUntil(start)).toEqual(feedUntil(start));
  expect(feedUntil(start, 9)).not.toEqual(feedUntil(start));
});

interface Told {
  readonly at: number;
  readonly finding: Finding;
}

/** What the analyzer tells of refusals in the feed: each finding when it is raised, changes its cause, or changes its status. */
function told(): readonly Told[] {
  const analysis = createAnalysis({ lateness: 8_000, joinWindow: 8_000, seed: 1 });
  const last = new Map<string, string>();
  return feed.flatMap(({ arrival, partition, body }, sequence) => {
    const decoded = decodeBody(new TextEncoder().encode(body), { source: "demo", partition, sequence });
    const batch = {
      partition,
      checkpoint: "",
      bytes: body.length,
      caughtUp: arrival > NOW,
      enqueued: arrival,
    };
    return step(analysis, accept(analysis, { ...batch, ...decoded }, { source: "demo" })).flatMap((finding) => {
      const now = `${finding.status} ${finding.cause.id}`;
      if (finding.kind !== "intermittent-refusal" || last.get(finding.id) === now) return [];
      last.set(finding.id, now);
      return [{ at: arrival, finding }];
    });
  });
}

test("every fault is named while it goes on, nothing else is, and each finding ends with its fault", {
  timeout: 180_000,
}, () => {
  const faults = demoFaults({ seed: DEMO_SEED, now: NOW });
  const whole = faults.filter(({ from }) => from < NOW + 1.1 * HOUR);
  const findings = told();
  const opened = findings.filter(({ finding }) => finding.status === "open");
  const isOf = (fault: { cause: string; from: number; to: number }, { at, finding }: Told): boolean =>
    finding.cause.id === fault.cause && at > fault.from && at < fault.to;
  expect(new Set(whole.map(({ cause }) => cause)).size).toBeGreaterThanOrEqual(10);
  for (const fault of whole) {
    const times = opened.filter((one) => isOf(fault, one)).length;
    expect(times, `${fault.cause} at ${(fault.from - NOW) / 60_000} min`).toBe(1);
  }
  const strangers = opened.filter((one) => !faults.some((fault) => isOf(fault, one)));
  expect(strangers.map(({ finding }) => finding.title)).toEqual([]);
  const [first] = opened;
  expect(first?.finding.splits[0]?.refusedInside).toBe(1);
  expect(first?.finding.samples.succeeded.length).toBeGreaterThan(0);
  const ends = findings.flatMap(({ finding: { cause, end } }) => (end === null ? [] : [{ cause, end: epochMs(end) }]));
  expect(ends.length).toBeGreaterThanOrEqual(6);
  const endless = ends.filter(
    ({ cause, end }) => !faults.some((fault) => fault.cause === cause.id && Math.abs(fault.to - end) < 60_000),
  );
  expect(endless).toEqual([]);
});
