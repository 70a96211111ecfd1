import { expect, test } from "vitest";
import { difference, Ways } from "../../../bench/fuzz/ways.ts";
import { Scanner } from "../../../src/decode/scan/scanner.ts";

const TIME = '"2026-11-25T06:00:00Z"';
const KEY = '"00000000-0000-4000-8000-000000000001"';
const OPERATION = `"activityId":${KEY},"statusCode":200`;
const NOTHING = ['""', "null"];

/** A stream, and where it was cut. */
type Row = readonly [name: string, text: string, cuts: readonly number[]];
/** What was read differently once. */
const ONCE: readonly Row[] = [
  ["a line that is cut in a text with an escape", '{"category":"\\ud83d\n', []],
  ["a line that is cut in a key with an escape", '{"category\\u0041\n":1}\n', []],
  ["a claim's name that is cut", '{"properties":{"traceRecords":[{"metadata":[{"name":"\\u0041\n', []],
  [
    "an operation with headers of a request",
    `{"time":${TIME},"category":"DataPlaneRequests","properties":{${OPERATION},"requestHeaders":{"User-Agent":"x"}}}\n`,
    [],
  ],
  ...NOTHING.map(
    (nothing) =>
      [
        `TimeGenerated says ${nothing} where there are properties`,
        `{"time":${TIME},"TimeGenerated":${nothing},"category":"DataPlaneRequests","properties":{${OPERATION}}}\n`,
        [],
      ] as const,
  ),
  ...NOTHING.map(
    (nothing) =>
      [
        `Category says ${nothing} where Type tells it, and ResourceProvider the shape`,
        `{"TimeGenerated":${TIME},"Type":"CDBDataPlaneRequests","ResourceProvider":"X","Category":${nothing},${OPERATION}}\n`,
        [],
      ] as const,
  ),
  [
    "a body that is an object with a key twice",
    `{"time":${TIME},"category":"GatewayLogs","correlationId":${KEY},"properties":{"responseCode":401,"responseBody":{"code":null,"code":"x"}}}\n`,
    [],
  ],
  ["a cut behind the elements of a line that began in a text", '"\n"{""""}\n{', [9]],
  ["records in an envelope in an envelope", '{"records":[{"records":[1,2]},3,{"records":[]},4]}\n5\n', []],
  ["the same, cut", '{"records":[{"records":[1,2]},3,{"records":[]},4]}\n5\n', [30]],
  [
    "the same behind what the scan looks at",
    '{"records":[{"a":1},{"records":[1,2]},{"records":3},{"records":4}]}\n5\n',
    [],
  ],
];

test.each(ONCE)("%s", (_, text, cuts) => {
  const ways = new Ways(new Scanner(1));
  const whole = ways.withoutScan({ text, isBody: false, cuts: [] });
  for (const places of [[], cuts]) {
    const input = { text, isBody: false, cuts: places };
    expect(difference(ways.withoutScan(input), whole)).toBeUndefined();
    expect(difference(ways.withScan(input), whole)).toBeUndefined();
  }
  const body = { text, isBody: true, cuts: [] };
  expect(difference(ways.withScan(body), ways.withoutScan(body))).toBeUndefined();
});
