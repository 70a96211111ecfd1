import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeBody } from "../../src/decode/decode-body.ts";
import type { Decoded } from "../../src/decode/decoded.ts";
import { createStreamDecoder } from "../../src/decode/stream-decoder.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const AT = { source: "s", partition: "p" };

function decode(input: Uint8Array, cuts: readonly number[] = []): Decoded {
  const decoder = createStreamDecoder(AT);
  const edges = [
    0,
    ...[...cuts].filter((cut) => cut > 0 && cut < input.length).toSorted((a, b) => a - b),
    input.length,
  ];
  const parts = edges.slice(1).map((end, i) => decoder.push(input.slice(edges[i], end)));
  const all = [...parts, decoder.end()];
  return { records: all.flatMap(({ records }) => records), rejects: all.flatMap(({ rejects }) => rejects) };
}

const values = ({ records }: Decoded) => records.map(({ value }) => value);

const a = { time: "t1", n: 1 };
const b = { time: "t2", n: 2, deep: { list: [1, { x: "}" }], text: 'quote " and \\ and {' } };
const c = { time: "t3", n: "grüße €" };
const J = JSON.stringify;

describe("bodies that hold the same three records", () => {
  const bodies: { name: string; text: string }[] = [
    { name: "an envelope", text: J({ records: [a, b, c] }) },
    { name: "an envelope in other case, with space", text: `{ "Records" : [${J(a)},${J(b)} , ${J(c)}] }` },
    { name: "a pretty-printed envelope", text: JSON.stringify({ records: [a, b, c] }, null, 2) },
    { name: "a list", text: J([a, b, c]) },
    { name: "a pretty-printed list", text: JSON.stringify([a, b, c], null, 4) },
    { name: "a list with a record a line", text: `[\n${J(a)},\n${J(b)},\n${J(c)}\n]` },
    { name: "lines", text: `${J(a)}\n${J(b)}\n${J(c)}\n` },
    { name: "lines with CRLF, blank lines and a byte order mark", text: `\uFEFF${J(a)}\r\n\r\n${J(b)}\r\n${J(c)}` },
    { name: "documents one after another", text: `${J(a)}${J(b)} ${J(c)}` },
    {
      name: "pretty-printed documents one after another",
      text: [a, b, c].map((one) => JSON.stringify(one, null, 2)).join("\n"),
    },
    { name: "lines that are envelopes", text: `${J({ records: [a, b] })}\n${J({ records: [c] })}\n` },
    { name: "a list of JSON texts", text: J([J(a), J(b), J(c)]) },
    {
      name: "rows of a query's answer",
      text: J({
        tables: [
          {
            name: "PrimaryResult",
            columns: [
              { name: "time", type: "string" },
              { name: "n", type: "dynamic" },
            ],
            rows: [["t1", 1]],
          },
          { name: "Other", columns: [{ name: "time" }, { name: "n" }, { name: "deep" }], rows: [["t2", 2, b.deep]] },
          { name: "Third", columns: [{ name: "time" }, { name: "n" }], rows: [["t3", c.n]] },
        ],
      }),
    },
  ];
  test.each(bodies)("$name", ({ text }) => {
    expect(values(decode(bytes(text)))).toEqual([a, b, c]);
    expect(values(decodeBody(bytes(text), { ...AT, sequence: 1 }))).toEqual([a, b, c]);
    expect(decode(bytes(text)).rejects).toEqual([]);
  });
});

describe("one broken record never costs its neighbours", () => {
  const bodies: { name: string; text: string; values: unknown[]; repairs?: string; reason?: string }[] = [
    {
      name: "single quotes",
      text: `{"records":[${J(a)},{"time":"t","properties":{'k':'it''s','b':True}},${J(c)}]}`.replace("it''s", "its"),
      values: [a, { time: "t", properties: { k: "its", b: true } }, c],
      repairs: "single-quotes",
    },
    {
      name: "an unquoted blob",
      text: `{"records":[${J(a)},{"time":"t","properties":[ 227 B blob data ]},${J(c)}]}`,
      values: [a, { time: "t", properties: null }, c],
      repairs: "blob",
    },
    {
      name: "a raw newline in a text",
      text: `{"records":[${J(a)},{"time":"t","m":"one\ntwo"},${J(c)}]}`,
      values: [a, { time: "t", m: "one\ntwo" }, c],
      repairs: "control-characters",
    },
    {
      name: "a trailing comma",
      text: `[${J(a)},{"time":"t",},${J(c)}]`,
      values: [a, { time: "t" }, c],
      repairs: "trailing-comma",
    },
    {
      name: "not a number",
      text: `[${J(a)},{"time":"t","n":NaN},${J(c)}]`,
      values: [a, { time: "t", n: null }, c],
      repairs: "not-a-number",
    },
    {
      name: "a broken line among lines",
      text: `${J(a)}\n{"time":"t","x":\n${J(c)}\n`,
      values: [a, c],
      reason: "not-json",
    },
    {
      name: "a line that was cut inside a text",
      text: `${J(a)}\n{"time":"t","x":"cut he\n${J(c)}\n`,
      values: [a, c],
      reason: "not-json",
    },
    {
      name: "a truncated tail",
      text: `{"records":[${J(a)},${J(c)},{"time":"t","x":"cut`,
      values: [a, c],
      reason: "truncated",
    },
    {
      name: "a missing brace",
      text: `{"records":[${J(a)},{"time":"t2","p":{"x":1},${J(c)}]}`,
      values: [a, c],
      reason: "not-json",
    },
    { name: "words between lines", text: `${J(a)}\nTraceback: boom\n${J(c)}\n`, values: [a, c], reason: "not-json" },
    { name: "a number where a record should be", text: `[${J(a)},7,${J(c)}]`, values: [a, c], reason: "not-a-record" },
    { name: "null where a record should be", text: `[${J(a)},null,${J(c)}]`, values: [a, c], reason: "not-a-record" },
  ];
  test.each(bodies)("$name", ({ text, values: expected, repairs, reason }) => {
    const decoded = decode(bytes(text));
    expect(values(decoded)).toEqual(expected);
    expect(decoded.rejects.map((reject) => reject.reason)).toEqual(reason === undefined ? [] : [reason]);
    expect(decoded.records.flatMap((record) => record.repairs).includes(repairs ?? "")).toBe(repairs !== undefined);
  });
});

describe("bodies without a record", () => {
  const bodies = [
    { name: "nothing", text: "", reasons: ["empty"] },
    { name: "white space", text: " \r\n ", reasons: ["empty"] },
    { name: "null", text: "null", reasons: ["not-a-record"] },
    { name: "an empty list", text: "[]", reasons: [] },
    { name: "an empty envelope", text: '{"records":[]}', reasons: [] },
    { name: "words", text: "<html>no</html>", reasons: ["not-json"] },
  ];
  test.each(bodies)("$name", ({ text, reasons }) => {
    const decoded = decodeBody(bytes(text), { ...AT, sequence: 1 });
    expect(decoded.records).toEqual([]);
    expect(decoded.rejects.map(({ reason }) => reason)).toEqual(reasons);
  });
});

test("bytes that are not UTF-8 are kept readable and named", () => {
  const text = bytes(J({ time: "t", url: "x?y" }));
  const broken = Uint8Array.from(text, (byte) => (byte === 0x3f ? 0xff : byte));
  const { records } = decode(broken);
  expect(records.map(({ value, repairs }) => [value["url"], repairs])).toEqual([["x\uFFFDy", ["not-utf-8"]]]);
});

test("a sample of a reject is short, redacted and on one line", () => {
  const { rejects } = decode(
    bytes(`{"time":"t","url":"https://x/?subscription-key=SECRETSECRET&sig=ABCDEF" \u0007 oops ${"y".repeat(500)}\n`),
  );
  expect(rejects).toHaveLength(1);
  expect(rejects[0]?.sample.length).toBeLessThanOrEqual(200);
  expect(rejects[0]?.sample).not.toMatch(/SECRET|ABCDEF|\p{Cc}/u);
});

test("positions name the line and the place in it", () => {
  const { records } = decode(bytes(`${J(a)}\n${J({ records: [b, c] })}\n`));
  expect(records.map(({ position }) => [position.sequence, position.index])).toEqual([
    [1, 0],
    [2, 0],
    [2, 1],
  ]);
});

test("how the input is cut into chunks never changes what comes out", () => {
  const record = fc.record({
    time: fc.string(),
    n: fc.oneof(fc.string({ unit: "grapheme" }), fc.integer(), fc.constant("it's {[\"\\")),
  });
  const text = fc.oneof(
    fc.array(record).map((list) => list.map((one) => J(one)).join("\n")),
    fc.array(record).map((list) => J({ records: list })),
    fc.array(record).map((list) => JSON.stringify(list, null, 1)),
    fc
      .tuple(fc.array(record), fc.string())
      .map(([list, junk]) => `${list.map((one) => J(one)).join("\r\n")}\n${junk}\n${J(a)}`),
  );
  fc.assert(
    fc.property(text, fc.array(fc.nat(400)), (body, cuts) => {
      expect(decode(bytes(body), cuts)).toEqual(decode(bytes(body)));
    }),
    { numRuns: Number(process.env["FAULT_RUNS"] ?? 1) * 300 },
  );
});

test("any bytes at all are decoded without an exception", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (input) => {
      const { records, rejects } = decode(input);
      expect(records.length + rejects.length).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 500 },
  );
});
