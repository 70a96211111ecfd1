import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type FuzzInput, Ways } from "../../../bench/fuzz/ways.ts";
import { Scanner } from "../../../src/decode/scan/scanner.ts";
import { createStreamDecoder } from "../../../src/decode/stream-decoder.ts";
import { generate } from "../../../src/simulate/generate.ts";
import { faultRuns } from "../../faults/runs.ts";
import { refusal } from "./refusals.ts";

const scanner = new Scanner(11);
const AT = { source: "s", partition: "0" };
const ways = new Ways(scanner);

/** What came of the input as a stream and as a message, with the scan or without. */
function read(input: Uint8Array, withScan: boolean, cuts: readonly number[] = []) {
  const text = Buffer.from(input).toString("latin1");
  return { stream: readOne({ text, isBody: false, cuts }, withScan), body: asBody(input, withScan) };
}

const asBody = (input: Uint8Array, withScan: boolean) =>
  readOne({ text: Buffer.from(input).toString("latin1"), isBody: true, cuts: [] }, withScan);

function readOne(input: FuzzInput, withScan: boolean) {
  const { rows, others } = withScan ? ways.withScan(input) : ways.withoutScan(input);
  return { rows, others };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const SIMULATED = generate({ seed: 5, scenario: "mixed", hours: 1 }).records.map(({ record }) =>
  JSON.stringify(record),
);
const LARGE = SIMULATED.filter((text) => /"category":"(?:GatewayLogs|DataPlaneRequests)"/.test(text));

test("most records of the two large categories are taken, refusals among them", () => {
  const decoder = createStreamDecoder(AT, { scanner });
  const { scans, records } = decoder.push(bytes(`${LARGE.join("\n")}\n`));
  const taken = scans.reduce((sum, { count }) => sum + count, 0);
  expect(taken + records.length).toBe(LARGE.length);
  expect(taken).toBeGreaterThan(0.8 * LARGE.length);
  const refused = LARGE.filter((text) => /"responseCode":[45]/.test(text)).length;
  expect(scans.reduce((sum, { refusals }) => sum + refusals.length, 0)).toBeGreaterThan(0.8 * refused);
});

test("a simulated tenant, line by line and in envelopes, however it is cut", () => {
  const lines = bytes(`${SIMULATED.slice(0, 400).join("\n")}\n`);
  const cuts = [1, 7, 1_000, 1_001, 50_000];
  expect(read(lines, true, cuts)).toEqual(read(lines, false, cuts));
  const envelopes = bytes(
    `{"records":[${SIMULATED.slice(0, 200).join(",")}]}\n{"records":[${SIMULATED.slice(200, 300).join(" , ")}] }\n`,
  );
  expect(read(envelopes, true)).toEqual(read(envelopes, false));
});

const VALUES = [
  "null",
  '""',
  '"x"',
  '" "',
  "0",
  "01",
  "1.",
  "-0",
  "1e3",
  "200",
  '"200"',
  '"0200"',
  "12345678901234567",
  "1.50",
  "true",
  "{}",
  "[]",
  '["x"]',
  '{"name":"st","value":"validated"}',
  '"\\u0041\\/b"',
  '"\\ud800"',
  '"\ufeffx"',
  '"\\x"',
  '"2026-02-30T00:00:00Z"',
  '"2026-11-25T24:00:00Z"',
  '"2026-11-25 12:00:00"',
  '"https://user@host/"',
  '"https:\\/\\/host\\/"',
  '"key 0123456789abcdef0123456789abcdef"',
  '"é"',
  '"00000000-0000-4000-8000-000000000001"',
  '"{00000000-0000-4000-8000-000000000001}"',
  `${"[".repeat(70)}${"]".repeat(70)}`,
];

/** One change to the text of a record: its keys and values are found as JSON has them, flat or nested. */
const change = fc.tuple(
  fc.constantFrom("value", "double-before", "double-after", "case", "suffix", "drop", "escape", "space", "cut", "byte"),
  fc.nat(),
  fc.constantFrom(...VALUES),
);

function changed(text: string, [what, where, value]: readonly [string, number, string]): string {
  const members = [...text.matchAll(/"(\w[\w-]*)":("(?:[^"\\]|\\.)*"|[-\d.]+|true|false|null)/g)];
  const member = members[where % members.length];
  if (member === undefined) return text;
  const [whole, key = "", old = ""] = member;
  const from = member.index;
  const put = (by: string): string => text.slice(0, from) + by + text.slice(from + whole.length);
  if (what === "value") return put(`"${key}":${value}`);
  if (what === "double-before") return put(`"${key}":${value},${whole}`);
  if (what === "double-after") return put(`${whole},"${key.toUpperCase()}":${value}`);
  if (what === "case") return put(`"${key.toUpperCase()}":${old}`);
  if (what === "suffix") return put(`"${key}_s":${old}`);
  if (what === "drop") return put(`"ignored":${value}`);
  if (what === "escape") return put(`"\\u00${key.codePointAt(0)?.toString(16) ?? "41"}${key.slice(1)}":${old}`);
  if (what === "space") return put(`  "${key}"  :  ${old}  `);
  if (what === "cut") return text.slice(0, from + (where % 7));
  return text.slice(0, from) + String.fromCodePoint(where % 0x250) + text.slice(from + 1);
}

const FACTOR = faultRuns(1);
const PATIENCE = 30_000 * FACTOR;

test("records that were changed in every way that was thought of", { timeout: PATIENCE }, () => {
  const runs = 60 * FACTOR;
  const one = fc.tuple(fc.constantFrom(...SIMULATED), fc.array(change, { minLength: 1, maxLength: 3 }));
  fc.assert(
    fc.property(fc.array(one, { minLength: 1, maxLength: 30 }), fc.array(fc.nat(), { maxLength: 4 }), (all, cuts) => {
      const texts = all.map(([text, changes]) => changes.reduce(changed, text));
      for (const text of [`${texts.join("\n")}\n`, `{"records":[${texts.join(",")}]}`])
        expect(read(bytes(text), true, cuts)).toEqual(read(bytes(text), false, cuts));
      for (const text of texts.slice(0, 5)) expect(asBody(bytes(text), true)).toEqual(asBody(bytes(text), false));
    }),
    { numRuns: runs },
  );
});

test("refusals with all that they may tell", { timeout: PATIENCE }, () => {
  const runs = 100 * FACTOR;
  const changes = fc.array(change, { maxLength: 2 });
  let taken = 0;
  let all = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(refusal, changes), { minLength: 1, maxLength: 10 }), (refusals) => {
      const texts = refusals.map(([text, by]) => by.reduce(changed, text));
      const lines = bytes(`${texts.join("\n")}\n`);
      expect(read(lines, true)).toEqual(read(lines, false));
      const { scans } = createStreamDecoder(AT, { scanner }).push(
        bytes(`${refusals.map(([text]) => text).join("\n")}\n`),
      );
      taken += scans.reduce((sum, columns) => sum + columns.refusals.length, 0);
      all += refusals.length;
    }),
    { numRuns: runs },
  );
  expect(taken).toBeGreaterThan(0.3 * all);
});

test("lines that the scan does not take, cut right behind what stands in them", () => {
  const good = LARGE[0] ?? "";
  const deep = `${good.slice(0, -1)},"x":${"[".repeat(70)}${"]".repeat(70)}}`;
  for (const behind of ["", " ", deep, good]) {
    const start = `${good.slice(0, -1)}\n`;
    const input = bytes(`${start}${deep}${behind}\n${deep}\n${good}${deep}\n`);
    const cuts = [start.length + deep.length, start.length + deep.length + behind.length];
    expect(read(input, true, cuts)).toEqual(read(input, false, cuts));
  }
});

describe("bytes that are no UTF-8, control characters and what stands around lines", () => {
  const good = LARGE[0] ?? "";
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ["overlong", Uint8Array.from([...bytes(good.slice(0, -1)), ...bytes(',"x":"'), 0xc0, 0x80, ...bytes('"}\n')])],
    [
      "a surrogate",
      Uint8Array.from([...bytes(good.slice(0, -1)), ...bytes(',"x":"'), 0xed, 0xa0, 0x80, ...bytes('"}\n')]),
    ],
    ["cut", Uint8Array.from([...bytes(good.slice(0, -1)), ...bytes(',"x":"'), 0xe2, 0x82, ...bytes('"}\n')])],
    ["a tab in a text", bytes(`${good.slice(0, -1)},"x":"a\tb"}\n`)],
    ["a tab between", bytes(`${good.slice(0, -1)},\t"x":1}\n`)],
    ["carriage returns", bytes(`${good}\r\n${good}\r\n`)],
    ["blank lines", bytes(`\n\n${good}\n\n${good}`)],
    ["a byte order mark", Uint8Array.from([0xef, 0xbb, 0xbf, ...bytes(`${good}\n`)])],
    ["a comma behind", bytes(`${good},\n${good}\n`)],
    ["two on a line", bytes(`${good}${good}\n`)],
    ["a list", bytes(`[\n${good},\n${good}\n]\n${good}\n`)],
    ["over lines", bytes(`${JSON.stringify(JSON.parse(good), null, 2)}\n${good}\n`)],
    ["an empty envelope", bytes('{"records":[]}\n')],
    ["more behind an envelope", bytes(`{"records":[${good}],"x":1}\n`)],
    ["an envelope in an envelope", bytes(`{"records":[{"records":[${good}]},${good}]}\n`)],
  ];
  test.each(cases)("%s", (_, input) => {
    const cuts = [3, 50, 51, 52];
    expect(read(input, true, cuts)).toEqual(read(input, false, cuts));
  });
});
