import { beforeAll, describe, expect, test } from "vitest";
import { type Analysis, createAnalysis } from "../../src/analysis.ts";
import { keptCalls } from "../../src/commands/live-calls.ts";
import type { DataPlaneOperation, GatewayRequest } from "../../src/model/event.ts";
import { CALL_COLUMNS, type CallEvidence, columnPlace } from "../../src/model/evidence.ts";
import { end } from "../../src/pipeline.ts";
import { createMemoryCallLog } from "../../src/store/call-log.ts";
import { claims, gatewayRequest } from "../builders.ts";
import { CALLS, during } from "../explain/tenant.ts";
import { evidenceOf } from "../exports/evidence-rows.ts";
import { follow } from "../follow.ts";
import { eventsOf, refusedByCosmos } from "../traffic.ts";

const cell = ({ call }: CallEvidence, column: string) => call[columnPlace(CALL_COLUMNS, column)];

let analysis: Analysis;
let evidence: readonly CallEvidence[];
const log = createMemoryCallLog();

beforeAll(() => {
  const events = eventsOf(
    CALLS,
    during((call) =>
      call.backend === "orders-b"
        ? refusedByCosmos(call, 403, { subStatus: 5302 }, { credential: "AadToken" })
        : undefined,
    ),
  );
  analysis = createAnalysis({ lateness: 0, seed: 1 });
  follow(analysis, events);
  end(analysis);
  const requests = events.filter((event): event is GatewayRequest => event.kind === "gateway-request");
  const operations = Map.groupBy(
    events.filter((event): event is DataPlaneOperation => event.kind === "data-plane-operation"),
    ({ activityId }) => activityId,
  );
  evidence = requests.map((request) => evidenceOf(request, operations.get(request.correlationId) ?? []));
  for (const one of evidence) log.add(one);
});

const around = () => ({
  current: analysis,
  findCalls: (id: string) => log.find(id),
  findings: [...analysis.findings.tracked.values()].map(({ finding }) => finding),
});
const idOf = (one: CallEvidence): string => String(cell(one, "id"));
const kept = (id: string) => keptCalls(id, around()).calls.at(-1);

describe("a refused call", () => {
  test("is beside the newest call before it of the same application and operation that succeeded", () => {
    const refused = evidence.filter((one) => cell(one, "outcome") === "refused");
    expect(refused.length).toBeGreaterThan(100);
    for (const one of [refused[3], refused[50], refused.at(-1)]) {
      if (one === undefined) throw new Error("there are refused calls");
      const like = evidence.filter(
        (other) =>
          cell(other, "outcome") === "succeeded" &&
          other.time < one.time &&
          ["api", "operation", "caller_app"].every((column) => cell(other, column) === cell(one, column)),
      );
      const newest = like.reduce((a, b) => (b.time > a.time ? b : a));
      const success = kept(idOf(one))?.success();
      expect(success?.story.id).toBe(idOf(newest));
      expect(success?.compared.differ).toContainEqual({ column: "backend", here: "orders-b", there: "orders-a" });
      expect(success?.compared.alike.map(({ column }) => column)).toContain("caller_app");
    }
  });

  test("names the finding that it is among, and its parts in time", () => {
    const one = evidence.find((other) => cell(other, "outcome") === "refused" && cell(other, "backend") === "orders-b");
    if (one === undefined) throw new Error("there are refused calls");
    const found = kept(idOf(one));
    expect(found?.findings.map(({ id }) => id)).toEqual(around().findings.map(({ id }) => id));
    expect(found?.spans.map(({ where, refused }) => [where, refused])).toEqual([
      ["gateway", true],
      ["backend", true],
      ["cosmos", true],
    ]);
  });
});

test("a call that nothing is like is beside none", () => {
  const stranger = evidenceOf(
    gatewayRequest({
      correlationId: "stranger",
      status: 401,
      claims: claims({ state: "unverified", appId: "nobody" }),
    }),
  );
  log.add(stranger);
  expect(kept("stranger")?.success()).toBeUndefined();
  expect(kept(" STRANGER ")?.story.id).toBe("stranger");
  expect(keptCalls("not-there", around())).toEqual({ calls: [], damages: [] });
});
