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
  return {
    records: all.flatMap(({ records }) => records),
    rejects: all.flatMap(({ rejects }) => rejects),
    scans: all.flatMap(({ scans }) => scans),
  };
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
    {
      name: "an event that was saved with what Event Hubs says of it",
      text: J({ SequenceNumber: 7, EnqueuedTimeUtc: "2026-11-25T12:00:00Z", Body: J({ records: [a, b, c] }) }),
    },
    {
      name: "events whose bodies are in Base64, and objects",
      text: J([
        { body: Buffer.from(J({ records: [a, b] })).toString("base64"), "x-opt-sequence-number": 7 },
        { body: { records: [c] }, sequenceNumber: 8 },
      ]),
    },
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
    { name: "a text that holds a list", text: J({ records: J([a, b, c]) }) },
    { name: "lines that are JSON texts", text: [a, b, c].map((one) => J(J(one))).join("\n") },
    { name: "an envelope with members before and behind", text: J({ count: 3, records: [a, b, c], next: { x: [1] } }) },
    {
      name: "a pretty-printed envelope with members around",
      text: JSON.stringify({ count: 3, records: [a, b, c], next: { x: [1], s: "}" } }, null, 2),
    },
    { name: "files with byte order marks one after another", text: `\uFEFF${J(a)}\n\uFEFF${J({ records: [b, c] })}\n` },
    { name: "lines padded with NUL bytes", text: `\0\0${J(a)}\n\0\0\0${J(b)}\n${J(c)}\n\0\0\0` },
    { name: "a JSON text sequence", text: `\x1e${J(a)}\n\x1e${J(b)}\n\x1e${J(c)}\n` },
    {
      name: "a list of documents with line breaks inside",
      text: `[${J(a)},\n${J(b).replace("},", "},\n")},\n${J(c)}]`,
    },
    {
      name: "rows of an answer in Kusto's spelling",
      text: J({
        Tables: [
          { Columns: ["time", "n"].map((name) => ({ ColumnName: name })), Rows: [["t1", 1]] },
          { Columns: [{ ColumnName: "time" }, { ColumnName: "n" }, { ColumnName: "deep" }], Rows: [["t2", 2, b.deep]] },
          { Columns: [{ ColumnName: "time" }, { ColumnName: "n" }], Rows: [["t3", c.n]] },
        ],
      }),
    },
    {
      name: "rows of an answer, a line break in its columns",
      text:
        `{"tables":[{"columns":[{"name":"time"},\n{"name":"n"},{"name":"deep"}],"rows":[["t2",2,${J(b.deep)}]]}]}`.replace(
          /^/,
          J(a),
        ) + J(c),
    },
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
          {
            name: "PrimaryResult",
            columns: [{ name: "time" }, { name: "n" }, { name: "deep" }],
            rows: [["t2", 2, b.deep]],
          },
          { name: "PrimaryResult", columns: [{ name: "time" }, { name: "n" }], rows: [["t3", c.n]] },
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

describe("UTF-16, as PowerShell writes it", () => {
  const little = (text: string): Buffer => Buffer.from(text, "utf16le");
  const big = (text: string): Buffer => little(text).swap16();
  const text = [a, b, c].map((one) => J(one)).join("\r\n");
  const bodies = [
    { name: "little-endian", body: little(`\uFEFF${text}`) },
    { name: "big-endian", body: big(`\uFEFF${text}`) },
    { name: "little-endian without a mark", body: little(text) },
    { name: "big-endian without a mark", body: big(J({ records: [a, b, c] })) },
  ];
  test.each(bodies)("$name", ({ body }) => {
    expect(values(decode(body))).toEqual([a, b, c]);
    const cuts = Array.from(body, (_, i) => i);
    expect(values(decode(body, cuts))).toEqual([a, b, c]);
    expect(values(decodeBody(body, { ...AT, sequence: 1 }))).toEqual([a, b, c]);
  });
});

test("a table's name goes with its rows", () => {
  const answer = { tables: [{ name: "CDBDataPlaneRequests", columns: [{ name: "time" }], rows: [["t"]] }] };
  expect(values(decode(bytes(J(answer))))).toEqual([{ time: "t", TableName: "CDBDataPlaneRequests" }]);
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
    {
      name: "an odd quote, and neighbours that begin otherwise",
      text: `{"records":[${J(a)},{"time":"t","x":"q"q","y":1},{"Level":4,${J(c).slice(1)},{"n":0,"category":"X"}]}`,
      values: [a, { Level: 4, ...c }, { n: 0, category: "X" }],
      reason: "not-json",
    },
    {
      name: "a brace in single quotes, in a pretty-printed envelope",
      text: `{\n "records": [\n${J(a)},\n{"time":"t","p":{'k':'{x'}},\n${JSON.stringify(b, null, 1)},\n${J(c)}\n]}`,
      values: [a, { time: "t", p: { k: "{x" } }, b, c],
      repairs: "single-quotes",
    },
    {
      name: "a broken first record, before one that begins otherwise",
      text: `{"records":[{"time":"t","x":"q"q"},{"Level":4,${J(c).slice(1)},${J(a)}]}`,
      values: [{ Level: 4, ...c }, a],
      reason: "not-json",
    },
    {
      name: "a broken record in an envelope with a member before",
      text: `{"count":3,"records":[${J(a)},{"time":"t","x":"q"q"},${J(c)}],"next":null}`,
      values: [a, c],
      reason: "not-json",
    },
    {
      name: "a trailing comma, and what looks like one in a text",
      text: `[${J(a)},{"time":"t,}","m":"[1,]",},${J(c)}]`,
      values: [a, { time: "t,}", m: "[1,]" }, c],
      repairs: "trailing-comma",
    },
    {
      name: "a text of a list in single quotes",
      text: J([J(a), "{'time':'t'}", J(c)]),
      values: [a, { time: "t" }, c],
      repairs: "single-quotes",
    },
    {
      name: "nesting without end",
      text: `${J(a)}\n{"time":"t","x":${"[".repeat(200)}${"]".repeat(200)}}\n${J(c)}\n`,
      values: [a, c],
      reason: "too-deep",
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
    { name: "an envelope of null", text: '{"records":null}', reasons: ["no-records"] },
    { name: "an envelope of nothing", text: '{"Records":{}}', reasons: ["no-records"] },
    {
      name: "an answer that says it is not whole",
      text: '{"tables":[],"error":{"code":"PartialError"}}',
      reasons: ["partial-answer"],
    },
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
    fc.array(record).map((list) => `{"n":[0],"records":${J(list)},"next":"}"}`),
    fc.array(record).map((list) => list.map((one) => `${J(one)},`).join("\n")),
    fc
      .tuple(fc.array(record), fc.nat(60))
      .map(([list, at]) =>
        J({ records: [a, ...list, b] }).replace(/"/g, (quote, i: number) => (i % 61 === at ? "'" : quote)),
      ),
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

test("an element beyond the limit costs itself only, and so does one that seems to have no end", () => {
  const filler = Array.from({ length: 40 }, (_, n) => ({ time: "f", n }));
  const long = `{"p":"${"z".repeat(3_000)}"}`;
  const body = bytes(`[${J(a)},{"time":"t","x":"q"q"},${J(b)},${J(filler).slice(1, -1)},${long},${J(c)}]`);
  for (const size of [7, 100, 1_000, 100_000]) {
    const decoder = createStreamDecoder(AT, { limits: { elementBytes: 1_000, depth: 64 } });
    const parts: Decoded[] = [];
    for (let at = 0; at < body.length; at += size) parts.push(decoder.push(body.slice(at, at + size)));
    parts.push(decoder.end());
    expect(parts.flatMap((part) => part.records.map(({ value }) => value))).toEqual([a, b, ...filler, c]);
    expect(parts.flatMap((part) => part.rejects.map(({ reason }) => reason))).toEqual(["not-json", "too-long"]);
  }
});

test("a message full of odd quotes is decoded in bounded time", () => {
  const bad = '{"time":"t","x":"q"q"},'.repeat(3) + '{"time":"t","y":1},';
  const { records, rejects } = decode(bytes(`{"records":[${bad.repeat(5_000)}{"time":"t","x":"`));
  expect(records.length + rejects.length).toBeGreaterThan(0);
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

test("a table as CSV is refused with what to export instead", () => {
  const { rejects } = decode(bytes("TimeGenerated [UTC],CorrelationId,ResponseCode\n2026-11-25T12:00:00Z,x,401\n"));
  expect(rejects[0]?.detail).toMatch(/CSV, which is not read. Export JSON/);
});
