import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CALL_COLUMNS, type CallEvidence, columnPlace, OPERATION_COLUMNS } from "../../src/model/evidence.ts";
import { type Instant, instantFromTicks, msBetween } from "../../src/model/time.ts";
import { createMemoryCallLog, openCallLog } from "../../src/store/call-log.ts";
import { buildFilter, lineOf, mayHold } from "../../src/store/segment-filter.ts";
import { decodeBlock, encodeBlock, openBlock } from "../../src/store/segment-block.ts";
import {
  filterFile,
  filterOf,
  findInSegments,
  listSegments,
  newestInSegments,
  readSegments,
  type Span,
} from "../../src/store/segment-folder.ts";
import type { CallLog } from "../../src/store/store.ts";
import { at, gatewayRequest, guid, operation } from "../builders.ts";
import { evidenceOf, rowsOf } from "../exports/evidence-rows.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const DAY = 86_400_000;

/** A call of this many seconds, with an operation under an id of its own. */
function callAt(seconds: number): CallEvidence {
  const backendActivityId = guid();
  return evidenceOf(gatewayRequest({ time: at(seconds), backendActivityId }), [
    operation({ activityId: backendActivityId, time: at(seconds) }),
  ]);
}

const callsAt = (from: number, count: number): CallEvidence[] =>
  Array.from({ length: count }, (_, i) => callAt(from + i));

async function keep(log: CallLog, calls: readonly CallEvidence[]): Promise<void> {
  for (const call of calls) log.add(call);
  await log.flush();
  await log.settle();
}

function readAll(folder: string, span: Span = {}): { calls: CallEvidence[]; damages: string[] } {
  const damages: string[] = [];
  const calls = [...readSegments(folder, span, ({ says }) => damages.push(says))].flat();
  return { calls, damages };
}

test("the newest call that is so is found in any order of closing, and none outside of the span", async () => {
  await using folder = await temporaryFolder();
  const log = openCallLog(folder.path, DAY);
  log.begin(0);
  // Three segments; the newest call that is asked for lies in the first of them.
  for (const times of [
    [50, 3, 2],
    [40, 41, 60],
    [7, 30, 70],
  ])
    await keep(log, times.map(callAt));
  const newest = (to: number, is: (seconds: number) => boolean): number | undefined => {
    const found = newestInSegments(folder.path, { from: at(3), to: at(to) }, (call) =>
      is(msBetween(call.time, at(0)) / 1_000),
    );
    return found === undefined ? undefined : msBetween(found.time, at(0)) / 1_000;
  };
  expect(newest(60, () => true)).toBe(50);
  expect(newest(61, () => true)).toBe(60);
  expect(newest(50, (seconds) => seconds % 10 !== 0)).toBe(41);
  expect(newest(50, (seconds) => seconds < 7)).toBe(3);
  expect(newest(50, (seconds) => seconds < 3)).toBeUndefined();
});

test("any rows are unpacked as they were packed", () => {
  const callId = columnPlace(OPERATION_COLUMNS, "call_id");
  const time = columnPlace(CALL_COLUMNS, "time");
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(rowsOf(CALL_COLUMNS), fc.array(rowsOf(OPERATION_COLUMNS), { maxLength: 3 }), fc.array(fc.string())),
        {
          minLength: 1,
          maxLength: 20,
        },
      ),
      (drawn) => {
        const calls = drawn.map(
          ([call, operations, ids]): CallEvidence => ({
            time: instantFromTicks(Number(call[time])),
            call,
            operations: operations.map((row) => row.with(callId, call[0] ?? null)),
            ids,
          }),
        );
        const { head, ids, rows } = openBlock(encodeBlock(calls, 7));
        expect(head).toMatchObject({ start: 7, calls: calls.length });
        expect(decodeBlock(ids, rows)).toEqual(calls);
      },
    ),
    { numRuns: 60 },
  );
});

test("a block of before calls were joined without an id is read with all that it has", () => {
  const block = readFileSync(new URL("block-before-inferred-joins.bin", import.meta.url));
  const { head, ids, rows } = openBlock(block);
  const calls = decodeBlock(ids, rows);
  const cells = (...names: string[]) =>
    calls.map(({ call }) => names.map((name) => call[columnPlace(CALL_COLUMNS, name)]));
  expect(head.calls).toBe(2);
  expect(cells("match", "status", "cosmos_operation", "cosmos_principal")).toEqual([
    ["exact", 200, "Read", "33333333-3333-4333-8333-333333333333"],
    ["data-plane-only", 403, "Read", "33333333-3333-4333-8333-333333333333"],
  ]);
  expect(cells("match_probability", "match_candidates")).toEqual(calls.map(() => [null, null]));
  expect(
    calls.map(({ operations }) => operations.map((row) => row[columnPlace(OPERATION_COLUMNS, "call_id")])),
  ).toEqual(calls.map(({ call }) => [call[0]]));
});

test("a filter holds every id that was added, and few others", () => {
  const ids = Array.from({ length: 5_000 }, () => guid());
  const filter = buildFilter(ids, ids.length);
  const holds = (id: string): boolean => {
    const { offset, bytes } = lineOf(id, filter.length);
    return mayHold(filter.subarray(offset, offset + bytes), id);
  };
  expect(ids.filter(holds)).toHaveLength(ids.length);
  const others = Array.from({ length: 20_000 }, () => guid());
  expect(others.filter(holds).length / others.length).toBeLessThan(0.002);
});

describe("a folder of segments", () => {
  test("finds a call by each of its ids, from the disk and while it waits", async () => {
    await using folder = await temporaryFolder();
    const log = openCallLog(folder.path, DAY);
    log.begin(0);
    const kept = callsAt(0, 20);
    await keep(log, kept);
    const waits = callAt(30);
    log.add(waits);
    for (const call of [...kept, waits])
      for (const id of call.ids) expect(log.find(id)).toEqual({ calls: [call], damages: [] });
    expect(log.find(guid()).calls).toEqual([]);
    expect(kept[0]?.ids).toHaveLength(2);
  });

  test("small segments become large ones; order, span and ids stay", async () => {
    await using folder = await temporaryFolder();
    const log = openCallLog(folder.path, DAY);
    log.begin(0);
    const all: CallEvidence[] = [];
    for (let i = 0; i < 35; i++) {
      const some = callsAt(10 * i, 3);
      await keep(log, some);
      all.push(...some);
    }
    expect(listSegments(folder.path).length).toBeLessThan(16);
    expect(readAll(folder.path)).toEqual({ calls: all, damages: [] });
    expect(findInSegments(folder.path, all[50]?.ids[1] ?? "").calls).toEqual([all[50]]);
    const span = readAll(folder.path, { from: at(100), to: at(110) }).calls;
    expect(span).toEqual(all.filter(({ time }) => time >= at(100) && time < at(110)));
  });

  test("calls of a commit that did not return are told again, once", async () => {
    await using folder = await temporaryFolder();
    const before = openCallLog(folder.path, DAY);
    before.begin(0);
    const kept = callsAt(0, 5);
    await keep(before, kept);
    const lost = callsAt(10, 4);
    for (const call of lost) before.add(call);
    await before.flush();

    const after = openCallLog(folder.path, DAY);
    after.begin(kept.length);
    expect(after.find(lost[0]?.ids[0] ?? "").calls).toEqual([]);
    await keep(after, lost);
    expect(readAll(folder.path)).toEqual({ calls: [...kept, ...lost], damages: [] });
    expect(readdirSync(folder.path).filter((file) => file.endsWith(".superseded"))).toHaveLength(1);
  });

  test("a merge that was stopped before it cleared up repeats nothing", async () => {
    await using folder = await temporaryFolder();
    const log = openCallLog(folder.path, DAY);
    log.begin(0);
    const all = callsAt(0, 15);
    for (const call of all) await keep(log, [call]);
    const parts = readdirSync(folder.path).map((file) => ({ file, bytes: readFileSync(join(folder.path, file)) }));
    const last = callAt(20);
    await keep(log, [last]);
    for (const { file, bytes } of parts) writeFileSync(join(folder.path, file), bytes);
    writeFileSync(join(folder.path, "calls-000000000000000-000000000000099.seg.part"), "cut");
    expect(readAll(folder.path)).toEqual({ calls: [...all, last], damages: [] });
    openCallLog(folder.path, DAY).begin(16);
    expect(readdirSync(folder.path)).toHaveLength(1);
    expect(readAll(folder.path).calls).toHaveLength(16);
  });

  test("what is damaged or missing is told; the rest is read", async () => {
    await using folder = await temporaryFolder();
    const log = openCallLog(folder.path, DAY);
    log.begin(0);
    const parts = [callsAt(0, 3), callsAt(10, 3), callsAt(20, 3)];
    for (const part of parts) await keep(log, part);
    const [first, second] = listSegments(folder.path);
    const path = join(folder.path, second?.file ?? "");
    const bytes = readFileSync(path);
    bytes[bytes.length - 20] = (bytes.at(-20) ?? 0) ^ 1;
    writeFileSync(path, bytes);
    expect(readAll(folder.path)).toEqual({
      calls: [...(parts[0] ?? []), ...(parts[2] ?? [])],
      damages: ["calls 3 to 5 cannot be read"],
    });
    writeFileSync(join(folder.path, first?.file ?? ""), "no segment");
    expect(readAll(folder.path).damages).toContain("what follows byte 0 cannot be read");
    expect(findInSegments(folder.path, guid()).damages).toMatchObject([{ file: first?.file }]);
  });

  test("a segment that is merged no more has a filter of its ids: what it surely does not hold is not looked for in it", async () => {
    await using folder = await temporaryFolder();
    const log = openCallLog(folder.path, DAY, 10);
    log.begin(0);
    const kept = callsAt(0, 12);
    await keep(log, kept);
    await keep(log, callsAt(20, 3));
    const [large, small] = listSegments(folder.path);
    const filter = filterFile(join(folder.path, large?.file ?? ""));
    expect(readdirSync(folder.path).filter((file) => file.endsWith(".ids"))).toEqual([basename(filter)]);
    for (const call of kept) for (const id of call.ids) expect(log.find(id)).toEqual({ calls: [call], damages: [] });
    for (const segment of [large, small]) writeFileSync(join(folder.path, segment?.file ?? ""), "unreadable");
    const lost = guid();
    expect(findInSegments(folder.path, lost).damages).toMatchObject([{ file: small?.file }]);
    expect(findInSegments(folder.path, kept[3]?.ids[0] ?? "").damages).toHaveLength(2);

    const whole = readFileSync(filter);
    const harms = [whole.subarray(0, -1), Buffer.alloc(0), Buffer.alloc(whole.length, 1)];
    for (const harmed of harms) {
      writeFileSync(filter, harmed);
      expect(findInSegments(folder.path, lost).damages).toHaveLength(2);
    }
    await keep(log, callsAt(90_000, 1));
    expect(readdirSync(folder.path).filter((file) => file.endsWith(".ids"))).toEqual([]);
  });

  test("a filter goes with its segment that a commit did not vouch for", async () => {
    await using folder = await temporaryFolder();
    const before = openCallLog(folder.path, DAY, 2);
    before.begin(0);
    await keep(before, callsAt(0, 4));
    const after = openCallLog(folder.path, DAY, 100);
    after.begin(0);
    expect(readdirSync(folder.path).filter((file) => file.endsWith(".ids"))).toEqual([]);
    const told = callsAt(10, 4);
    await keep(after, told);
    for (const call of told) expect(after.find(call.ids[0] ?? "").calls).toEqual([call]);
  });

  test("a damaged segment gets no filter", async () => {
    await using folder = await temporaryFolder();
    const log = openCallLog(folder.path, DAY);
    log.begin(0);
    await keep(log, callsAt(0, 4));
    const [segment] = listSegments(folder.path);
    const path = join(folder.path, segment?.file ?? "");
    const bytes = readFileSync(path);
    bytes[bytes.length - 20] = (bytes.at(-20) ?? 0) ^ 1;
    writeFileSync(path, bytes);
    expect(await filterOf(path)).toBeUndefined();
    writeFileSync(path, "no segment");
    expect(await filterOf(path)).toBeUndefined();
  });

  test("calls are given up once the newest of their segment is older than they are kept", async () => {
    await using folder = await temporaryFolder();
    const log = openCallLog(folder.path, DAY);
    log.begin(0);
    await keep(log, callsAt(0, 2));
    await keep(log, callsAt(80_000, 2));
    expect(readAll(folder.path).calls).toHaveLength(4);
    await keep(log, callsAt(87_000, 2));
    expect(readAll(folder.path)).toMatchObject({ calls: { length: 4 }, damages: [] });
    const oldest: Instant | undefined = readAll(folder.path).calls[0]?.time;
    expect(oldest).toBe(at(80_000));
  });

  test("many calls wait for a snapshot no longer than memory allows", () => {
    const log = openCallLog("not used", DAY);
    const call = callAt(0);
    let count = 0;
    for (; !log.isFull; count++) log.add(call);
    expect(count).toBe(131_072);
  });
});

test("a log in memory keeps the last calls", () => {
  const log = createMemoryCallLog(10_000);
  log.begin(0);
  const [first, last] = [callAt(0), callAt(1)];
  log.add(first);
  for (let i = 0; i < 20_000; i++) log.add(callAt(2));
  log.add(last);
  expect(log.find(first.ids[0] ?? "").calls).toEqual([]);
  expect(log.find(last.ids[1] ?? "").calls).toEqual([last]);
});
