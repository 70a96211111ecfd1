import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Analysis, createAnalysis, keepBounded, packed } from "../../src/analysis.ts";
import { callEvidence } from "../../src/correlate/call-evidence.ts";
import type { CallRow } from "../../src/correlate/call-row.ts";
import { heldRows } from "../../src/correlate/held.ts";
import { reportOf } from "../../src/findings/report.ts";
import type { DataPlaneOperation, Event, GatewayRequest } from "../../src/model/event.ts";
import { CALL_COLUMNS, type CallEvidence, columnPlace } from "../../src/model/evidence.ts";
import { end, followTable, type OnCall, step } from "../../src/pipeline.ts";
import { stateCodec } from "../../src/store/codec.ts";
import { at, claims, gatewayRequest, operation } from "../builders.ts";
import { batchOf, tableOf } from "../follow.ts";
import { random } from "../traffic.ts";

const ms = (seconds: number): number => Math.round(1e4 * seconds) / 10;

interface Pair {
  readonly request: GatewayRequest;
  readonly operation: DataPlaneOperation;
}

/** A call to Cosmos DB of this many seconds, and its operation under an id that the call does not know. */
function pair(seconds: number, { api = "orders", status = 200, lasts = 0.02, account = "shop" } = {}): Pair {
  return {
    request: gatewayRequest({
      time: at(seconds),
      api,
      status,
      backendStatus: status,
      backendUrl: `https://${account}.documents.azure.com/dbs/shop/colls/orders/docs/1`,
      totalMs: ms(lasts),
      backendMs: ms(0.9 * lasts),
      claims: claims(),
    }),
    operation: operation({
      time: at(seconds + 0.2 * lasts),
      account,
      status,
      durationMs: ms(0.7 * lasts),
      ...(account === "shop" ? {} : { resource: `/subscriptions/s/databaseaccounts/${account}` }),
    }),
  };
}

const inOrder = (events: readonly Event[]): readonly Event[] => events.toSorted((a, b) => a.time - b.time);
const eventsOf = (pairs: readonly Pair[]): readonly Event[] =>
  inOrder(pairs.flatMap(({ request, operation: one }) => [request, one]));

/** Half an hour of calls that no id joins, now and then at the same time, some refused for a while; and of an API that ids join. */
const next = random(17);
const PAIRS = Array.from({ length: 2_000 }, (_, i) => {
  const isRefused = i > 1_200 && i < 1_500 && i % 2 === 0;
  return pair(0.9 * i + 1.5 * next(), { lasts: 0.02 + 1.5 * next(), status: isRefused ? 403 : 200 });
});
const JOINED = Array.from({ length: 300 }, (_, i) => {
  const { request, operation: own } = pair(6 * i, { api: "bills", account: "bills" });
  return { request, operation: { ...own, activityId: request.correlationId } };
});
const EVENTS = eventsOf([...PAIRS, ...JOINED]);
const OWNER = new Map(PAIRS.map((one) => [one.operation.activityId, one.request.correlationId]));

const toldOf = (call: CallRow): CallEvidence => callEvidence(call);

const cellOf = (name: string, { call }: CallEvidence) => call[columnPlace(CALL_COLUMNS, name)] ?? null;

interface Followed {
  readonly calls: readonly CallEvidence[];
  readonly report: ReturnType<typeof reportOf>;
  readonly held: number;
}

function followed(
  batches: readonly (readonly Event[])[],
  { joinProbability = 0.9, between = (analysis: Analysis): Analysis => analysis } = {},
): Followed {
  const calls: CallEvidence[] = [];
  const onCall: OnCall = (call) => void calls.push(toldOf(call));
  let analysis = createAnalysis({ lateness: 300_000, seed: 1, joinProbability });
  for (const batch of batches) {
    step(analysis, batchOf(analysis, batch), onCall);
    analysis = between(analysis);
  }
  end(analysis, onCall);
  return { calls, report: reportOf(analysis), held: heldRows(analysis.held) };
}

/** Follows events in this order, whatever their times. */
function followedInOrder(events: readonly Event[]): readonly CallEvidence[] {
  const calls: CallEvidence[] = [];
  const analysis = createAnalysis({ lateness: 0, seed: 1 });
  const onCall: OnCall = (call) => void calls.push(toldOf(call));
  followTable(analysis, tableOf(analysis.names, events), onCall);
  end(analysis, onCall);
  return calls;
}

const inferredOf = (calls: readonly CallEvidence[]): readonly CallEvidence[] =>
  calls.filter((call) => cellOf("match", call) === "inferred");

/** How often each request and operation was told. */
function timesTold(calls: readonly CallEvidence[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  const add = (id: string): void => void times.set(id, (times.get(id) ?? 0) + 1);
  for (const call of calls) {
    if (cellOf("match", call) !== "data-plane-only") add(String(cellOf("id", call)));
    for (const row of call.operations) add(`operation ${String(row[2])}`);
  }
  return times;
}

const whole = followed([EVENTS]);

describe("calls that no id joins", () => {
  test("most get their own operation, and each event is told once", () => {
    const inferred = inferredOf(whole.calls);
    expect(inferred.length).toBeGreaterThan(1_500);
    const right = inferred.filter(({ call, operations }) => OWNER.get(String(operations[0]?.[2])) === call[0]);
    const mean = inferred.reduce((sum, call) => sum + Number(cellOf("match_probability", call)), 0) / inferred.length;
    expect(right.length / inferred.length).toBeGreaterThan(mean - 0.01);
    expect(new Set(timesTold(whole.calls).values())).toEqual(new Set([1]));
    expect(timesTold(whole.calls).size).toBe(2 * PAIRS.length + JOINED.length + JOINED.length);
    expect(whole.held).toBe(0);
  });

  test("each says how sure it is, and names no principal by a guess", () => {
    for (const call of inferredOf(whole.calls)) {
      expect(cellOf("match_probability", call)).toBeGreaterThanOrEqual(0.9);
      expect(cellOf("match_candidates", call)).toBeGreaterThanOrEqual(1);
      for (const name of ["cosmos_principal", "credential", "role_assignment"]) expect(cellOf(name, call)).toBeNull();
    }
    for (const call of whole.calls.filter((one) => cellOf("match", one) !== "inferred"))
      expect(cellOf("match_probability", call)).toBeNull();
  });

  test("an API that ids join gets none, and loses none", () =>
    expect(whole.report.correlation.exact).toBe(JOINED.length));

  test("the report counts them, and says how sure they are", () => {
    const count = inferredOf(whole.calls).length;
    expect(whole.report.correlation).toMatchObject({ calls: whole.calls.length, inferred: count });
    const spot = whole.report.blindSpots.find(({ id }) => id === "inferred-joins");
    expect(spot?.says).toMatch(
      new RegExp(`^${count} calls were joined .* mean probability of 0\\.9\\d\\d: none is certain`),
    );
  });

  test("a lower threshold joins more, a threshold of 1 none", () => {
    expect(inferredOf(followed([EVENTS], { joinProbability: 0.5 }).calls).length).toBeGreaterThan(
      inferredOf(whole.calls).length,
    );
    expect(inferredOf(followed([EVENTS], { joinProbability: 1 }).calls)).toEqual([]);
  });

  test("no finding rests on one", () => {
    const { findings } = followed([EVENTS], { joinProbability: 1 }).report;
    expect(findings.length).toBeGreaterThan(0);
    expect(followed([EVENTS], { joinProbability: 0.5 }).report.findings).toEqual(findings);
  });
});

function cut(edges: readonly number[]): readonly (readonly Event[])[] {
  const places = [
    0,
    ...[...new Set(edges)].map((edge) => edge % EVENTS.length).toSorted((a, b) => a - b),
    EVENTS.length,
  ];
  return places.slice(1).map((to, i) => EVENTS.slice(places[i], to));
}

describe("what is inferred is the same", () => {
  test("however the stream is cut", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(EVENTS.length), { maxLength: 30 }), (edges) => {
        expect(followed(cut(edges))).toEqual(whole);
      }),
      { numRuns: 6 },
    );
  });

  test("in whatever order its events come within the lateness", () => {
    const shuffled = EVENTS.map((event, i) => ({ event, at: event.time + ((i * 7_919) % 250) * 1e7 })).toSorted(
      (a, b) => a.at - b.at,
    );
    expect(followed([shuffled.map(({ event }) => event)])).toEqual(whole);
  });

  test("after a state was written down, read again, and its names and places given anew", () => {
    const between = (analysis: Analysis): Analysis => {
      const again = stateCodec.decode(stateCodec.encode(analysis)) as Analysis;
      keepBounded(again, 0);
      return packed(again);
    };
    const edges = Array.from({ length: 60 }, (_, i) => i * 75);
    expect(followed(cut(edges), { between })).toEqual(whole);
  });
});

/** Calls that are apart, so that what is usual is known; and one more, which lasts ten seconds. */
const USUAL = Array.from({ length: 40 }, (_, i) => pair(20 + 0.5 * i));
const { request: slow, operation: own } = pair(10, { lasts: 10 });
const request = { ...slow, backendMs: 7_004 };
/** The request that the operation was really of. */
const real = gatewayRequest({ time: at(11), correlationId: own.activityId, backendStatus: 200 });
const tick = (seconds: number): GatewayRequest => gatewayRequest({ time: at(seconds), api: "other" });
const matchesOf = (calls: readonly CallEvidence[], id: string): readonly string[] =>
  calls.filter(({ ids }) => ids.includes(id)).map((call) => String(cellOf("match", call)));

describe("nothing is guessed", () => {
  test("of an API whose calls ids join", () => {
    const joined = { ...request, time: at(15), correlationId: real.correlationId };
    const other = operation({ time: at(15.01), activityId: joined.correlationId });
    const calls = followedInOrder(inOrder([request, own, joined, other, ...eventsOf(USUAL), tick(500)]));
    expect(matchesOf(calls, joined.correlationId)).toEqual(["exact"]);
    expect(inferredOf(calls)).toEqual([]);
  });

  test("of what comes later than a call, before it was waited for", () => {
    const rival = operation({ time: at(18), durationMs: 1 });
    const calls = followedInOrder(inOrder([request, own, rival, ...eventsOf(USUAL), tick(500)]));
    const call = calls.find(({ ids }) => ids.includes(request.correlationId));
    expect(call && cellOf("match_candidates", call)).toBe(2);
  });

  test("of a rival that was weighed with a call before, and is closed", () => {
    const first = pair(10, { lasts: 0.02 });
    const [one, other] = [10 + 44.99, 10 + 45.005].map((seconds) => pair(seconds, { lasts: 0.1 }).request);
    const shared = operation({ time: at(10 + 45.01), durationMs: 70 });
    if (one === undefined || other === undefined) throw new Error("no rivals");
    const calls = followedInOrder(inOrder([...eventsOf([first, ...USUAL]), one, other, shared, tick(500)]));
    expect(matchesOf(calls, shared.activityId)).toEqual(["data-plane-only"]);
    expect(inferredOf(calls).length).toBe(1 + USUAL.length);
  });
});

describe("a record that comes late", () => {
  const before = inOrder([request, own, ...eventsOf(USUAL)]);

  test("without it, the operation is the call's", () => {
    const calls = followedInOrder([...before, tick(500)]);
    expect(matchesOf(calls, own.activityId)).toEqual(["inferred"]);
    expect(matchesOf(calls, request.correlationId)).toEqual(["inferred"]);
  });

  test.each([
    ["before it was weighed", []],
    ["after it was weighed", eventsOf([pair(5)])],
  ])("an id that joins the operation before its call is told is surer than a guess: %s", (_, earlier) => {
    const calls = followedInOrder([...earlier, ...before, tick(157), real, tick(500)]);
    expect(matchesOf(calls, own.activityId)).toEqual(["exact"]);
    expect(matchesOf(calls, request.correlationId)).toEqual(["gateway-only"]);
  });

  test.each([
    ["request", real],
    ["further operation", operation({ time: at(12), activityId: own.activityId, operation: "Query" })],
  ])(
    "a %s under its id after its call was told finds it told: nothing is told twice, and nothing is left out",
    (_, late) => {
      const calls = followedInOrder([...before, tick(161), late, tick(500)]);
      expect(matchesOf(calls, own.activityId)).toEqual([
        "inferred",
        late.kind === "gateway-request" ? "gateway-only" : "data-plane-only",
      ]);
      expect(calls.flatMap(({ operations }) => operations).filter((row) => row[2] === own.activityId).length).toBe(
        late.kind === "gateway-request" ? 1 : 2,
      );
    },
  );

  test("an operation that closes before its request, which came behind it, is told once", () => {
    const calls = followedInOrder([own, request, ...eventsOf(USUAL), tick(500)]);
    expect(matchesOf(calls, own.activityId)).toEqual(["data-plane-only"]);
    expect(matchesOf(calls, request.correlationId)).toEqual(["gateway-only"]);
  });
});
