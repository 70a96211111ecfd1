import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type DurationMs, type Instant, plusMs } from "../model/time.ts";
import { makeFolder } from "../folder.ts";
import { filterFile, findInSegments, listSegments, newestIn, type SegmentName } from "./segment-folder.ts";
import { writeFilter, writeSegment } from "./segment-write.ts";
import type { CallLog } from "./store.ts";
import { StoreError } from "./store-error.ts";
import { Shelf, type Shelved } from "./shelf.ts";
import { WaitingCalls } from "./waiting-calls.ts";

/** Calls that wait for a commit, at most: a snapshot is due before there are more. About 17 MB, on the disk. */
const MOST_WAITING = 131_072;
/** Segments with fewer calls become one, so many at a time; larger ones have a filter of their own. */
const SMALL = 1 << 16;
const MERGED = 16;

/** Where the calls of a state are. */
export const callsFolder = (state: string): string => `${state}.calls`;

/**
 * Calls as immutable segments in a folder: what a commit makes durable is one file, written, synced and renamed before the
 * commit. What a commit that did not return left behind is set aside at the next start, and told again by the replay.
 * `retention`: how long calls are kept, in event time. `small`: segments with fewer calls are merged.
 */
export function openCallLog(folder: string, retention: DurationMs, small = SMALL): CallLog {
  const waiting = new WaitingCalls(new Shelf(join(folder, "waiting.part")));
  const newestOf = new Map<string, number | undefined>();
  let newest: Instant | undefined;
  return {
    begin: (count) =>
      guarded(folder, () => {
        makeFolder(folder);
        waiting.begin(count);
        for (const segment of listSegments(folder)) if (segment.end > count) setAside(folder, segment);
        forgetParts(folder);
      }),
    add(evidence) {
      waiting.add(evidence);
      if (newest === undefined || evidence.time > newest) newest = evidence.time;
    },
    get isFull() {
      return waiting.count >= MOST_WAITING;
    },
    async flush() {
      const { start, count } = waiting;
      if (count === 0) return;
      const parts = waiting.blocks();
      try {
        await writeSegment(folder, { start, end: start + count, parts: read(parts) });
      } catch (error) {
        throw storeErrorOf(folder, error);
      }
      waiting.drop(parts.length);
    },
    async settle() {
      try {
        await merge(folder, small);
        await addFilters(folder, small);
      } catch (error) {
        // A merge needs room for a while; without it the segments stay small. Without filters a search takes longer.
        if (!isFullDisk(error)) throw storeErrorOf(folder, error);
      }
      const before = newest === undefined ? undefined : plusMs(newest, -retention);
      if (before !== undefined) guarded(folder, () => forgetBefore(folder, before, newestOf));
    },
    find(id) {
      const kept = findInSegments(folder, id);
      return { calls: kept.calls.concat(waiting.find(id)), damages: kept.damages };
    },
    waiting: () => waiting.copies(),
  };
}

/** Calls for as long as the process lives, the last of them: for a demo and for tests. */
export function createMemoryCallLog(most = MOST_WAITING): CallLog {
  const waiting = new WaitingCalls();
  return {
    begin: (count) => waiting.begin(count),
    add(evidence) {
      waiting.add(evidence);
      if (waiting.count > most) waiting.shift();
    },
    isFull: false,
    async flush() {},
    async settle() {},
    find: (id) => ({ calls: waiting.find(id), damages: [] }),
    waiting: () => waiting.copies(),
  };
}

function guarded(folder: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw storeErrorOf(folder, error);
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

const isFullDisk = (error: unknown): boolean => ["ENOSPC", "EDQUOT"].includes(codeOf(error));

function storeErrorOf(folder: string, error: unknown): StoreError {
  if (isFullDisk(error))
    return new StoreError(
      folder,
      "full",
      "calls cannot be kept: no room left. Free some; what was committed is safe.",
      error,
    );
  const code = codeOf(error);
  if (code === "EIO") return new StoreError(folder, "broken", "the disk failed; nothing more is written.", error);
  return new StoreError(
    folder,
    "unfit",
    `calls cannot be kept here (${code || "unknown"}). Choose another place.`,
    error,
  );
}

/** Small segments that follow each other become one: blocks behind blocks. */
async function merge(folder: string, below: number): Promise<void> {
  const small = tailOf(listSegments(folder), ({ start, end }) => end - start < below);
  const first = small[0];
  const last = small.at(-1);
  if (first === undefined || last === undefined || small.length < MERGED) return;
  const paths = small.map(({ file }) => join(folder, file));
  await writeSegment(folder, { start: first.start, end: last.end, parts: contents(paths) });
  for (const path of paths) remove(path);
}

/** A segment, and its filter before it: what has none is searched block by block. */
function remove(path: string): void {
  if (path.endsWith(".seg")) rmSync(filterFile(path), { force: true });
  rmSync(path);
}

/** Segments that are merged no more get a filter of their ids. */
async function addFilters(folder: string, from: number): Promise<void> {
  const lacking = listSegments(folder).filter(
    ({ file, start, end }) => end - start >= from && !existsSync(filterFile(join(folder, file))),
  );
  for (const segment of lacking) await writeFilter(folder, segment);
}

function* read(blocks: readonly Pick<Shelved, "read">[]): Generator<Uint8Array> {
  for (const block of blocks) yield block.read();
}

function* contents(paths: readonly string[]): Generator<Uint8Array> {
  for (const path of paths) yield readFileSync(path);
}

/** The last segments that are so and follow each other without a gap. */
function tailOf(segments: readonly SegmentName[], is: (segment: SegmentName) => boolean): readonly SegmentName[] {
  const tail: SegmentName[] = [];
  for (const segment of segments.toReversed()) {
    if (!is(segment) || (tail[0] !== undefined && tail[0].start !== segment.end)) break;
    tail.unshift(segment);
  }
  return tail;
}

/** Under another name, for as long as calls are kept. */
function setAside(folder: string, { file }: SegmentName): void {
  rmSync(filterFile(join(folder, file)), { force: true });
  renameSync(join(folder, file), join(folder, `${file}.superseded`));
}

/** What was never whole, and what a merge left behind. */
function forgetParts(folder: string): void {
  const known = new Set(listSegments(folder).map(({ file }) => file));
  for (const file of readdirSync(folder))
    if (file.endsWith(".part") || (/\.(?:seg|ids)$/.test(file) && !known.has(file.replace(/ids$/, "seg"))))
      rmSync(join(folder, file));
}

/** `newestOf`: what is known of files already; a segment does not change. */
function forgetBefore(folder: string, before: Instant, newestOf: Map<string, number | undefined>): void {
  const files = readdirSync(folder).filter((file) => /\.seg(?:\.superseded)?$/.test(file));
  for (const known of newestOf.keys()) if (!files.includes(known)) newestOf.delete(known);
  for (const file of files) {
    if (!newestOf.has(file)) newestOf.set(file, newestIn(join(folder, file)));
    const newest = newestOf.get(file);
    if (newest !== undefined && newest < before) remove(join(folder, file));
  }
}
