import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { difference, type FuzzInput, Ways } from "../../../bench/fuzz/ways.ts";
import { decodeBody } from "../../../src/decode/decode-body.ts";
import { Scanner } from "../../../src/decode/scan/scanner.ts";

const SUITE = z.object({
  cases: z.array(
    z.object({ name: z.string(), base64: z.string(), times: z.number().default(1), tail: z.string().default("") }),
  ),
});
const bytesOf = (base64: string): string => Buffer.from(base64, "base64").toString("latin1");
const CASES = SUITE.parse(
  JSON.parse(readFileSync(`${import.meta.dirname}/cases/json-test-suite.json`, "utf8")),
).cases.map(({ name, base64, times, tail }) => ({ name, text: bytesOf(base64).repeat(times) + bytesOf(tail) }));

const scanner = new Scanner(11);
const ways = new Ways(scanner);

const KEY = "00000000-0000-4000-8000-000000000001";
/** A request that the scan takes, with members added to it and to its properties. */
const request = (more: string, properties = ""): string =>
  `{"time":"2026-11-25T06:00:00Z","category":"GatewayLogs","correlationId":"${KEY}"${more},"properties":{"responseCode":200${properties}}}`;
const operation = (more: string): string =>
  `{"time":"2026-11-25T06:00:00Z","category":"DataPlaneRequests"${more},"properties":{"activityId":"${KEY}","statusCode":"200"}}`;

/** Where a case can stand. */
const PLACES: readonly (readonly [string, (text: string) => string])[] = [
  ["by itself", (text) => text],
  ["a field that is skipped", (text) => request(`,"ignored":${text}`)],
  ["a text that is read", (text) => request(`,"callerIpAddress":${text}`)],
  ["a number that is read", (text) => request("", `,"backendTime":${text}`)],
  ["a time that is read", (text) => operation(`,"TimeGenerated":${text}`)],
  ["a truth that is read", (text) => request(`,"isRequestSuccess":${text}`)],
  ["a nested field that is skipped", (text) => request("", `,"ignored":${text}`)],
  ["a nested text that is read", (text) => request("", `,"userAgent":${text}`)],
  ["the headers", (text) => request("", `,"requestHeaders":${text}`)],
  ["the traces", (text) => request("", `,"traceRecords":${text}`)],
  ["a member", (text) => request(`,${text}`)],
  ["the properties", (text) => `{"time":"2026-11-25T06:00:00Z","category":"GatewayLogs","properties":${text}}`],
];

/** By itself, among neighbours, in an envelope; as a stream, cut in it, and as a message. */
function inputsOf(text: string): readonly FuzzInput[] {
  const texts = [
    text,
    `${request("")}\n${text}\n${request("")}\n`,
    `{"records":[${request("")},${text},${request("")}]}\n`,
  ];
  return texts.flatMap((all) => [
    { text: all, isBody: false, cuts: [] },
    { text: all, isBody: false, cuts: [all.indexOf(text) + Math.ceil(text.length / 2)] },
    { text: all, isBody: true, cuts: [] },
  ]);
}

test.each(PLACES)("each case as %s: both ways give the same", (_, place) => {
  const differing = CASES.flatMap(({ name, text }) =>
    inputsOf(place(text)).flatMap((input) => {
      const what = difference(ways.withScan(input), ways.withoutScan(input));
      return what === undefined ? [] : [{ name, what }];
    }),
  );
  expect(differing).toEqual([]);
});

// The beginning of a name tells what the suite expects.
const named = (prefix: string): typeof CASES => CASES.filter(({ name }) => name.startsWith(prefix));
const message = (text: string): Uint8Array => Buffer.from(text, "latin1");
const AT = { source: "s", partition: "0", sequence: 5 };

test("the suite is whole", () => {
  expect([named("y_").length, named("n_").length, named("i_").length]).toEqual([95, 188, 35]);
});

/** JSON that the scan leaves to others: it takes no newline within a record. */
const LEFT = new Set([
  "y_array_with_1_and_newline",
  "y_number_double_close_to_zero",
  "y_object_with_newlines",
  "y_structure_trailing_newline",
]);

describe("what is JSON is taken by the scan, and by the general way without a repair", () => {
  test.each(named("y_"))("$name", ({ name, text }) => {
    const bytes = message(request("", `,"ignored":${text}`));
    const { scans, records, rejects } = decodeBody(bytes, AT, { scanner: new Scanner(11) });
    const taken = LEFT.has(name) ? [[], 1, []] : [[1], 0, []];
    expect([scans.map(({ count }) => count), records.length, rejects]).toEqual(taken);
    const general = decodeBody(bytes, AT);
    expect([general.records.map(({ repairs }) => repairs), general.rejects]).toEqual([[[]], []]);
  });
});

/** Not JSON, and read all the same, by the repairs that are said to have been made. */
const REPAIRED: Readonly<Record<string, string>> = {
  n_array_comma_after_close: "trailing-comma",
  n_array_extra_comma: "trailing-comma",
  n_array_just_comma: "trailing-comma",
  n_array_number_and_comma: "trailing-comma",
  n_object_trailing_comma: "trailing-comma",
  n_object_lone_continuation_byte_in_key_and_trailing_comma: "not-utf-8 trailing-comma",
  n_number_NaN: "not-a-number",
  n_number_infinity: "not-a-number",
  n_number_minus_infinity: "not-a-number",
  n_object_single_quote: "single-quotes",
  n_string_single_quote: "single-quotes",
  n_string_unescaped_ctrl_char: "control-characters",
  n_string_unescaped_newline: "control-characters",
  n_string_unescaped_tab: "control-characters",
  // It ends the record early: what is read is sound, and a brace is left over.
  n_structure_object_followed_by_closing_object: "",
};

describe("what is not JSON is not taken by the scan, and by the general way only with a repair that is named here", () => {
  test.each(named("n_"))("$name", ({ name, text }) => {
    const bytes = message(request("", `,"ignored":${text}`));
    expect(decodeBody(bytes, AT, { scanner }).scans).toEqual([]);
    const { records } = decodeBody(bytes, AT);
    expect(records.map(({ repairs }) => repairs.join(" ")).join(", ")).toBe(REPAIRED[name] ?? "");
    if (records.length > 0) expect(Object.keys(REPAIRED)).toContain(name);
  });
});
