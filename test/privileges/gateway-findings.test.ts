import { describe, expect, test } from "vitest";
import { createEventTable } from "../../src/model/event-table.ts";
import type { GatewayRequest } from "../../src/model/event.ts";
import { createNames } from "../../src/model/names.ts";
import { plusMs } from "../../src/model/time.ts";
import { putEvent } from "../../src/normalize/event-row.ts";
import { gatewayFindings } from "../../src/privileges/gateway-findings.ts";
import { forgetQuiet } from "../../src/privileges/gateway-use.ts";
import { createPrivileges, learnRows, type Privileges, readersOf } from "../../src/privileges/privileges.ts";
import { at, claims, gatewayRequest } from "../builders.ts";

interface Calls extends Partial<GatewayRequest> {
  readonly times?: number;
}

/** A token of an application with scopes; `none` for a call without one. */
const token = (appId: string, scopes = "", roles = ""): Partial<GatewayRequest> => ({
  claims: claims({ appId, scopes, roles }),
});

/** What gateways let in, of so many calls of each kind. */
function used(kinds: readonly Calls[]): Privileges {
  const privileges = createPrivileges();
  const names = createNames(1);
  const readers = readersOf(privileges, names);
  const table = createEventTable();
  let second = 0;
  for (const { times = 20, ...what } of kinds)
    for (let i = 0; i < times; i++)
      putEvent(table, names, gatewayRequest({ time: at(second++), ...what }), "GatewayLogs");
  learnRows(privileges, readers, table);
  return privileges;
}

const found = (kinds: readonly Calls[]): readonly string[] =>
  gatewayFindings(used(kinds).gateway, at(0)).map(
    ({ kind, severity, cause, subject }) =>
      `${kind} ${severity} ${cause.id} ${subject.api ?? subject.principal ?? ""}${subject.operation === undefined ? "" : `/${subject.operation}`}`,
  );

const read = { operation: "get-order" };
const write = { operation: "put-order" };
const A = token("app-a", "orders.read");

const cases: { name: string; calls: readonly Calls[]; expected: readonly string[] }[] = [
  { name: "an API whose calls all carry a validated token is as it should be", calls: [{ ...A }], expected: [] },
  { name: "an API of which no token is logged is not known to be open", calls: [{ times: 500 }], expected: [] },
  {
    name: "an operation that lets calls in without a token, where others show one",
    calls: [{ ...A, ...read }, { ...write }],
    expected: ["unvalidated-api high token-not-validated orders/put-order"],
  },
  {
    name: "with a subscription key it is not open to everybody",
    calls: [
      { ...A, ...read },
      { ...write, subscription: "s1" },
    ],
    expected: ["unvalidated-api medium token-not-validated orders/put-order"],
  },
  { name: "some calls without a token may be anything", calls: [{ ...A }, { times: 19 }], expected: [] },
  { name: "what was refused was not let in", calls: [{ ...A }, { status: 401 }], expected: [] },
  { name: "a browser asks for leave without a token", calls: [{ ...A }, { method: "OPTIONS" }], expected: [] },
  { name: "an entry that was too large has lost its trace", calls: [{ ...A }, { truncated: true }], expected: [] },
  {
    name: "a token that was let in and not validated",
    calls: [{ claims: claims({ state: "unverified" }) }],
    expected: ["unvalidated-api medium token-not-validated orders/get-order"],
  },
  {
    name: "an operation that lets tokens in with scopes and with none",
    calls: [{ ...A }, { ...token("app-b") }],
    expected: [
      "unvalidated-api low any-scope-accepted orders/get-order",
      // What lets in a token without any scope needs none.
      "over-scoped-token low scope-wider-than-use app-a",
    ],
  },
  {
    name: "a key that two applications use",
    calls: [
      { ...A, subscription: "s1" },
      { ...token("app-b", "orders.read"), subscription: "s1" },
    ],
    expected: ["shared-subscription-key medium key-shared-by-applications s1"],
  },
  {
    name: "a key of one application from many networks is one application's",
    calls: ["203.0.113.1", "203.0.114.1", "203.0.115.1"].map((callerAddress) =>
      Object.assign({}, A, { subscription: "s1", callerAddress }),
    ),
    expected: [],
  },
  {
    name: "who is named by a token that nobody validated is nobody",
    calls: [
      { ...A, subscription: "s1" },
      { claims: claims({ state: "unverified", appId: "app-b" }), subscription: "s1", times: 25 },
    ],
    expected: ["unvalidated-api medium token-not-validated orders/get-order"],
  },
  {
    name: "the key that opens everything",
    calls: [{ ...A, subscription: "master" }],
    expected: ["shared-subscription-key high all-access-key-in-use master"],
  },
  {
    name: "a scope that another token did without, on each operation",
    calls: [{ ...token("app-a", "orders.read orders.write") }, { ...token("app-b", "orders.read") }],
    expected: ["over-scoped-token low scope-wider-than-use app-a"],
  },
  {
    name: "a scope that one operation may need is needed",
    calls: [
      { ...token("app-a", "orders.read orders.write"), ...read },
      { ...token("app-b", "orders.read"), ...read },
      { ...token("app-a", "orders.read orders.write"), ...write },
    ],
    expected: [],
  },
  {
    name: "an operation that it called a few times may need it",
    calls: [
      { ...token("app-a", "orders.read orders.write"), ...read },
      { ...token("app-b", "orders.read"), ...read },
      { ...token("app-a", "orders.read orders.write"), ...write, times: 5 },
    ],
    expected: [],
  },
  {
    name: "another scope in its place tells nothing: either may do",
    calls: [{ ...token("app-a", "orders.all") }, { ...token("app-b", "orders.read") }],
    expected: [],
  },
  {
    name: "a role and a scope of one name are two things",
    calls: [{ ...token("app-a", "", "orders.read") }, { ...token("app-b", "orders.read") }],
    expected: [],
  },
];

describe("what a gateway lets in", () => {
  test.each(cases)("$name", ({ calls, expected }) => expect(found(calls)).toEqual(expected));
});

test("the surplus is named, and only that", () => {
  const calls = [{ ...token("app-a", "orders.read orders.write", "Admin") }, { ...token("app-b", "orders.read") }];
  const [finding] = gatewayFindings(used(calls).gateway, at(0));
  expect(finding?.cause.evidence[0]?.says).toMatch(/^Not needed: role:Admin, scp:orders.write\./);
});

test("what has not been seen for 30 days is over; an id stays the same", () => {
  const { gateway } = used([{ ...A, ...read }, { ...write }]);
  const [before] = gatewayFindings(gateway, at(0));
  forgetQuiet(gateway, plusMs(at(30), 29 * 86_400_000));
  expect(gatewayFindings(gateway, at(0)).map(({ id }) => id)).toEqual([before?.id]);
  forgetQuiet(gateway, plusMs(at(60), 30 * 86_400_000));
  expect(gatewayFindings(gateway, at(0))).toEqual([]);
});

test("what returns after it was forgotten is counted again by the same reader", () => {
  const privileges = createPrivileges();
  const names = createNames(1);
  const readers = readersOf(privileges, names);
  const table = createEventTable();
  for (const call of [{ ...A, ...read }, { ...write }])
    for (let i = 0; i < 20; i++) putEvent(table, names, gatewayRequest({ time: at(i), ...call }), "GatewayLogs");
  learnRows(privileges, readers, table);
  const before = gatewayFindings(privileges.gateway, at(0));
  forgetQuiet(privileges.gateway, plusMs(at(60), 30 * 86_400_000));
  learnRows(privileges, readers, table);
  expect(gatewayFindings(privileges.gateway, at(0))).toEqual(before);
});
