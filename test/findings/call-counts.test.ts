import { expect, test } from "vitest";
import { createCallRow, readCall } from "../../src/correlate/call-row.ts";
import { countCall, createCallCounts, minuteCounts } from "../../src/findings/call-counts.ts";
import { apiLatencies, cover, createCoverage, forgetCoveredNames } from "../../src/findings/coverage.ts";
import { quantile } from "../../src/lib/ddsketch.ts";
import { createEventTable } from "../../src/model/event-table.ts";
import { createNames } from "../../src/model/names.ts";
import { epochMs } from "../../src/model/time.ts";
import { putEvent } from "../../src/normalize/event-row.ts";
import { at, gatewayRequest, operation } from "../builders.ts";
import { random } from "../traffic.ts";

const names = createNames(5);
const row = createCallRow();

function read(over: Parameters<typeof gatewayRequest>[0]) {
  const table = createEventTable(1);
  readCall(row, { table, names, gateway: putEvent(table, names, gatewayRequest(over)), operations: [] });
  return row;
}

test.each([1, 2])(
  "the last two days are counted by minute, also where calls come in another order (seed %i)",
  (seed) => {
    const next = random(seed);
    let counts = createCallCounts();
    const plain = new Map<number, { calls: number; refused: number }>();
    for (let i = 0, minutes = 0; i < 9_000; i++, minutes += next() * 2) {
      if (i % 2_000 === 999) counts = structuredClone(counts);
      const time = at(60 * (minutes - (next() < 0.2 ? next() * (next() < 0.1 ? 4_000 : 5) : 0)));
      const status = next() < 0.3 ? 401 : 200;
      countCall(counts, read({ time, status }));
      const minute = Math.floor(epochMs(time) / 60_000);
      const one = plain.get(minute) ?? { calls: 0, refused: 0 };
      plain.set(minute, one);
      one.calls += 1;
      if (status === 401) one.refused += 1;
      if (plain.size > 2_880) plain.delete([...plain.keys()].reduce((a, b) => Math.min(a, b)));
    }
    const told = minuteCounts(counts, 20_000).filter(({ calls }) => calls > 0);
    expect(told.map(({ time, calls, refused401 }) => [epochMs(time) / 60_000, calls, refused401])).toEqual(
      [...plain].toSorted((a, b) => a[0] - b[0]).map(([minute, { calls, refused }]) => [minute, calls, refused]),
    );
    expect(counts.minutes.size).toBe(2_880);
  },
);

test("the gateway's total time is told by API, of the calls that logged it", () => {
  const coverage = createCoverage();
  for (let i = 1; i <= 100; i++) cover(coverage, read({ api: "orders", totalMs: i, time: at(i) }));
  cover(coverage, read({ api: "billing", time: at(101) }));
  const [orders, ...others] = apiLatencies(coverage);
  expect(others).toEqual([]);
  expect(orders?.api).toBe("orders");
  expect(orders && Math.abs((quantile(orders.latency, 0.5) ?? 0) - 50)).toBeLessThanOrEqual(0.5);
});

test("what was seen of APIs and account keys is the same when names are given other ids on the way", () => {
  const count = (renumbers: boolean) => {
    const coverage = createCoverage();
    let known = createNames(5);
    for (let i = 0; i < 400; i++) {
      if (renumbers && i % 50 === 25) {
        known = createNames(5);
        forgetCoveredNames(coverage);
      }
      const table = createEventTable(1);
      const credential = i % 3 === 0 ? "PrimaryMasterKey" : "AadToken";
      const gateway = putEvent(table, known, gatewayRequest({ api: `api-${i % 7}`, time: at(i) }));
      const own = putEvent(table, known, operation({ account: `shop-${i % 5}`, credential, time: at(i) }));
      readCall(row, { table, names: known, gateway, operations: [own] });
      cover(coverage, row);
    }
    return { apis: coverage.apis.list, keys: coverage.keys.list };
  };
  const { apis, keys } = count(false);
  expect(count(true)).toEqual({ apis, keys });
  expect(apis.map(({ calls }) => calls)).toEqual([58, 57, 57, 57, 57, 57, 57]);
  expect(keys.reduce((sum, { count: of }) => sum + of, 0)).toBe(134);
});
