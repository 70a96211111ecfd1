import { expect, test } from "vitest";
import {
  dayOf,
  countUse,
  createLedger,
  observe,
  placeId,
  textId,
  useId,
  visitUses,
} from "../../src/privileges/ledger.ts";
import { rowCount } from "../../src/privileges/day-rows.ts";
import {
  addCalls,
  clientOf,
  clientsOfCaller,
  clientTableOf,
  createClientTable,
} from "../../src/privileges/client-table.ts";
import { leftOut, privilegeFindings } from "../../src/privileges/findings.ts";
import { holdersOf } from "../../src/privileges/principals.ts";
import { createPrivileges, privilegeSpots } from "../../src/privileges/privileges.ts";
import { addRole } from "../../src/privileges/roles.ts";
import { type Instant, plusMs } from "../../src/model/time.ts";
import { at } from "../builders.ts";

const DAY_MS = 86_400_000;
const dayAt = (day: number): Instant => plusMs(at(0), day * DAY_MS);

test("400 days are kept; what is older is gone, counted, and observed no more", () => {
  const ledger = createLedger();
  const account = textId(ledger, "shop");
  const use = useId(ledger, { signer: textId(ledger, "p"), place: placeId(ledger, "shop", "d", "c"), action: 2 });
  for (let day = 0; day < 500; day++) {
    countUse(ledger, use, { time: dayAt(day), outcome: "succeeded", calls: 1 });
    observe(ledger, account, dayOf(dayAt(day)));
  }
  countUse(ledger, use, { time: dayAt(3), outcome: "succeeded", calls: 1 });
  let [calls, first] = [0, Number.POSITIVE_INFINITY];
  visitUses(ledger, (day, _, { succeeded }) => {
    calls += succeeded;
    first = Math.min(first, day);
  });
  expect({ calls, first }).toEqual({ calls: 400, first: dayOf(dayAt(100)) });
  expect(ledger.observed.get(account)?.size).toBe(400);
  expect(ledger.forgotten).toBe(1);
});

test("more calls of a day than a count holds are counted", () => {
  const ledger = createLedger();
  const use = useId(ledger, { signer: textId(ledger, "p"), place: placeId(ledger, "shop", "d", "c"), action: 2 });
  const count = (outcome: "succeeded" | "denied401" | "denied403" | "other", calls: number) =>
    countUse(ledger, use, { time: dayAt(0), outcome, calls });
  for (const calls of [2 ** 32 - 3, 1, 1, 1, 2 ** 32 + 5, 7]) count("succeeded", calls);
  for (const outcome of ["denied401", "denied403", "other"] as const) count(outcome, 2 ** 40);
  const sums = { succeeded: 0, denied: 0, denied401: 0, other: 0 };
  visitUses(ledger, (_, __, { succeeded, denied, denied401, other }) => {
    sums.succeeded += succeeded;
    sums.denied += denied;
    sums.denied401 += denied401;
    sums.other += other;
  });
  expect(sums).toEqual({ succeeded: 2 ** 33 + 12, denied: 2 ** 41, denied401: 2 ** 40, other: 2 ** 40 });
});

test("a day that is not over is told as often as it is asked for, and makes no rows", () => {
  const ledger = createLedger();
  const use = useId(ledger, { signer: textId(ledger, "p"), place: placeId(ledger, "shop", "d", "c"), action: 2 });
  const told: (readonly [day: number, succeeded: number])[] = [];
  for (const day of [0, 1, 1]) {
    countUse(ledger, use, { time: dayAt(day), outcome: "succeeded", calls: 1 });
    visitUses(ledger, (of, _, { succeeded }) => told.push([of - dayOf(dayAt(0)), succeeded]));
  }
  expect(told).toEqual([
    [0, 1],
    [1, 1],
    [0, 1],
    [1, 2],
    [0, 1],
  ]);
  expect(rowCount(ledger.rows)).toBe(1);
});

test("of very many holders those with the highest scores get findings, and the rest is told", () => {
  const privileges = createPrivileges();
  const { ledger, roles } = privileges;
  for (let day = 0; day < 40; day++) observe(ledger, textId(ledger, "shop"), dayOf(dayAt(day)));
  for (let i = 0; i < 2_100; i++)
    addRole(roles, {
      kind: "assignment",
      account: "shop",
      accountId: "",
      id: `a${i}`,
      principal: `p${i}`,
      definition: `00000000-0000-0000-0000-00000000000${i < 100 ? 1 : 2}`,
      scope: { database: "d", container: "c" },
    });
  const holders = holdersOf(privileges);
  const findings = privilegeFindings(holders, { privileges, exceptions: [], now: dayAt(40) });
  expect(findings).toHaveLength(2_000);
  expect(findings.every(({ privilege }) => privilege?.granted[0]?.role.endsWith("Contributor"))).toBe(true);
  expect(leftOut(holders)).toBe(100);
  expect(privilegeSpots(privileges, 100)).toMatchObject([
    { id: "principals-limit", says: expect.stringMatching(/^100 /) as string },
  ]);
});

test("clients are told apart up to a limit, each with its own calls, and callers beyond it take no room", () => {
  const table = createClientTable();
  const caller = (i: number) => ({ account: 1, signer: i % 20_000, grain: 0 });
  const places = Array.from({ length: 70_000 }, (_, i) => clientOf(table, caller(i), i % 7, i));
  expect(places.filter((place) => place >= 0)).toHaveLength(65_536);
  expect(clientOf(table, { account: 2, signer: 3, grain: 0 }, 1, 1)).toBe(-1);
  expect(table.callers.size).toBe(20_000);
  for (const i of [3, 20_003, 40_003, 20_003]) addCalls(table, clientOf(table, caller(i), i % 7, i), dayAt(i), 2);
  expect(clientsOfCaller(table, caller(3))).toMatchObject([
    { network: 3, agent: 3, calls: 2, first: dayAt(3), last: dayAt(3) },
    { network: 4, agent: 20_003, calls: 4 },
    { network: 5, agent: 40_003, calls: 2 },
    { network: 6, agent: 60_003, calls: 0 },
  ]);
  expect(clientsOfCaller(table, { ...caller(3), grain: 1 })).toEqual([]);
});

test("clients that an earlier version kept in maps are those of the table", () => {
  const calls = { calls: 5, first: dayAt(1), last: dayAt(9) };
  const table = clientTableOf([new Map(), new Map([["4|3", new Map([[2 ** 20 * 2 + 7, calls]])]]), new Map()]);
  expect(clientsOfCaller(table, { account: 4, signer: 3, grain: 1 })).toEqual([{ network: 2, agent: 7, ...calls }]);
  expect(table.clients.size).toBe(1);
});

test("an account without a list of its roles is a blind spot", () => {
  const privileges = createPrivileges();
  observe(privileges.ledger, textId(privileges.ledger, "shop"), 1);
  expect(privilegeSpots(privileges, 0)).toMatchObject([{ id: "no-role-inventory", scope: "account:shop" }]);
});
