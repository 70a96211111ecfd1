import { Serializer } from "node:v8";
import { expect, test } from "vitest";
import { createEventTable, timeOf } from "../../src/model/event-table.ts";
import { freeBytes } from "../../src/lib/free-bytes.ts";
import { hold } from "../../src/correlate/held.ts";
import { createHeld } from "../../src/correlate/held.ts";
import { createNames } from "../../src/model/names.ts";
import { putEvent } from "../../src/normalize/event-row.ts";
import { stateCodec } from "../../src/store/codec.ts";
import { at, gatewayRequest } from "../builders.ts";

const copy = <T>(value: T): T => stateCodec.decode(stateCodec.encode(value)) as T;

test("rows that are held after a restart have their own times", () => {
  const names = createNames(1);
  const rows = createEventTable();
  for (let second = 0; second < 3; second++) putEvent(rows, names, gatewayRequest({ time: at(second) }), "GatewayLogs");
  const held = createHeld();
  hold(held, rows, 0);
  const again = copy(held);
  const places = [hold(again, rows, 1), hold(again, rows, 2)];
  expect(places.map((place) => timeOf(again.table, place))).toEqual([at(1), at(2)]);
});

test("what a state is made of comes back as it is", () => {
  const value = {
    map: new Map<unknown, unknown>([["__proto__", new Set([1, Number.NEGATIVE_INFINITY])]]),
    bytes: new Uint8Array([1, 2, 3]).subarray(1),
    none: undefined,
    big: 2n ** 70n,
  };
  expect(copy(value)).toEqual(value);
});

test("memories of any size are packed, and views of one memory share it again", () => {
  const large = new Int32Array(700_000).map((_, i) => i % 977);
  const value = {
    large,
    doubles: new Float64Array(large.buffer),
    part: large.subarray(10, 20),
    small: Uint16Array.of(1, 2),
  };
  const bytes = stateCodec.encode(value);
  expect(bytes.length).toBeLessThan(large.byteLength / 20);
  const again = stateCodec.decode(bytes) as typeof value;
  expect(again).toEqual(value);
  expect(again.doubles.buffer).toBe(again.large.buffer);
  again.large[12] = -1;
  expect(again.part[2]).toBe(-1);
});

test("room that was never used comes back as room", () => {
  const value = { words: new Int32Array(2_000_000) };
  value.words[700_000] = 7;
  value.words[1_999_999] = 9;
  expect(copy(value)).toEqual(value);
});

test("what versions wrote that did not pack is read", () => {
  const value = { words: Int32Array.of(1, 2, 3), map: new Map([["a", new Uint8Array(100_000).fill(7)]]) };
  const writer = new Serializer();
  writer.writeHeader();
  writer.writeValue(value);
  expect(stateCodec.decode(writer.releaseBuffer())).toEqual(value);
});

test("pieces, packed one after the other, are what is decoded again", () => {
  const value = { large: new Int32Array(700_000).map((_, i) => i % 977), small: [1, "two"] };
  const parts = Array.from(stateCodec.pieces(value), stateCodec.packed);
  expect(parts.length).toBeGreaterThan(5);
  expect(stateCodec.decode(Buffer.concat(parts))).toEqual(value);
});

test("packing leaves no memory for the collector that is outside of the heap", () => {
  const words = new Uint32Array(12 << 20);
  for (let i = 0, word = 1; i < words.length; i++) words[i] = word = Math.imul(word, 1_664_525) + 1_013_904_223;
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  let packed = 0;
  for (const piece of stateCodec.pieces([words])) {
    const bytes = stateCodec.packed(piece);
    packed += bytes.length;
    freeBytes(bytes);
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  expect(packed).toBeGreaterThan(20 << 20);
  expect(most).toBeLessThan(4 << 20);
});

test("memory that others may have their places in is not given back", () => {
  const [one, other] = [Buffer.from("one"), Buffer.from("other")];
  freeBytes(one);
  expect(other.toString()).toBe("other");
  const large = new Uint8Array(1 << 20);
  freeBytes(large);
  expect(large.length).toBe(0);
});

test("members of members are written one by one where that is asked for, and are read as they were", () => {
  const words = new Int32Array(100_000).fill(3);
  const value = {
    a: { b: { c: 1, d: words }, e: new Map([["x", 1]]) },
    f: { g: 2 },
    none: {},
    h: { i: words.subarray(5) },
  };
  const ends = (split: ReadonlySet<string>): number =>
    [...stateCodec.pieces(value, split)].filter(({ bytes }) => bytes.length === 0).length;
  expect(ends(new Set())).toBe(4);
  const split = new Set(["a", "a/b", "none", "h"]);
  expect(ends(split)).toBe(6);
  const again = stateCodec.decode(
    Buffer.concat(Array.from(stateCodec.pieces(value, split), stateCodec.packed)),
  ) as typeof value;
  expect(again).toEqual(value);
  expect(Object.keys(again.a)).toEqual(["b", "e"]);
  expect(again.h.i.buffer).toBe(again.a.b.d.buffer);
});
