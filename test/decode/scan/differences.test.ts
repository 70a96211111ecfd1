import { expect, test } from "vitest";
import { difference, Ways } from "../../../bench/fuzz/ways.ts";
import { Scanner } from "../../../src/decode/scan/scanner.ts";

const KEY = "00000000-0000-4000-8000-000000000001";

/** What was read differently once: the lines that a new scanner reads, the last one as it should not. */
const ONCE: readonly (readonly [string, readonly string[]])[] = [
  ["a line that is cut in a text with an escape", ['{"category":"\\ud83d\n']],
  ["a line that is cut in a key with an escape", ['{"category\\u0041\n":1}\n']],
  ["a claim's name that is cut", ['{"properties":{"traceRecords":[{"metadata":[{"name":"\\u0041\n']],
  [
    "an operation with headers of a request",
    [
      `{"time":"2026-11-25T06:00:00Z","category":"DataPlaneRequests","properties":{"activityId":"${KEY}","statusCode":200,"requestHeaders":{"User-Agent":"x"}}}\n`,
    ],
  ],
  ...['""', "null"].map(
    (nothing) =>
      [
        `TimeGenerated says ${nothing} where there are properties`,
        [
          `{"time":"2026-11-25T06:00:00Z","TimeGenerated":${nothing},"category":"DataPlaneRequests","properties":{"activityId":"${KEY}","statusCode":200}}\n`,
        ],
      ] as const,
  ),
  ...['""', "null"].map(
    (nothing) =>
      [
        `Category says ${nothing} where Type tells it, and ResourceProvider the shape`,
        [
          `{"TimeGenerated":"2026-11-25T06:00:00Z","Type":"CDBDataPlaneRequests","ResourceProvider":"MICROSOFT.DOCUMENTDB","Category":${nothing},"ActivityId":"${KEY}","StatusCode":200}\n`,
        ],
      ] as const,
  ),
];

test.each(ONCE)("%s", (_, lines) => {
  const ways = new Ways(new Scanner(1));
  for (const text of lines) {
    for (const isBody of [false, true]) {
      const input = { text, isBody, cuts: [] };
      expect(difference(ways.withScan(input), ways.withoutScan(input))).toBeUndefined();
    }
  }
});
