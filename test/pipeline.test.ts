import fc from "fast-check";
import { expect, test } from "vitest";
import { reportOf } from "../src/findings/report.ts";
import type { Event } from "../src/model/event.ts";
import { type Analysis, createAnalysis, keepBounded, packed } from "../src/analysis.ts";
import { accept } from "../src/accept.ts";
import { end, step } from "../src/pipeline.ts";
import { findWaysBack, savedForm, SPLIT } from "../src/saved-form.ts";
import { stateCodec } from "../src/store/codec.ts";
import { gatewayError } from "./builders.ts";
import { batchOf } from "./follow.ts";
import { eventsOf, ordinaryCalls, refusedByGateway } from "./traffic.ts";

const EVENTS = eventsOf(ordinaryCalls({ hours: 2, perSecond: 0.6, seed: 3 }), (call) =>
  call.app === 7 && call.seconds > 3_000 && call.seconds < 5_000
    ? refusedByGateway(call, { status: 403, error: gatewayError("QuotaExceeded", "quota") })
    : undefined,
);

const fresh = (): Analysis => createAnalysis({ lateness: 600_000, seed: 1 });

function reportAfter(
  batches: readonly (readonly Event[])[],
  between: (analysis: Analysis) => Analysis = (analysis) => analysis,
) {
  let analysis = fresh();
  for (const batch of batches) {
    step(analysis, batchOf(analysis, batch));
    analysis = between(analysis);
  }
  end(analysis);
  return reportOf(analysis);
}

const whole = reportAfter([EVENTS]);

function cut(edges: readonly number[]): readonly (readonly Event[])[] {
  const places = [
    0,
    ...[...new Set(edges)].map((edge) => edge % EVENTS.length).toSorted((a, b) => a - b),
    EVENTS.length,
  ];
  return places.slice(1).map((to, i) => EVENTS.slice(places[i], to));
}

test("the whole gives a finding", () =>
  expect(whole.findings.map(({ cause }) => cause.id)).toEqual(["quota-exceeded"]));

test("how the stream is cut into batches never changes a finding", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(EVENTS.length), { maxLength: 30 }), (edges) => {
      expect(reportAfter(cut(edges))).toEqual(whole);
    }),
    { numRuns: Number(process.env["FAULT_RUNS"] ?? 1) * 6 },
  );
});

test("disorder within the lateness never changes a finding", () => {
  const shuffled = EVENTS.map((event, i) => ({ event, at: event.time + ((i * 7_919) % 500) * 1e7 })).toSorted(
    (a, b) => a.at - b.at,
  );
  expect(reportAfter([shuffled.map(({ event }) => event)])).toEqual(whole);
});

test("a state that was written down and read again goes on the same way", () => {
  const batches = cut([700, 2_500, 4_000]);
  expect(reportAfter(batches, (analysis) => stateCodec.decode(stateCodec.encode(analysis)) as Analysis)).toEqual(whole);
});

/** Members that share an object with one before: written by themselves, they would share it no longer. */
function sharedObjects(analysis: Analysis): readonly string[] {
  const owners = new Map<object, string>();
  const shared: string[] = [];
  const walk = (value: unknown, member: string): void => {
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return;
    const owner = owners.get(value);
    if (owner !== undefined && owner !== member) shared.push(`${owner} ${member}`);
    if (owner !== undefined) return;
    owners.set(value, member);
    for (const part of value instanceof Map || value instanceof Set ? value : Object.values(value)) walk(part, member);
  };
  const walkParts = (value: object, under: string): void => {
    for (const [name, part] of Object.entries(value) as [string, object][])
      if (SPLIT.has(`${under}${name}`)) walkParts(part, `${under}${name}/`);
      else walk(part, `${under}${name}`);
  };
  walkParts(analysis, "");
  return shared;
}

test("members of a live state share no object", () => {
  const analysis = createAnalysis({ lateness: 600_000, seed: 1, prompt: true });
  for (const batch of cut([700, 2_500])) step(analysis, batchOf(analysis, batch));
  expect(analysis.looks.length).toBe(2);
  expect(sharedObjects(savedForm(analysis))).toEqual([]);
});

const writtenIn = (analysis: Analysis): Uint8Array =>
  Buffer.concat(Array.from(stateCodec.pieces(analysis, SPLIT), stateCodec.packed));

test("what a state is written down without is found again, as it was", () => {
  const again = (analysis: Analysis): Analysis => {
    const bytes = writtenIn(savedForm(analysis));
    expect(bytes.length).toBeLessThan(writtenIn(analysis).length);
    const read = stateCodec.decode(bytes) as Analysis;
    expect(read.names.ids.size).toBe(0);
    expect(sharedObjects(savedForm(analysis))).toEqual([]);
    findWaysBack(read);
    expect(read).toEqual(analysis);
    return read;
  };
  expect(reportAfter(cut([700, 2_500]), again)).toEqual(whole);
});

test("names and places that were given up and given anew change nothing", () => {
  const renewed = (analysis: Analysis): Analysis => {
    const before = analysis.names.texts.length;
    keepBounded(analysis, 0);
    expect(analysis.names.texts.length).toBeLessThanOrEqual(before);
    return packed(analysis);
  };
  expect(reportAfter(cut([300, 700, 2_500, 4_000]), renewed)).toEqual(whole);
});

test("a record that comes again is a duplicate, and every record is in one bin", () => {
  const analysis = fresh();
  const record = {
    value: {
      category: "GatewayLogs",
      time: "2026-11-25T12:00:00Z",
      correlationId: "a",
      properties: { responseCode: 200 },
    },
    position: { source: "s", partition: "0", sequence: 1, index: 0 },
    repairs: [],
  };
  const broken = { ...record, value: { ...record.value, correlationId: "" } };
  const other = { ...record, value: { category: "Metrics" } };
  const { tally } = accept(analysis, {
    partition: "0",
    records: [record, record, broken, other],
    rejects: [],
    bytes: 10,
    checkpoint: "1",
    caughtUp: true,
  });
  expect(tally).toMatchObject({ records: 4, accepted: 1, duplicate: 1, filtered: 1, rejected: 1 });
});
