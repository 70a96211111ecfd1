import { expect, test } from "vitest";
import { addGateway, addOperation, closeUntil, createJoin } from "../../src/correlate/join.ts";
import { at, gatewayRequest, operation } from "../builders.ts";

const WINDOW = 60_000;

test("the correlation id is the activity id, whichever comes first", () => {
  for (const first of ["gateway", "operation"]) {
    const join = createJoin(WINDOW, 100);
    const gateway = gatewayRequest({ correlationId: "a", time: at(0) });
    const joined = operation({ activityId: "a", time: at(1) });
    if (first === "gateway") addGateway(join, gateway);
    addOperation(join, joined);
    if (first !== "gateway") addGateway(join, gateway);
    expect(closeUntil(join, at(120))).toEqual([{ gateway, operations: [joined] }]);
  }
});

test("the activity id that the backend returned joins too, and owns many operations", () => {
  const join = createJoin(WINDOW, 100);
  const operations = [operation({ activityId: "x", time: at(0) }), operation({ activityId: "x", time: at(1) })];
  for (const one of operations) addOperation(join, one);
  addGateway(join, gatewayRequest({ correlationId: "c", backendActivityId: "x", time: at(2) }));
  expect(closeUntil(join, at(120))).toMatchObject([{ operations }]);
});

test("two operations under different ids meet in one call", () => {
  const join = createJoin(WINDOW, 100);
  addOperation(join, operation({ activityId: "x", time: at(0) }));
  addOperation(join, operation({ activityId: "c", time: at(0) }));
  addGateway(join, gatewayRequest({ correlationId: "c", backendActivityId: "x", time: at(1) }));
  const closed = closeUntil(join, at(120));
  expect(closed).toHaveLength(1);
  expect(closed[0]?.operations).toHaveLength(2);
});

test("what does not match stays visible on both sides", () => {
  const join = createJoin(WINDOW, 100);
  addGateway(join, gatewayRequest({ correlationId: "a", time: at(0) }));
  addOperation(join, operation({ activityId: "b", time: at(0) }));
  expect(
    closeUntil(join, at(120)).map(({ gateway, operations }) => [gateway !== undefined, operations.length]),
  ).toEqual([
    [true, 0],
    [false, 1],
  ]);
});

test("the id of the user's own joins too, and takes nothing from the call that an id belongs to", () => {
  const join = createJoin(WINDOW, 100);
  addGateway(join, gatewayRequest({ correlationId: "mine", time: at(0) }));
  addGateway(join, gatewayRequest({ correlationId: "a", ownId: "own", time: at(0) }));
  addGateway(join, gatewayRequest({ correlationId: "b", ownId: "mine", time: at(0) }));
  addOperation(join, operation({ activityId: "own", time: at(1) }));
  addOperation(join, operation({ activityId: "mine", time: at(1) }));
  expect(
    closeUntil(join, at(120)).map(({ gateway, operations }) => [
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
  const join = createJoin(WINDOW, 100);
  addGateway(join, gatewayRequest({ correlationId: "long", time: at(0), totalMs: 90_000 }));
  addGateway(join, gatewayRequest({ correlationId: "short", time: at(1) }));
  expect(closeUntil(join, at(59))).toEqual([]);
  expect(closeUntil(join, at(70)).map(({ gateway }) => gateway?.correlationId)).toEqual(["long", "short"]);
});

test("beyond the limit the oldest close early, and that is counted", () => {
  const join = createJoin(WINDOW, 2);
  for (const id of ["a", "b", "c"]) addGateway(join, gatewayRequest({ correlationId: id, time: at(0) }));
  expect(closeUntil(join, at(1)).map(({ gateway }) => gateway?.correlationId)).toEqual(["a"]);
  expect(join.evicted).toBe(1);
});
