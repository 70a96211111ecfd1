import { expect, test } from "vitest";
import { type Analysis, createAnalysis } from "../../src/analysis.ts";
import { reportOf } from "../../src/findings/report.ts";
import type { Event, GatewayRequest } from "../../src/model/event.ts";
import type { BlindSpot } from "../../src/model/finding.ts";
import { end } from "../../src/pipeline.ts";
import { follow } from "../follow.ts";
import { at, claims, gatewayRequest, operation } from "../builders.ts";

function spotsOf(events: readonly Event[], before: (analysis: Analysis) => void = () => undefined) {
  const analysis = createAnalysis({ lateness: 0, seed: 1 });
  before(analysis);
  follow(analysis, events);
  end(analysis);
  return reportOf(analysis).blindSpots;
}

const calls = (count: number, over: Partial<GatewayRequest>): readonly GatewayRequest[] =>
  Array.from({ length: count }, (_, i) => gatewayRequest({ time: at(i), ...over }));
const cosmos = { backendUrl: "https://shop.documents.azure.com/dbs/shop/colls/orders/docs", backendStatus: 200 };
const ids = (spots: readonly BlindSpot[]): readonly string[] => spots.map(({ id }) => id);

test("a call that tells everything leaves no blind spot", () => {
  const told = calls(30, { claims: claims(), ...cosmos });
  const events = told.flatMap((call) => [call, operation({ activityId: call.correlationId, time: call.time })]);
  expect(spotsOf(events)).toEqual([]);
});

test.each<[string, readonly Event[], Partial<BlindSpot>]>([
  ["no claims", calls(30, {}), { id: "no-claims-trace", scope: "api:orders" }],
  [
    "refusals of Cosmos DB without a sub-status",
    calls(30, { claims: claims(), ...cosmos, status: 403, backendStatus: 403 }),
    { id: "no-sub-status", scope: "api:orders" },
  ],
  ["no data-plane records", calls(30, { claims: claims(), ...cosmos }), { id: "no-join", scope: "input" }],
  [
    "operations signed with a key",
    [operation({ credential: "PrimaryMasterKey" })],
    { id: "account-key-in-use", scope: "account:shop" },
  ],
  [
    "a limit that is no matter of authorization",
    calls(1, { claims: claims(), ...cosmos, status: 403, backendStatus: 403, subStatus: 1014 }),
    { id: "not-authorization", scope: "cosmos:limit" },
  ],
  [
    "entries that were cut",
    calls(1, { truncated: true, claims: claims() }),
    { id: "truncated-entries", scope: "input" },
  ],
])("%s", (_, events, spot) => expect(spotsOf(events)).toContainEqual(expect.objectContaining(spot)));

test.each<[string, (analysis: Analysis) => void]>([
  ["late-events", ({ reorder }) => (reorder.late = 3)],
  ["reorder-limit", ({ reorder }) => (reorder.crowded = 3)],
  ["silent-partitions", ({ reorder }) => (reorder.silent = 3)],
  ["join-limit", ({ join }) => (join.evicted = 3)],
  ["inferred-limit", ({ inferred }) => (inferred.crowded = 3)],
  ["operations-limit", ({ join }) => (join.overflow = 3)],
  ["duplicate-memory", ({ seen }) => (seen.forgotten = 3)],
  ["changes-limit", ({ changes }) => (changes.dropped = 3)],
  ["names-limit", ({ coverage }) => (coverage.unnamed = 3)],
  ["values-limit", ({ detection }) => (detection.unitsBeyond = 3)],
  ["callers-limit", ({ detection }) => (detection.credibility.evicted = 3)],
  ["symptoms-limit", ({ detection }) => (detection.symptomsRefused = 3)],
  ["limits-limit", ({ detection }) => (detection.limits.forgotten = 3)],
  ["probes-limit", ({ detection }) => (detection.probes.forgotten = 3)],
  ["findings-limit", ({ findings }) => (findings.forgotten = 3)],
])("a limit that was reached is told: %s", (id, reach) => {
  const spots = spotsOf([], reach);
  expect(ids(spots)).toEqual([id]);
  expect(spots[0]?.says).toMatch(/^3 .+\.$/);
});

test("more APIs than are kept by name are counted", () => {
  const many = Array.from({ length: 1_001 }, (_, i) => gatewayRequest({ api: `api-${i}`, time: at(i) }));
  expect(ids(spotsOf(many))).toContain("names-limit");
});
