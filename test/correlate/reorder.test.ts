import { expect, test } from "vitest";
import { createHeld } from "../../src/correlate/held.ts";
import {
  type Arrival,
  createReorder as create,
  expectPartitions,
  flush,
  type Patience,
  type Reorder,
  release,
} from "../../src/correlate/reorder.ts";
import { OPERATION_KIND, timeOf } from "../../src/model/event-table.ts";
import { createNames } from "../../src/model/names.ts";
import { epochMs } from "../../src/model/time.ts";
import { at, gatewayRequest, operation } from "../builders.ts";
import { tableOf } from "../follow.ts";

let where = { held: createHeld(), names: createNames(1) };
const createReorder = (lateness: number, limit = 1_000) => {
  where = { held: createHeld(), names: createNames(1) };
  return create(lateness, limit);
};
const event = (seconds: number) => gatewayRequest({ time: at(seconds), correlationId: `t${seconds}` });
const seconds = (places: readonly number[]) => places.map((place) => (timeOf(where.held.table, place) - at(0)) / 1e7);
const arrive = (partition: string, times: number[], caughtUp = false) => ({
  partition,
  events: tableOf(where.names, times.map(event)),
  caughtUp,
});

const UNMEASURED = { afterNewest: 0, afterArrival: undefined };
const take = (state: Reorder, arrival: Arrival, patience: Patience = UNMEASURED) =>
  release(state, where, arrival, patience);

test("waits for stragglers and sorts across batches", () => {
  const state = createReorder(5_000);
  expect(seconds(take(state, arrive("0", [10])))).toEqual([]);
  expect(seconds(take(state, arrive("0", [8])))).toEqual([]);
  expect(seconds(take(state, arrive("0", [20])))).toEqual([8, 10]);
  expect(seconds(flush(state, where))).toEqual([20]);
});

test("the slowest partition holds the watermark, unless it has no more", () => {
  const state = createReorder(0);
  expectPartitions(state, ["0", "1"]);
  expect(seconds(take(state, arrive("0", [100])))).toEqual([]);
  expect(seconds(take(state, arrive("1", [50])))).toEqual([50]);
  expect(seconds(take(state, arrive("1", [], true)))).toEqual([100]);
});

test("a late event comes out at once and is counted", () => {
  const state = createReorder(5_000);
  take(state, arrive("0", [20]));
  expect(seconds(take(state, arrive("0", [14])))).toEqual([14]);
  expect(state.late).toBe(1);
});

test("the watermark never moves back", () => {
  const state = createReorder(5_000);
  take(state, arrive("0", [20]));
  take(state, arrive("0", [16]));
  expect(seconds(take(state, arrive("0", [14])))).toEqual([14]);
});

test("a record from the far future does not close the present", () => {
  const state = createReorder(0);
  const enqueued = epochMs(at(10));
  take(state, { ...arrive("0", [5, 1_000_000]), enqueued });
  expect(seconds(take(state, { ...arrive("0", [6, 9]), enqueued }))).toEqual([6, 9]);
  expect(state.late).toBe(0);
});

test("a partition that is far behind holds back no more events than may be held", () => {
  const state = createReorder(0, 3);
  expectPartitions(state, ["0", "1"]);
  expect(seconds(take(state, arrive("0", [14, 12, 11, 13, 15])))).toEqual([11, 12]);
  expect(state.crowded).toBe(2);
  expect(seconds(take(state, arrive("1", [1, 13], true)))).toEqual([1, 13, 13, 14, 15]);
  expect(state.late).toBe(1);
});

test("what the logs were measured to need is waited for where it is more than the lateness", () => {
  const state = createReorder(5_000);
  const patience = { afterNewest: 8_000, afterArrival: undefined };
  expect(seconds(take(state, arrive("0", [10, 20]), patience))).toEqual([10]);
  expect(seconds(take(state, arrive("0", [17]), patience))).toEqual([]);
  expect(seconds(take(state, arrive("0", [23]), patience))).toEqual([]);
  expect(seconds(take(state, arrive("0", [25]), patience))).toEqual([17]);
});

test("a partition of a slow log tells by its arrivals up to when it is complete", () => {
  const state = createReorder(0);
  const patience = { afterNewest: 300_000, afterArrival: 330_000 };
  const enqueued = epochMs(at(1_000));
  expect(seconds(take(state, { ...arrive("0", [660, 671, 690]), enqueued }, patience))).toEqual([660]);
});

test("with a kind, events of other logs are not taken, and their partitions hold nothing back", () => {
  const state = createReorder(0);
  expectPartitions(state, ["0", "1"]);
  const patience = { afterNewest: 0, afterArrival: 10_000, kind: OPERATION_KIND };
  const enqueued = epochMs(at(1_000));
  expect(take(state, { ...arrive("0", [900]), enqueued }, patience)).toEqual([]);
  expect(state.held).toBe(0);
  const operations = tableOf(where.names, [operation({ time: at(980) }), operation({ time: at(995) })]);
  const arrived = take(state, { partition: "1", events: operations, caughtUp: false, enqueued }, patience);
  expect(seconds(arrived)).toEqual([980]);
});
