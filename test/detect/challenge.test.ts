import { expect, test } from "vitest";
import { createCallRow, readCall } from "../../src/correlate/call-row.ts";
import { answer, createChallenges, hold, released } from "../../src/detect/challenge.ts";
import type { GatewayRequest } from "../../src/model/event.ts";
import { createEventTable } from "../../src/model/event-table.ts";
import { createNames } from "../../src/model/names.ts";
import { putEvent } from "../../src/normalize/event-row.ts";
import { at, claims, gatewayError, gatewayRequest } from "../builders.ts";

const names = createNames(5);

function rowOf(over: Partial<GatewayRequest>) {
  const table = createEventTable(1);
  const row = createCallRow();
  readCall(row, { table, names, gateway: putEvent(table, names, gatewayRequest(over)), operations: [] });
  return row;
}

const bare = (seconds: number, over: Partial<GatewayRequest> = {}) =>
  rowOf({ time: at(seconds), status: 401, error: gatewayError("TokenNotPresent"), ...over });

test.each<[string, Partial<GatewayRequest>, boolean]>([
  ["the same client and operation", {}, true],
  ["by its method where the operation has no name", { operation: "GET" }, false],
  ["another address", { callerAddress: "203.0.113.8" }, false],
  ["another user agent", { userAgent: "curl/8" }, false],
  ["another API", { api: "billing" }, false],
  ["too late", { time: at(1.6) }, false],
  ["throttled behind the gateway", { status: 429, backendStatus: 429 }, true],
  ["refused with its credential", { status: 401, claims: claims(), error: gatewayError("TokenExpired") }, true],
])("another call answers a refusal without a credential: %s", (_, success, answers) => {
  const state = createChallenges();
  expect(hold(state, bare(0))).toBe(true);
  answer(state, rowOf({ time: at(1), ...success }));
  expect(released(state, at(1.4))).toEqual([]);
  expect(released(state, at(2)).length).toBe(answers ? 0 : 1);
  expect(state.answered).toBe(answers ? 1 : 0);
});

test.each<[string, Partial<GatewayRequest>, boolean]>([
  ["the same subscription, from another address of a front door", { subscription: "team" }, true],
  ["another subscription", { subscription: "others" }, false],
])("another call answers a refusal that had a key and no token: %s", (_, success, answers) => {
  const state = createChallenges();
  expect(hold(state, bare(0, { subscription: "team" }))).toBe(true);
  answer(state, rowOf({ time: at(1), callerAddress: "203.0.113.8", ...success }));
  expect(released(state, at(2)).length).toBe(answers ? 0 : 1);
});

test("each success answers one refusal, the oldest", () => {
  const state = createChallenges();
  for (const seconds of [0, 0.1, 0.2]) hold(state, bare(seconds));
  for (const seconds of [0.3, 0.4]) answer(state, rowOf({ time: at(seconds) }));
  expect(released(state, at(9)).map(({ time }) => time)).toEqual([at(0.2)]);
});

test("a refusal with a credential or of another reason is not held back", () => {
  const state = createChallenges();
  expect(hold(state, bare(0, { claims: claims() }))).toBe(false);
  expect(hold(state, bare(0, { subscription: "team" }))).toBe(true);
  expect(hold(state, bare(0, { subscription: "team", error: gatewayError("401") }))).toBe(false);
  expect(hold(state, bare(0, { error: gatewayError("TokenExpired") }))).toBe(false);
  expect(hold(state, bare(0, { error: gatewayError("SubscriptionKeyNotFound", "authorization") }))).toBe(true);
  expect(hold(state, bare(0, { error: gatewayError("SubscriptionKeyInvalid", "authorization") }))).toBe(false);
  expect(hold(state, rowOf({}))).toBe(false);
});

test("a call that a backend refuses without a reason answers a gateway's refusal, and is held back itself; no backend's", () => {
  const state = createChallenges();
  const byBackend = (seconds: number) => rowOf({ time: at(seconds), status: 401, backendStatus: 401 });
  expect(hold(state, bare(0))).toBe(true);
  expect(hold(state, byBackend(0.1))).toBe(true);
  expect(hold(state, byBackend(0.2))).toBe(true);
  expect(released(state, at(9)).map(({ time }) => time)).toEqual([at(0.1), at(0.2)]);
  expect(state.answered).toBe(1);
});
