import fc from "fast-check";
import { expect, test } from "vitest";
import { Ways } from "../../../bench/fuzz/ways.ts";
import { isScannable } from "../../../src/decode/scan/keys.ts";
import { Scanner } from "../../../src/decode/scan/scanner.ts";
import { createStreamDecoder } from "../../../src/decode/stream-decoder.ts";
import { type JoinPath, parseJoinPath } from "../../../src/normalize/join-path.ts";
import { faultRuns } from "../../faults/runs.ts";
import { refusal } from "./refusals.ts";

const GUID = "6C9F1D7E-0000-4000-8000-00000000000a";
const VALUES = [
  GUID,
  `{${GUID}}`,
  GUID.replaceAll("-", ""),
  "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
  "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7_01",
  "00-4bf92f3577b34da6a3ce929d0e0e4736-0xf067aa0ba902b7-01",
  "0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
  " order-7\u0142 ",
  "key 0123456789abcdef0123456789abcdef",
  "a".repeat(300),
  "",
  null,
  17,
  true,
  [GUID],
  ["x", "y"],
  { a: 1 },
];

const PATHS: readonly JoinPath[] = [["ownid"], ["requestheaders", "x-own"], ["backendresponseheaders", "x-own"]];
const scanners = PATHS.map((path) => new Scanner(5, path));
const ways = PATHS.map((path, i) => new Ways(scanners[i] ?? new Scanner(5, path), path));

/** The record with an own id in a field, in headers, or in both. */
function withOwn(text: string, [value, other, where]: readonly [unknown, unknown, string]): string {
  const field = where === "header" ? "" : `,"OwnId":${JSON.stringify(value)}`;
  const header = where === "field" ? "" : `,"requestHeaders":{"X-Own ":${JSON.stringify(other)}}`;
  const backend =
    where === "field" ? '"backendResponseHeaders":{' : `"backendResponseHeaders":{"x-own":${JSON.stringify(value)},`;
  return text
    .replace('"apiId":"orders"', `"apiId":"orders"${field}${header}`)
    .replace('"backendResponseHeaders":{', backend);
}

const FACTOR = faultRuns(1);
const value = fc.constantFrom<unknown>(...VALUES);

test("an id of the user's own is read alike with and without the scan", { timeout: 30_000 * FACTOR }, () => {
  const own = fc.tuple(value, value, fc.constantFrom("field", "header", "both"));
  let taken = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(refusal, own), { minLength: 1, maxLength: 10 }), (records) => {
      const lines = `${records.map(([text, by]) => withOwn(text, by)).join("\n")}\n`;
      const input = { text: Buffer.from(lines).toString("latin1"), isBody: false, cuts: [] };
      for (const way of ways) {
        const { scanned, ...outcome } = way.withScan(input);
        const { scanned: _, ...general } = way.withoutScan(input);
        expect(outcome).toEqual(general);
        taken += scanned;
      }
    }),
    { numRuns: 60 * FACTOR },
  );
  expect(taken).toBeGreaterThan(60 * FACTOR);
});

test.each([
  ["x-request", true],
  ["requestHeaders.traceparent", true],
  ["responseHeaders.x-correlation-id", true],
  ["correlationId", false],
  ["properties", false],
  ["lastErrorReason", false],
  ["requestHeaders_x", false],
  ["requestHeaders.user-agent", false],
  ["responseHeaders.x-ms-activity-id", false],
  ["requestHeaders.name", false],
  ["otherHeaders.traceparent", false],
])("`%s` can be read by the scan: %s", (text, expected) => {
  const path = parseJoinPath(text);
  expect(path !== undefined && isScannable(path)).toBe(expected);
});

test.each([
  [GUID, 0],
  [GUID.replaceAll("-", ""), 0],
  ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", 0],
  [`{${GUID}}`, 1],
  ["order-7", 1],
])("the row of `%s` needs %i texts beside it", (ownId, expected) => {
  const record = {
    time: "2026-11-25T06:00:27.3910403Z",
    category: "GatewayLogs",
    correlationId: GUID,
    properties: { responseCode: 200, ownId },
  };
  const decoder = createStreamDecoder({ source: "s", partition: "0" }, { scanner: scanners[0] });
  const { scans } = decoder.push(new TextEncoder().encode(`${JSON.stringify(record)}\n`));
  const refusals = scans.flatMap((columns) => columns.refusals);
  expect(refusals.length).toBe(expected);
});
