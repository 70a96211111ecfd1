import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import fc from "fast-check";
import { expect, test } from "vitest";
import { compareContent, dedupKeyAt } from "../../src/correlate/row-event.ts";
import type { Event } from "../../src/model/event.ts";
import { addRow, appendRow, createEventTable, DOUBLES, type EventTable, TIME_D } from "../../src/model/event-table.ts";
import { createNames } from "../../src/model/names.ts";
import { instantFromTicks } from "../../src/model/time.ts";
import { RowSorter } from "../../src/store/row-sorter.ts";
import { change, gatewayRequest, operation } from "../builders.ts";
import { tableOf } from "../follow.ts";

const folders = (): readonly string[] => readdirSync(tmpdir()).filter((name) => name.startsWith("scopetrail-sort-"));

/** Few instants, so that many are the same; far apart ones too, and events with objects beside them. */
const event = fc
  .tuple(fc.constantFrom(0, 1, 2, 3_000, 9e14, -9e14), fc.constantFrom("plain", "refused", "operation", "change"))
  .map(([ticks, kind]): Event => {
    const time = instantFromTicks(ticks);
    if (kind === "operation") return operation({ time, durationMs: 1.5 });
    return kind === "change" ? change({ time }) : gatewayRequest({ time, status: kind === "plain" ? 200 : 403 });
  });

function putRows(sorter: RowSorter, table: EventTable): void {
  for (let row = 0; row < table.count; row++) appendRow(table, row, sorter.rows);
  sorter.settle();
}

function sortedKeys(batches: readonly (readonly Event[])[], limit: number): readonly string[] {
  const names = createNames(1);
  const sorter = new RowSorter(compareContent(names), limit);
  for (const events of batches) putRows(sorter, tableOf(names, events));
  const keys: string[] = [];
  for (const table of sorter.sorted())
    for (let row = 0; row < table.count; row++) keys.push(dedupKeyAt(table, row, names));
  return keys;
}

test("rows come in the order of time and content, from memory and from disk, and the folder is gone", () => {
  const before = folders();
  fc.assert(
    fc.property(fc.array(fc.array(event, { maxLength: 40 }), { maxLength: 6 }), (batches) => {
      const names = createNames(1);
      const expected = batches
        .flat()
        .map((one) => ({ time: one.time, key: dedupKeyAt(tableOf(names, [one]), 0, names) }))
        .toSorted((a, b) => a.time - b.time || (a.key < b.key ? -1 : 1))
        .map(({ key }) => key);
      expect(sortedKeys(batches, 1_000)).toEqual(expected);
      expect(sortedKeys(batches, 7)).toEqual(expected);
    }),
    { numRuns: 40 },
  );
  expect(folders()).toEqual(before);
});

test("runs of many blocks that overlap here and there are one order", () => {
  const names = createNames(1);
  const sorter = new RowSorter(compareContent(names), 5_000);
  const all: number[] = [];
  for (let batch = 0; batch < 6; batch++) {
    const table = createEventTable(2_500);
    for (let i = 0; i < 2_500; i++) {
      const ticks = 2_000 * batch + ((i * 7_919) % 2_500);
      all.push(ticks);
      table.doubles[DOUBLES * addRow(table) + TIME_D] = ticks;
    }
    putRows(sorter, table);
  }
  const sorted: (number | undefined)[] = [];
  for (const { doubles, count } of sorter.sorted())
    for (let row = 0; row < count; row++) sorted.push(doubles[DOUBLES * row + TIME_D]);
  expect(sorted).toHaveLength(15_000);
  expect(sorted).toEqual(all.toSorted((a, b) => a - b));
});

test("a reader that stops early leaves nothing behind", () => {
  const names = createNames(1);
  const sorter = new RowSorter(compareContent(names), 2);
  putRows(sorter, tableOf(names, [gatewayRequest(), gatewayRequest()]));
  putRows(sorter, tableOf(names, [operation(), operation()]));
  const during = folders();
  for (const table of sorter.sorted()) {
    expect(table.count).toBeGreaterThan(0);
    break;
  }
  expect(during.length - folders().length).toBe(1);
  expect(existsSync(tmpdir())).toBe(true);
});
