import { expect, test } from "vitest";
import { at, gatewayRequest, operation } from "../builders.ts";
import { joinOf } from "./joining.ts";

const WINDOW = 60_000;

test("the correlation id is the activity id, whichever comes first", () => {
  for (const first of ["gateway", "operation"]) {
    const join = joinOf(WINDOW, 100);
    const gateway = gatewayRequest({ correlationId: "a", time: at(0) });
    const joined = operation({ activityId: "a", time: at(1) });
    if (first === "gateway") join.add(gateway);
    join.add(joined);
    if (first !== "gateway") join.add(gateway);
    expect(join.closeUntil(at(120))).toEqual([{ gateway, operations: [joined] }]);
  }
});

test("the activity id that the backend returned joins too, and owns many operations", () => {
  const join = joinOf(WINDOW, 100);
  const operations = [operation({ activityId: "x", time: at(0) }), operation({ activityId: "x", time: at(1) })];
  for (const one of operations) join.add(one);
  join.add(gatewayRequest({ correlationId: "c", backendActivityId: "x", time: at(2) }));
  expect(join.closeUntil(at(120))).toMatchObject([{ operations }]);
});

test("two operations under different ids meet in one call", () => {
  const join = joinOf(WINDOW, 100);
  join.add(operation({ activityId: "x", time: at(0) }));
  join.add(operation({ activityId: "c", time: at(0) }));
  join.add(gatewayRequest({ correlationId: "c", backendActivityId: "x", time: at(1) }));
  const closed = join.closeUntil(at(120));
  expect(closed).toHaveLength(1);
  expect(closed[0]?.operations).toHaveLength(2);
});

test("what does not match stays visible on both sides", () => {
  const join = joinOf(WINDOW, 100);
  join.add(gatewayRequest({ correlationId: "a", time: at(0) }));
  join.add(operation({ activityId: "b", time: at(0) }));
  expect(join.closeUntil(at(120)).map(({ gateway, operations }) => [gateway !== undefined, operations.length])).toEqual(
    [
      [true, 0],
      [false, 1],
    ],
  );
});

test("the id of the user's own joins too, and takes nothing from the call that an id belongs to", () => {
  const join = joinOf(WINDOW, 100);
  join.add(gatewayRequest({ correlationId: "mine", time: at(0) }));
  join.add(gatewayRequest({ correlationId: "a", ownId: "own", time: at(0) }));
  join.add(gatewayRequest({ correlationId: "b", ownId: "mine", time: at(0) }));
  join.add(operation({ activityId: "own", time: at(1) }));
  join.add(operation({ activityId: "mine", time: at(1) }));
  expect(
    join
      .closeUntil(at(120))
      .map(({ gateway, operations }) => [
        gateway?.correlationId,
        operations.map(({ activityId }) => activityId).join(),
      ]),
  ).toEqual([
    ["mine", "mine"],
    ["a", "own"],
    ["b", ""],
  ]);
});

test("nothing closes before its time, and calls close in the order of their beginning", () => {
  const join = joinOf(WINDOW, 100);
  join.add(gatewayRequest({ correlationId: "long", time: at(0), totalMs: 90_000 }));
  join.add(gatewayRequest({ correlationId: "short", time: at(1) }));
  expect(join.closeUntil(at(59))).toEqual([]);
  expect(join.closeUntil(at(70)).map(({ gateway }) => gateway?.correlationId)).toEqual(["long", "short"]);
});

test("beyond the limit the oldest close early, and that is counted", () => {
  const join = joinOf(WINDOW, 2);
  for (const id of ["a", "b", "c"]) join.add(gatewayRequest({ correlationId: id, time: at(0) }));
  expect(join.closeUntil(at(1)).map(({ gateway }) => gateway?.correlationId)).toEqual(["a"]);
  expect(join.state.evicted).toBe(1);
});
