import type { Event } from "../model/event.ts";
import {
  copyRow,
  createEventTable,
  ensureRoom,
  type EventTable,
  HAS_OBJECT,
  TRAITS,
  WORDS,
} from "../model/event-table.ts";

/**
 * Rows of events that wait: for stragglers, or for the end of their call. A place is given to another row once it was
 * dropped. Plain data: survives a structured clone.
 */
export interface Held {
  /** Rows of all places ever given, dropped ones among them. */
  table: EventTable;
  /** Places that were dropped: the first `freeCount` of them. */
  free: Int32Array;
  freeCount: number;
}

export const createHeld = (): Held => ({ table: createEventTable(), free: new Int32Array(64), freeCount: 0 });

/** Keeps a copy of a row, and what is beside it; gives its place. */
export function hold(held: Held, from: EventTable, row: number): number {
  const { table } = held;
  let place = table.count;
  if (held.freeCount > 0) {
    held.freeCount -= 1;
    place = held.free[held.freeCount] ?? 0;
  } else {
    ensureRoom(table, place + 1);
    table.count = place + 1;
  }
  copyRow(from, row, table, place);
  return place;
}

export function drop(held: Held, place: number): void {
  const { words, objects } = held.table;
  if (((words[WORDS * place + TRAITS] ?? 0) & HAS_OBJECT) !== 0) objects.delete(place);
  if (held.freeCount >= held.free.length) {
    const larger = new Int32Array(2 * held.free.length);
    larger.set(held.free);
    held.free = larger;
  }
  held.free[held.freeCount] = place;
  held.freeCount += 1;
}

/** Rows that wait now. */
export const heldRows = (held: Held): number => held.table.count - held.freeCount;

/** Whether most places are free, so that `packHeld` is worth its time. */
export const isSparse = (held: Held): boolean => held.table.count > 4_096 && held.freeCount > 0.75 * held.table.count;

/** Moves the rows together and gives up what they do not need; gives the new place of each old one, -1 for free ones. */
export function packHeld(held: Held): Int32Array {
  const { table } = held;
  const moved = new Int32Array(table.count);
  for (let i = 0; i < held.freeCount; i++) moved[held.free[i] ?? 0] = -1;
  const packed = createEventTable(Math.max(64, heldRows(held)));
  for (let place = 0; place < moved.length; place++) {
    if (moved[place] === -1) continue;
    moved[place] = packed.count;
    packed.words.set(table.words.subarray(WORDS * place, WORDS * (place + 1)), WORDS * packed.count);
    const object: Event | undefined = table.objects.get(place);
    if (object !== undefined) packed.objects.set(packed.count, object);
    packed.count += 1;
  }
  held.table = packed;
  held.free = new Int32Array(64);
  held.freeCount = 0;
  return moved;
}
