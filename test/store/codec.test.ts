import { expect, test } from "vitest";
import { createEventTable, timeOf } from "../../src/model/event-table.ts";
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
