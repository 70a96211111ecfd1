import fc from "fast-check";
import { expect, test } from "vitest";
import { keepDistinct } from "../src/accept.ts";
import { createAnalysis } from "../src/analysis.ts";
import { compareRows, dedupKeyAt } from "../src/correlate/row-event.ts";
import { appendRow, createEventTable } from "../src/model/event-table.ts";
import { instantFromTicks } from "../src/model/time.ts";
import { change, gatewayRequest, operation } from "./builders.ts";
import { tableOf } from "./follow.ts";

const ID = "00000000-0000-4000-8000-000000000000";

/** Few instants, several of one millisecond: some routes cut what is finer. */
const event = fc
  .tuple(
    fc.constantFrom(0, 1, 9_999, 10_000, 20_001),
    fc.constantFrom(ID, ID.replace("0", "1")),
    fc.constantFrom("g", "o", "c"),
  )
  .map(([ticks, id, kind]) => {
    const time = instantFromTicks(ticks);
    if (kind === "g") return gatewayRequest({ time, correlationId: id });
    return kind === "o" ? operation({ time, activityId: id }) : change({ time });
  });

test("of sorted rows one of each record stays, wherever the blocks are cut, and all are counted", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), fc.integer({ min: 1, max: 41 }), (events, blockRows) => {
      const analysis = createAnalysis({ lateness: 0, seed: 1 });
      const { names, input } = analysis;
      const all = tableOf(names, events);
      const order = Array.from(events.keys()).toSorted((a, b) => compareRows(all, a, b, names));
      const kept: string[] = [];
      let last = Number.NaN;
      for (let from = 0; from < order.length; from += blockRows) {
        const block = createEventTable();
        for (const row of order.slice(from, from + blockRows)) appendRow(all, row, block);
        last = keepDistinct(analysis, block, last);
        for (let row = 0; row < block.count; row++) kept.push(dedupKeyAt(block, row, names));
      }
      const distinct = new Set(events.map((_, row) => dedupKeyAt(all, row, names)));
      expect(kept.toSorted()).toEqual([...distinct].toSorted());
      expect(input.records).toBe(events.length);
      expect(input.accepted).toBe(distinct.size);
      expect(input.duplicate).toBe(events.length - distinct.size);
    }),
  );
});
