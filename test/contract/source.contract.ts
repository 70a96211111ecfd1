import { afterEach, beforeEach, expect, test } from "vitest";
import type { RawRecord } from "../../src/model/record.ts";
import type { Batch, Source } from "../../src/sources/source.ts";

/** One source with known content; a new one is made for every test. */
export interface SourceHarness {
  readonly source: Source;
  /** Ids of the records of each partition, in the order in which they were written. */
  readonly expected: ReadonlyMap<string, readonly string[]>;
  /** Waits for more when all was read, instead of ending. */
  readonly endless: boolean;
  idOf(record: RawRecord): string;
  close(): Promise<void>;
}

/** Every promise of `Source`, tried on one implementation. */
export function sourceContract(make: () => Promise<SourceHarness>): void {
  let harness: SourceHarness;
  beforeEach(async () => {
    harness = await make();
  });
  afterEach(async () => {
    await harness.close();
  });
  const total = (): number => [...harness.expected.values()].reduce((sum, ids) => sum + ids.length, 0);
  const read = (
    from: ReadonlyMap<string, string>,
    count: number,
    kept?: ReadonlyMap<string, Uint8Array>,
  ): Promise<Batch[]> => readRecords(harness.source, { from, count, toTheEnd: !harness.endless, kept });

  test("delivers each record once, in order within its partition", async () => {
    const batches = await read(new Map(), total());
    expect(idsByPartition(batches, harness)).toEqual(harness.expected);
  });

  test("names every partition it reads", async () => {
    const names = await harness.source.partitions(AbortSignal.timeout(10_000));
    const batches = await read(new Map(), total());
    expect(names.length === 0 || batches.every((batch) => names.includes(batch.partition))).toBe(true);
  });

  test("gives each record a place of its own that says the source and the partition", async () => {
    const batches = await read(new Map(), total());
    const places = batches.flatMap((batch) =>
      batch.records.map(({ position }) => {
        expect(position.source).toBe(harness.source.name);
        expect(position.partition).toBe(batch.partition);
        return JSON.stringify(position);
      }),
    );
    expect(new Set(places).size).toBe(places.length);
  });

  test("goes on from any checkpoint without gap or repeat", async () => {
    const batches = await read(new Map(), total());
    const from = new Map<string, string>();
    const kept = new Map<string, Uint8Array>();
    const delivered = new Map<string, string[]>();
    for (const [i, batch] of batches.entries()) {
      from.set(batch.partition, batch.checkpoint);
      keep(kept, batch);
      addIds(delivered, batch, harness);
      if (i % Math.ceil(batches.length / 8) !== 0) continue; // eight places of many
      const before = [...delivered.values()].reduce((sum, ids) => sum + ids.length, 0);
      const rest = idsByPartition(await read(new Map(from), total() - before, new Map(kept)), harness);
      for (const [partition, ids] of harness.expected)
        expect([...(delivered.get(partition) ?? []), ...(rest.get(partition) ?? [])]).toEqual(ids);
    }
  });

  test("gives the same place to a record that is delivered again", async () => {
    const places = async (): Promise<Map<string, string>> => {
      const batches = await read(new Map(), total());
      return new Map(
        batches.flatMap((batch) =>
          batch.records.map((record) => [harness.idOf(record), JSON.stringify(record.position)]),
        ),
      );
    };
    expect(await places()).toEqual(await places());
  });

  test("says when a partition holds no more for now", async () => {
    const batches = await read(new Map(), total());
    for (const partition of harness.expected.keys())
      expect(batches.findLast((batch) => batch.partition === partition)?.caughtUp).toBe(true);
  });

  test("does not start when already aborted", async () => {
    for await (const batch of harness.source.read(new Map(), AbortSignal.abort())) expect(batch).toBeUndefined();
  });

  test("stops within two seconds when aborted between batches", async () => {
    const abort = new AbortController();
    let abortedAt = 0;
    for await (const batch of harness.source.read(new Map(), abort.signal)) {
      expect(abort.signal.aborted, `a batch of ${batch.partition} after the abort`).toBe(false);
      abort.abort();
      abortedAt = performance.now();
    }
    expect(performance.now() - abortedAt).toBeLessThan(2_000);
  });

  test("lets go when the reader stops early", async () => {
    for await (const batch of harness.source.read(new Map(), AbortSignal.timeout(20_000))) {
      expect(batch.partition).not.toBe("");
      break;
    }
    const again = await read(new Map(), total());
    expect(idsByPartition(again, harness)).toEqual(harness.expected);
  });
}

/** What a commit of the batch leaves. */
export function keep(kept: Map<string, Uint8Array>, batch: Batch): void {
  for (const [key, bytes] of batch.kept ?? []) {
    if (bytes === undefined) kept.delete(key);
    else kept.set(key, bytes);
  }
}

interface ReadOptions {
  readonly kept?: ReadonlyMap<string, Uint8Array> | undefined;
  readonly from: ReadonlyMap<string, string>;
  /** Records to wait for. */
  readonly count: number;
  readonly toTheEnd: boolean;
}

/** Reads until `count` records came and each partition has none left, or to the end; a quarter of a minute at most. */
export async function readRecords(source: Source, options: ReadOptions): Promise<Batch[]> {
  const abort = new AbortController();
  const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(15_000)]);
  const batches: Batch[] = [];
  let missing = options.count;
  if (missing === 0 && !options.toTheEnd) return batches;
  for await (const batch of source.read(options.from, signal, options.kept)) {
    batches.push(batch);
    missing -= batch.records.length;
    if (missing <= 0 && !options.toTheEnd && isCaughtUp(batches)) abort.abort();
  }
  return batches;
}

function isCaughtUp(batches: readonly Batch[]): boolean {
  const last = new Map(batches.map((batch) => [batch.partition, batch.caughtUp]));
  return [...last.values()].every(Boolean);
}

/** Ids as delivered, per partition. */
export function idsByPartition(batches: readonly Batch[], by: Pick<SourceHarness, "idOf">): Map<string, string[]> {
  const ids = new Map<string, string[]>();
  for (const batch of batches) addIds(ids, batch, by);
  return ids;
}

function addIds(ids: Map<string, string[]>, batch: Batch, { idOf }: Pick<SourceHarness, "idOf">): void {
  if (batch.records.length === 0) return;
  const known = ids.get(batch.partition) ?? [];
  for (const record of batch.records) known.push(idOf(record));
  ids.set(batch.partition, known);
}
