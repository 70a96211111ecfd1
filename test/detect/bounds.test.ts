import { expect, test } from "vitest";
import { createCallRow, readCall } from "../../src/correlate/call-row.ts";
import { columnIndex } from "../../src/detect/columns.ts";
import { detect } from "../../src/detect/detect.ts";
import { createDetection } from "../../src/detect/detection.ts";
import { valueAt } from "../../src/detect/rows.ts";
import { createEventTable } from "../../src/model/event-table.ts";
import { createNames } from "../../src/model/names.ts";
import { putEvent } from "../../src/normalize/event-row.ts";
import { at, gatewayRequest, operation } from "../builders.ts";

const AGENT = columnIndex("userAgentFamily");
const ADDRESS = columnIndex("callerAddress");

test("values that a column has no room for count as absent, each time, and the most frequent of them are known", () => {
  const detection = createDetection();
  const names = createNames(3);
  const row = createCallRow();
  const table = createEventTable();
  const from = (callerAddress: string, seconds: number, userAgent = "java"): void => {
    table.count = 0;
    const gateway = putEvent(table, names, gatewayRequest({ time: at(seconds), callerAddress, userAgent }));
    const operations = [putEvent(table, names, operation({ time: at(seconds), userAgent: "agent-7" }))];
    readCall(row, { table, names, gateway, operations });
    detect(detection, row);
  };
  const addressOf = (n: number): string => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;
  for (let n = 0; n < 50_000; n++) from(addressOf(n), n / 100, `agent-${n}`);
  const dictionary = detection.dictionaries[ADDRESS];
  expect(dictionary?.beyond).toBe(0);
  for (let n = 0; n < 300; n++) from(n % 3 === 0 ? "192.0.2.1" : addressOf(60_000 + n), 500 + n / 100);
  from(addressOf(5), 600, "agent-9");
  expect(dictionary?.values).toHaveLength(50_000);
  expect(dictionary?.beyond).toBe(300);
  expect(dictionary?.heavy?.total).toBe(300);
  expect(dictionary?.heavy?.texts).toContain("192.0.2.1");
  const { succeeded } = detection;
  expect(valueAt(succeeded, succeeded.count - 2, ADDRESS)).toBe(-1);
  expect(valueAt(succeeded, succeeded.count - 1, ADDRESS)).toBe(5);
  // The gateway saw an agent, if one without room: the operation's does not stand for it.
  expect(valueAt(succeeded, succeeded.count - 2, AGENT)).toBe(-1);
  expect(valueAt(succeeded, succeeded.count - 1, AGENT)).toBe(9);
});
