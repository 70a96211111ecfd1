import fc from "fast-check";
import { expect, test } from "vitest";
import { isScannable } from "../../../src/decode/scan/keys.ts";
import { Scanner } from "../../../src/decode/scan/scanner.ts";
import { type JoinPath, parseJoinPath } from "../../../src/normalize/join-path.ts";
import { outcome, parts } from "./outcome.ts";
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

const FACTOR = Number(process.env["FAULT_RUNS"] ?? 1);
const value = fc.constantFrom<unknown>(...VALUES);

test("an id of the user's own is read alike with and without the scan", { timeout: 30_000 * FACTOR }, () => {
  const own = fc.tuple(value, value, fc.constantFrom("field", "header", "both"));
  let taken = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(refusal, own), { minLength: 1, maxLength: 10 }), (records) => {
      const input = new TextEncoder().encode(`${records.map(([text, by]) => withOwn(text, by)).join("\n")}\n`);
      for (const [i, path] of PATHS.entries()) {
        const scanned = parts(input, scanners[i]);
        expect(outcome(scanned, path)).toEqual(outcome(parts(input, undefined), path));
        taken += scanned.reduce((sum, { scans }) => sum + scans.reduce((rows, { count }) => rows + count, 0), 0);
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
  const scanned = parts(new TextEncoder().encode(`${JSON.stringify(record)}\n`), scanners[0]);
  const refusals = scanned.flatMap(({ scans }) => scans.flatMap((columns) => columns.refusals));
  expect(refusals.length).toBe(expected);
});
