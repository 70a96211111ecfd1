import { expect, test } from "vitest";
import { createEventTable } from "../src/model/event-table.ts";
import { accept } from "../src/accept.ts";
import { createAnalysis } from "../src/analysis.ts";
import { fittedInput, Rooms } from "../src/rooms.ts";
import { createTally } from "../src/findings/input-counts.ts";
import { stateCodec } from "../src/store/codec.ts";

const record = (i: number, index: number) => ({
  value: {
    category: "GatewayLogs",
    time: new Date(Date.parse("2026-11-25T12:00:00Z") + i * 1_000).toISOString(),
    correlationId: `c-${i}`,
    callerIpAddress: i % 3 === 0 ? "10.0.0.1" : undefined,
    properties: { responseCode: i % 7 === 0 ? 403 : 200, apiId: i % 2 === 0 ? "orders" : undefined },
  },
  position: { source: "s", partition: "0", sequence: i, index },
  repairs: [],
});
const batchOf = (from: number, count: number) => ({
  partition: "0",
  checkpoint: String(from),
  records: Array.from({ length: count }, (_, i) => record(from + i, i)),
  rejects: [],
  bytes: 1,
  caughtUp: true,
});

test("events in a table that others were in before are what they are in a new one", () => {
  const [one, other] = [1, 1].map((seed) => createAnalysis({ lateness: 0, seed }));
  const rooms = new Rooms();
  for (const [i, count] of [90, 5, 0, 200, 3].entries()) {
    const batch = batchOf(1_000 * i, count);
    const own = accept(one ?? createAnalysis({ lateness: 0, seed: 1 }), batch, {});
    const shared = accept(other ?? createAnalysis({ lateness: 0, seed: 1 }), batch, { room: rooms.take() });
    expect(stateCodec.encode(fittedInput(shared))).toEqual(stateCodec.encode(own));
    rooms.giveBack([shared]);
    expect(rooms.take()).toBe(shared.events);
    rooms.giveBack([shared]);
  }
});

test("tables that are large are not kept, nor more than some", () => {
  const rooms = new Rooms();
  const input = (rows: number) => {
    const events = createEventTable(rows);
    const nothing = { texts: [], tally: createTally(), caughtUp: true, enqueued: undefined, gap: undefined };
    return { partition: "0", events, ...nothing };
  };
  const large = input(10_000);
  rooms.giveBack([large]);
  expect(rooms.take()).not.toBe(large.events);
  const many = Array.from({ length: 100 }, () => input(2_048));
  rooms.giveBack(many);
  const kept = new Set(many.slice(0, 16).map(({ events }) => events));
  for (let i = 0; i < 16; i++) expect(kept.has(rooms.take())).toBe(true);
  expect(many.some(({ events }) => events === rooms.take())).toBe(false);
});
