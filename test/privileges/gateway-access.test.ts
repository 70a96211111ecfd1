import fc from "fast-check";
import { expect, test } from "vitest";
import { createEventTable } from "../../src/model/event-table.ts";
import { createNames } from "../../src/model/names.ts";
import { plusMs } from "../../src/model/time.ts";
import { putEvent } from "../../src/normalize/event-row.ts";
import { addDay, daysIn, RING_DAYS, RING_WORDS } from "../../src/privileges/day-rings.ts";
import { countsOf } from "../../src/privileges/gateway-use.ts";
import { accessUses, forgetOldAccess, gatewayAccessOf } from "../../src/privileges/gateway-access.ts";
import {
  createPrivileges,
  learnRows,
  privilegeSpots,
  type Privileges,
  readersOf,
} from "../../src/privileges/privileges.ts";
import { at, gatewayRequest } from "../builders.ts";

const DAY_MS = 86_400_000;
const names = createNames(1);

function calls(privileges: Privileges, readers: ReturnType<typeof readersOf>, days: readonly number[]): void {
  const table = createEventTable();
  for (const day of days)
    putEvent(table, names, gatewayRequest({ time: plusMs(at(0), day * DAY_MS), subscription: "k1" }), "GatewayLogs");
  learnRows(privileges, readers, table);
}

test("a use that was forgotten is counted again when it returns, by the same reader", () => {
  const privileges = createPrivileges();
  const readers = readersOf(privileges, names);
  calls(privileges, readers, [0, 1]);
  forgetOldAccess(privileges.gatewayAccess, plusMs(at(0), 500 * DAY_MS));
  expect([...accessUses(privileges.gatewayAccess)]).toEqual([]);
  calls(privileges, readers, [501, 502]);
  expect([...accessUses(privileges.gatewayAccess)].map(({ calls: count, days }) => [count, days().length])).toEqual([
    [2, 2],
  ]);
});

test("a time that has not come yet is no use and no observed day", () => {
  const privileges = createPrivileges();
  privileges.ledger.until = plusMs(at(0), 10 * DAY_MS);
  calls(privileges, readersOf(privileges, names), [0, 30_000]);
  const [use] = accessUses(privileges.gatewayAccess);
  expect(use?.calls).toBe(1);
});

test("a call of our own probe tells nothing of a gateway", () => {
  const privileges = createPrivileges();
  const table = createEventTable();
  for (const userAgent of ["scopetrail/verify", "curl/8"])
    putEvent(table, names, gatewayRequest({ time: at(0), subscription: "k1", userAgent }), "GatewayLogs");
  learnRows(privileges, readersOf(privileges, names), table);
  expect([...accessUses(privileges.gatewayAccess)].map(({ calls: count }) => count)).toEqual([1]);
  expect(countsOf(privileges.gateway).map(({ calls: count }) => count)).toEqual([1]);
});

test("of a key in use whose scope no list tells, that is a blind spot", () => {
  const privileges = createPrivileges();
  calls(privileges, readersOf(privileges, names), [0]);
  expect(privilegeSpots(privileges, 0)).toMatchObject([{ id: "no-gateway-inventory", scope: "gateway:apim-test" }]);
});

test("a ring holds the newest days, whatever the order in which they come", () => {
  const days = [3, 700, 1, 699, 200, 189, 188, 700 - RING_DAYS];
  const expected = [189, 200, 699, 700];
  for (const order of [days, days.toReversed(), days.toSorted((a, b) => a - b)]) {
    const rings = new Int32Array(3 * RING_WORDS);
    for (const day of order) addDay(rings, 1, day);
    expect([0, 1, 2].map((ring) => Array.from(daysIn(rings, ring)))).toEqual([[], expected, []]);
  }
});

const call = fc.record({
  subscription: fc.constantFrom("", "K1", "k1", "k2"),
  product: fc.constantFrom("", "Gold", "gold"),
  api: fc.constantFrom("", "orders", "Orders;rev=2", "orders;rev=31", "shop", ";rev=4"),
  operation: fc.constantFrom("", "get", "GET", "put"),
  day: fc.integer({ min: 0, max: 3 }),
  /** Which of two readers reads it, and whether all is written down and read again before, or the old is forgotten. */
  reader: fc.constantFrom(0, 1),
  before: fc.constantFrom("nothing", "nothing", "nothing", "restart", "forget"),
});

test("uses are those that a map by their lower-cased texts has, whichever reader counts them, and after a restart", () => {
  fc.assert(
    fc.property(fc.array(call, { maxLength: 60, size: "max" }), (all) => {
      const expected = new Map<string, number>();
      let privileges = createPrivileges();
      const anew = () => [readersOf(privileges, createNames(1)), readersOf(privileges, names)] as const;
      let readers = anew();
      for (const { subscription, product, api, operation, day, reader, before } of all) {
        if (before === "restart") {
          privileges = structuredClone(privileges);
          readers = anew();
        } else if (before === "forget") {
          forgetOldAccess(privileges.gatewayAccess, plusMs(at(0), 500 * DAY_MS));
          expected.clear();
        }
        const own = reader === 0 ? createNames(1) : names;
        if (reader === 0) readers = [readersOf(privileges, own), readers[1]];
        const table = createEventTable();
        const time = plusMs(at(0), day * DAY_MS);
        putEvent(table, own, gatewayRequest({ time, subscription, product, api, operation }), "GatewayLogs");
        learnRows(privileges, readers[reader] ?? readers[0], table);
        const base = api.toLowerCase().replace(/;rev=\d+$/, "");
        if (base === "" || (subscription === "" && product === "")) continue;
        const key = [subscription, product, base, operation].map((text) => text.toLowerCase()).join("|");
        expected.set(key, (expected.get(key) ?? 0) + 1);
      }
      const found = [...accessUses(privileges.gatewayAccess)].map(
        (use) => [[use.subscription, use.product, use.api, use.operation].join("|"), use.calls] as const,
      );
      expect(new Map(found)).toEqual(expected);
      expect(found.length).toBe(expected.size);
    }),
  );
});

test("calls beyond the uses that are kept are counted, those of kept uses go on", () => {
  const privileges = createPrivileges();
  const readers = readersOf(privileges, names);
  const table = createEventTable();
  for (const suffix of [...Array.from({ length: 20_002 }, (_, i) => i), 0, 20_001])
    putEvent(table, names, gatewayRequest({ subscription: `many-${suffix}` }), "GatewayLogs");
  learnRows(privileges, readers, table);
  const uses = [...accessUses(privileges.gatewayAccess)];
  expect(uses.length).toBe(20_000);
  expect(privileges.gatewayAccess.beyond).toBe(3);
  expect(uses.filter(({ calls: count }) => count === 2).map(({ subscription }) => subscription)).toEqual(["many-0"]);
});

test("uses that an earlier version kept, an object each, go on as if they had been counted by this one", () => {
  const privileges = createPrivileges();
  calls(privileges, readersOf(privileges, names), [3, 5]);
  const bits = (...days: readonly number[]): number[] => {
    const rings = new Int32Array(RING_WORDS);
    for (const day of days) addDay(rings, 0, day);
    return [...rings.subarray(1)];
  };
  const day = (of: number): number => Math.floor(Date.UTC(2026, 10, 25) / DAY_MS) + of;
  const [{ days, ...use } = expect.fail("no use")] = accessUses(privileges.gatewayAccess);
  expect([...days()]).toEqual([day(3), day(5)]);
  const old = {
    uses: new Map([["any", { ...use, days: { newest: day(5), bits: bits(day(3), day(5)) } }]]),
    observed: new Map([[use.service, { newest: day(5), bits: bits(day(3), day(5)) }]]),
    beyond: 7,
    swept: 0,
  };
  const again = { ...privileges, gatewayAccess: gatewayAccessOf(old, names.seed) };
  calls(privileges, readersOf(privileges, names), [6]);
  calls(again, readersOf(again, names), [6]);
  expect(again.gatewayAccess).toEqual({ ...privileges.gatewayAccess, beyond: 7 });
});
