import { expect, test } from "vitest";
import { createLimits, limitKey, noteLimit, OF_ACCOUNT } from "../../src/detect/limits.ts";
import { at, operation } from "../builders.ts";

const full = (container: string) => operation({ account: "cosmos-shop", container, status: 403 });

test("a limit is of a container, or of its account where the sub-status says so", () => {
  const limits = createLimits();
  noteLimit(limits, full("orders"), { subStatus: 1014, at: at(0) });
  noteLimit(limits, full("orders"), { subStatus: 4009, at: at(5) });
  expect([...limits.told.keys()]).toEqual([limitKey("cosmos-shop", "orders"), limitKey("cosmos-shop", OF_ACCOUNT)]);
});

test("told again it goes on; after an hour's pause it is another one", () => {
  const limits = createLimits();
  for (const seconds of [0, 60, 1_800]) noteLimit(limits, full("orders"), { subStatus: 1014, at: at(seconds) });
  const key = limitKey("cosmos-shop", "orders");
  expect(limits.told.get(key)).toEqual({ from: at(0), to: at(1_800), count: 3 });
  noteLimit(limits, full("orders"), { subStatus: 1014, at: at(9_000) });
  expect(limits.told.get(key)).toEqual({ from: at(9_000), to: at(9_000), count: 1 });
});

test("of too many containers the one told of longest ago is forgotten, and counted", () => {
  const limits = createLimits();
  for (let i = 0; i < 1_000; i++) noteLimit(limits, full(`c${i}`), { subStatus: 1014, at: at(i) });
  noteLimit(limits, full("c0"), { subStatus: 1014, at: at(1_000) });
  expect(limits.forgotten).toBe(0);
  noteLimit(limits, full("c1000"), { subStatus: 1014, at: at(1_001) });
  expect(limits.forgotten).toBe(1);
  expect(limits.told.has(limitKey("cosmos-shop", "c0"))).toBe(true);
  expect(limits.told.has(limitKey("cosmos-shop", "c1"))).toBe(false);
});
