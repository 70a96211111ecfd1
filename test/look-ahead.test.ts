import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Accepted } from "../src/accept.ts";
import { type Analysis, createAnalysis, packed } from "../src/analysis.ts";
import { createTally } from "../src/findings/input-counts.ts";
import { reportOf } from "../src/findings/report.ts";
import type { Event } from "../src/model/event.ts";
import type { Finding } from "../src/model/finding.ts";
import { type EpochMs, epochMs } from "../src/model/time.ts";
import { end, step } from "../src/pipeline.ts";
import { stateCodec } from "../src/store/codec.ts";
import { gatewayError } from "./builders.ts";
import { tableOf } from "./follow.ts";
import { eventsOf, operationOf, ordinaryCalls, refusedByCosmos, refusedByGateway } from "./traffic.ts";

const CALLS = [...ordinaryCalls({ hours: 2, perSecond: 0.6, seed: 3 })];

const FROM_S = 3_000;
const TO_S = 5_000;
const isHit = (call: { app: number; seconds: number }): boolean =>
  call.app === 7 && call.seconds > FROM_S && call.seconds < TO_S;

const OVER_QUOTA = eventsOf(CALLS, (call) =>
  isHit(call) ? refusedByGateway(call, { status: 403, error: gatewayError("QuotaExceeded", "quota") }) : undefined,
);
const FORBIDDEN = eventsOf(CALLS, (call) => (isHit(call) ? refusedByCosmos(call, 403, {}) : undefined));
/** Cosmos DB refuses, the backend asks again, and the caller never notices. */
const TRIED_AGAIN = eventsOf(CALLS, (call) =>
  isHit(call) ? [call.gateway, operationOf(call, { status: 403 }), operationOf(call)] : undefined,
);

/** Seconds from event to hub. */
interface Delivery {
  readonly gateway: number;
  readonly operation: number;
}
const SWIFT = { gateway: 3, operation: 3 };

interface Arrived {
  readonly event: Event;
  /** By the hub's clock; undefined where nothing tells. */
  readonly enqueued: EpochMs | undefined;
}

const arrivals = (
  events: readonly Event[],
  delivery: Delivery,
): readonly (Arrived & { readonly enqueued: EpochMs })[] =>
  events
    .map((event, i) => {
      const delay = event.kind === "gateway-request" ? delivery.gateway : delivery.operation;
      return { event, enqueued: (epochMs(event.time) + delay * 1_000 + ((i * 7_919) % 5_000)) as EpochMs };
    })
    .toSorted((a, b) => a.enqueued - b.enqueued);

const ROUND_MS = 5_000;

function inRounds(arrived: readonly (Arrived & { readonly enqueued: EpochMs })[]): readonly (readonly Arrived[])[] {
  return [...Map.groupBy(arrived, ({ enqueued }) => Math.floor(enqueued / ROUND_MS)).values()];
}

const batchOf = ({ names }: Analysis, arrived: readonly Arrived[]): Accepted => ({
  partition: "0",
  events: tableOf(
    names,
    arrived.map(({ event }) => event),
  ),
  texts: [],
  tally: createTally(),
  caughtUp: true,
  enqueued: arrived.at(-1)?.enqueued,
  gap: undefined,
});

interface Told {
  readonly finding: Finding;
  /** By the hub's clock, in seconds after the first event. */
  readonly at: number;
}

function listen(
  batches: readonly (readonly Arrived[])[],
  prompt: boolean,
  between: (analysis: Analysis) => Analysis = (analysis) => analysis,
) {
  let analysis = createAnalysis({ lateness: 120_000, joinWindow: 60_000, seed: 1, prompt });
  const told: Told[] = [];
  const start = epochMs(CALLS[0]?.gateway.time as never);
  for (const batch of batches) {
    const at = ((batch.at(-1)?.enqueued ?? start) - start) / 1_000;
    for (const finding of step(analysis, batchOf(analysis, batch)))
      if (finding.kind === "intermittent-refusal") told.push({ finding, at });
    analysis = between(analysis);
  }
  end(analysis);
  return { told, findings: reportOf(analysis).findings.filter(({ kind }) => kind === "intermittent-refusal") };
}

const essence = (findings: readonly Finding[]) =>
  findings.map(({ status, onset, end: until, counts, layer, splits, cause }) => ({
    status,
    onset,
    until,
    counts,
    layer,
    splits,
    cause,
  }));

const DELIVERIES = [
  SWIFT,
  { gateway: 3, operation: 300 },
  { gateway: 3, operation: 600 },
  { gateway: 300, operation: 3 },
];

describe.each([
  ["by the gateway", OVER_QUOTA],
  ["by Cosmos DB", FORBIDDEN],
])("refused %s", (_name, events) => {
  const expected = listen(inRounds(arrivals(events, SWIFT)), false).findings;

  test("is one finding", () => expect(expected).toHaveLength(1));

  test.each(DELIVERIES)("how late a log comes changes no finding: %o", (delivery) => {
    const { findings } = listen(inRounds(arrivals(events, delivery)), true);
    expect(essence(findings)).toEqual(essence(expected));
  });

  test.each(DELIVERIES)(
    "is one finding from the first word to the last, whose counts never go back: %o",
    (delivery) => {
      const { told } = listen(inRounds(arrivals(events, delivery)), true);
      expect(new Set(told.map(({ finding }) => finding.id)).size).toBe(1);
      const refused = told.map(({ finding }) => finding.counts.refused);
      expect(refused).toEqual(refused.toSorted((a, b) => a - b));
      expect(new Set(told.map(({ finding }) => finding.detectedAt)).size).toBe(1);
    },
  );

  test("partitions that are read a minute apart change no finding, though one log alone is looked at out of order", () => {
    const analysis = createAnalysis({ lateness: 120_000, joinWindow: 60_000, seed: 1, prompt: true });
    const rounds = inRounds(arrivals(events, SWIFT)).map((arrived, i) => ({
      arrived,
      partition: String(i % 3),
      turn: i,
    }));
    const behind = 60_000 / ROUND_MS;
    const turnOf = ({ partition, turn }: (typeof rounds)[number]): number => turn + (partition === "1" ? behind : 0);
    for (const { arrived, partition } of rounds.toSorted((a, b) => turnOf(a) - turnOf(b)))
      step(analysis, { ...batchOf(analysis, arrived), partition });
    end(analysis);
    expect(Math.max(...analysis.looks.map(({ reorder }) => reorder.late))).toBeGreaterThan(100);
    const findings = reportOf(analysis).findings.filter(({ kind }) => kind === "intermittent-refusal");
    expect(essence(findings)).toEqual(essence(expected));
  });

  test("is told before the slow log comes", () => {
    const batches = inRounds(arrivals(events, { gateway: 3, operation: 600 }));
    const [ahead, joined] = [listen(batches, true).told[0], listen(batches, false).told[0]];
    expect(ahead?.finding.cause.missing.map(({ field }) => field)).toContain("the same calls in the other log");
    expect((joined?.at ?? 0) - (ahead?.at ?? 0)).toBeGreaterThan(500);
    expect(joined?.finding.cause.missing.map(({ field }) => field)).not.toContain("the same calls in the other log");
  });

  test("goes on to be told by the prompt log, as far as it has come", () => {
    const { told, findings } = listen(inRounds(arrivals(events, { gateway: 3, operation: 600 })), true);
    const atTheEnd = told.findLast(({ at }) => at < TO_S + 30)?.finding.counts.refused ?? 0;
    expect(atTheEnd).toBeGreaterThan(0.8 * (findings[0]?.counts.refused ?? 0));
  });

  test("how a backlog is cut changes nothing, neither the id nor when it was detected", () => {
    const backlog = arrivals(events, SWIFT).map(({ event }) => ({ event, enqueued: undefined }));
    const told = (batches: readonly (readonly Arrived[])[]) =>
      listen(batches, true).findings.map((found) => ({
        id: found.id,
        detectedAt: found.detectedAt,
        rest: essence([found]),
      }));
    const one = told(backlog.map((arrived) => [arrived]));
    expect(told([backlog])).toEqual(one);
    fc.assert(
      fc.property(fc.array(fc.nat(backlog.length), { minLength: 1, maxLength: 60 }), (edges) => {
        const places = [0, ...[...new Set(edges)].toSorted((a, b) => a - b), backlog.length];
        expect(told(places.slice(1).map((to, i) => backlog.slice(places[i], to)))).toEqual(one);
      }),
      { numRuns: Number(process.env["FAULT_RUNS"] ?? 1) * 4 },
    );
  });

  test("how the stream is cut and written down in between changes nothing", () => {
    const arrived = arrivals(events, { gateway: 3, operation: 300 });
    const reference = essence(listen(inRounds(arrived), true).findings);
    fc.assert(
      fc.property(fc.array(fc.nat(arrived.length), { minLength: 20, maxLength: 60 }), (edges) => {
        const places = [0, ...[...new Set(edges)].toSorted((a, b) => a - b), arrived.length];
        const batches = places.slice(1).flatMap((to, i) => inRounds(arrived.slice(places[i], to)));
        const written = (analysis: Analysis): Analysis =>
          stateCodec.decode(stateCodec.encode(packed(analysis))) as Analysis;
        let count = 0;
        const seldom = (analysis: Analysis): Analysis => (count++ % 400 === 0 ? written(analysis) : analysis);
        expect(essence(listen(batches, true, seldom).findings)).toEqual(reference);
      }),
      { numRuns: Number(process.env["FAULT_RUNS"] ?? 1) * 2 },
    );
  });
});

describe("refusals that were tried again with success", () => {
  test("are not told of where the gateway's log is as prompt", () =>
    expect(listen(inRounds(arrivals(TRIED_AGAIN, { gateway: 3, operation: 3 })), true).told).toEqual([]));

  test("are told of by Cosmos DB's log alone, and taken back once, when the gateway's comes", () => {
    const { told, findings } = listen(inRounds(arrivals(TRIED_AGAIN, { gateway: 300, operation: 3 })), true);
    const [first] = told;
    const last = told.at(-1)?.finding;
    expect(first?.finding.layer).toBe("cosmos");
    expect(first?.finding.status).toBe("open");
    expect(last?.id).toBe(first?.finding.id);
    expect(last?.status).toBe("resolved");
    expect(last?.closed?.because).toBe("not-confirmed");
    expect(told.filter(({ finding }) => finding.status === "resolved")).toHaveLength(1);
    expect(findings).toEqual([]);
  });
});

test("where the joined calls are as prompt, no log is looked at alone", () =>
  expect(createAnalysis({ lateness: 8_000, joinWindow: 8_000, seed: 1, prompt: true }).looks).toEqual([]));
