import { expect, test } from "vitest";
import { createDelays, delayOf, delaysOf, isAhead, measure, waitForAll } from "../../src/correlate/delays.ts";
import { GATEWAY_KIND, OPERATION_KIND } from "../../src/model/event-table.ts";
import { createNames } from "../../src/model/names.ts";
import { type EpochMs, epochMs } from "../../src/model/time.ts";
import { at, gatewayRequest, operation } from "../builders.ts";
import { tableOf } from "../follow.ts";

const names = createNames(1);
const LONGEST_MS = 900_000;

/** Delays of logs that came, record by record, so many seconds after their events; from `start` on, in seconds. */
function measured(
  log: { gateway?: readonly number[]; operation?: readonly number[] },
  start = 0,
  delays = createDelays(LONGEST_MS),
) {
  const put = (kind: "gateway" | "operation", seconds: readonly number[] = []): void => {
    for (const [i, delay] of seconds.entries()) {
      const time = at(start + i / 1_000);
      const event = kind === "gateway" ? gatewayRequest({ time }) : operation({ time });
      measure(delays, tableOf(names, [event]), (epochMs(time) + delay * 1_000) as EpochMs);
    }
  };
  put("gateway", log.gateway);
  put("operation", log.operation);
  return delays;
}

const many = (count: number, delay: number): readonly number[] => Array.from({ length: count }, () => delay);

test("a log is as late as nearly all of its records: one in a thousand does not count", () => {
  const delays = measured({ gateway: [...many(999, 4), 300] });
  expect(delayOf(delays, GATEWAY_KIND)).toBe(5_000);
  expect(delayOf(delays, OPERATION_KIND)).toBeUndefined();
  expect(delaysOf(delays)).toEqual([["gateway", 5_000]]);
});

test("one in fifty counts", () =>
  expect(delayOf(measured({ gateway: [...many(98, 4), 300, 300] }), GATEWAY_KIND)).toBe(310_000));

test("what comes later than the longest delay is not waited for", () =>
  expect(delayOf(measured({ gateway: [...many(10, 4), ...many(10, 2_000)] }), GATEWAY_KIND)).toBe(5_000));

test("what was measured counts half after ten minutes, so that a log that is prompt again is believed", () => {
  const delays = measured({ gateway: many(100, 300) });
  for (let round = 1; round <= 12; round++) measured({ gateway: many(100, 2) }, round * 600, delays);
  expect(delayOf(delays, GATEWAY_KIND)).toBe(3_000);
});

test("all logs are waited for as long as the slowest needs, from the newest event less what the swiftest needs", () => {
  expect(waitForAll(createDelays(LONGEST_MS))).toEqual({ afterNewest: 0, afterArrival: undefined });
  expect(waitForAll(measured({ gateway: many(50, 5), operation: many(50, 305) }))).toEqual({
    afterNewest: 305_000,
    afterArrival: 310_000,
  });
});

test.each([
  ["the gateway's always", GATEWAY_KIND, { gateway: many(9, 300), operation: many(9, 3) }, true],
  ["Cosmos DB's where there is no other", OPERATION_KIND, { operation: many(9, 3) }, true],
  [
    "Cosmos DB's where the gateway's is much later",
    OPERATION_KIND,
    { gateway: many(9, 300), operation: many(9, 3) },
    true,
  ],
  [
    "not Cosmos DB's where the gateway's is as prompt",
    OPERATION_KIND,
    { gateway: many(9, 20), operation: many(9, 3) },
    false,
  ],
  ["not Cosmos DB's where it was not heard of yet", OPERATION_KIND, { gateway: many(9, 3) }, false],
] as const)("told of alone: %s", (_name, kind, log, expected) => expect(isAhead(measured(log), kind)).toBe(expected));
