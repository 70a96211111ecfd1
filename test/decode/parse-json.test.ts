import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJson } from "../../src/decode/parse-json.ts";

describe("JSON with a key twice", () => {
  test.each([
    ['{"a":1,"a":2}', { a: 1 }, { a: 2 }],
    [String.raw`{"a":1,"\u0061":2,"b":"\\"}`, { a: 1, b: "\\" }, { a: 2, b: "\\" }],
    ['[{"a":{"b":[1,{"c":null,"c" : true}]}}]', [{ a: { b: [1, { c: null }] } }], [{ a: { b: [1, { c: true }] } }]],
    ['{"a":"x\\"y:","a":-1.5e+3}', { a: 'x"y:' }, { a: -1500 }],
    [' { "" : [ ] , "" : { } } ', { "": [] }, { "": {} }],
  ])("%s is read with its first values, and with its last", (text, value, last) => {
    expect(parseJson(text)).toEqual({ value, last });
    expect(last).toEqual(JSON.parse(text));
  });

  test("`__proto__` is a key like others", () => {
    const { value } = parseJson('{"__proto__":{"x":1},"__proto__":{"x":2}}');
    expect(Object.entries(value as object)).toEqual([["__proto__", { x: 1 }]]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });
});

test("any JSON without such a key is what `JSON.parse` makes of it", () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(0, 1, "\t"), (json, space) => {
      const text = JSON.stringify(JSON.parse(json), null, space);
      expect(parseJson(text)).toEqual({ value: JSON.parse(text) });
    }),
    { numRuns: 1_000 },
  );
});

test("any JSON object that comes twice is read as it was the first time", () => {
  fc.assert(
    fc.property(fc.string(), fc.jsonValue(), fc.jsonValue(), (key, one, other) => {
      const member = (value: unknown): string => `${JSON.stringify(key)}:${JSON.stringify(value)}`;
      const read = parseJson(`{${member(one)},${member(other)}}`);
      const only = (value: unknown): unknown => JSON.parse(`{${member(value)}}`);
      expect(read).toEqual({ value: only(one), last: only(other) });
    }),
    { numRuns: 1_000 },
  );
});
