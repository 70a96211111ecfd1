import { freeNumbers, larger } from "./larger.ts";

/**
 * Slots by keys of 64 bits that are hashes already: open addressing over typed arrays. Slots are dense from 0; one that was
 * given up is used again. What belongs to a key lies in arrays of the owner's, by slot. Plain data.
 */
export interface Table64 {
  /** High and low word, by slot; of a free slot the next free one and nothing. */
  keys: Int32Array;
  /** By hash: slot + 1; 0 is empty. At most half full. */
  index: Int32Array;
  size: number;
  /** Slots that were ever used. */
  used: number;
  /** First of the free slots; -1 where there is none. */
  free: number;
}

const FIRST_SLOTS = 64;

export const createTable64 = (): Table64 => ({
  keys: new Int32Array(2 * FIRST_SLOTS),
  index: new Int32Array(2 * FIRST_SLOTS),
  size: 0,
  used: 0,
  free: -1,
});

/** Slots that there is room for: arrays by slot need to be this long. */
export const slotsOf = (table: Table64): number => table.keys.length >> 1;

/** The key's slot; -1 where it has none. */
export function findKey({ keys, index }: Table64, high: number, low: number): number {
  const mask = index.length - 1;
  for (let at = low & mask; ; at = (at + 1) & mask) {
    const slot = (index[at] ?? 0) - 1;
    if (slot < 0) return -1;
    if (keys[2 * slot] === high && keys[2 * slot + 1] === low) return slot;
  }
}

/** A slot for a key that has none; both words are signed. */
export function addKey(table: Table64, high: number, low: number): number {
  let slot = table.free;
  if (slot >= 0) table.free = table.keys[2 * slot] ?? -1;
  else {
    slot = table.used;
    table.used += 1;
    if (2 * table.used > table.keys.length) grow(table);
  }
  table.keys[2 * slot] = high;
  table.keys[2 * slot + 1] = low;
  table.size += 1;
  place(table, slot, low);
  return slot;
}

function place({ index }: Table64, slot: number, low: number): void {
  const mask = index.length - 1;
  let at = low & mask;
  while (index[at] !== 0) at = (at + 1) & mask;
  index[at] = slot + 1;
}

/** Gives up a slot that is in use. Entries behind it move up, so that no probe ends too early. */
export function removeSlot(table: Table64, slot: number): void {
  const { keys, index } = table;
  const mask = index.length - 1;
  let hole = (keys[2 * slot + 1] ?? 0) & mask;
  while (index[hole] !== slot + 1) hole = (hole + 1) & mask;
  for (let at = (hole + 1) & mask; index[at] !== 0; at = (at + 1) & mask) {
    const home = (keys[2 * ((index[at] ?? 0) - 1) + 1] ?? 0) & mask;
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    index[hole] = index[at] ?? 0;
    hole = at;
  }
  index[hole] = 0;
  keys[2 * slot] = table.free;
  table.free = slot;
  table.size -= 1;
}

export function clearTable(table: Table64): void {
  table.index.fill(0);
  table.size = 0;
  table.used = 0;
  table.free = -1;
}

/** Only called when no slot is free, so that every slot below is in use. */
function grow(table: Table64): void {
  const { index } = table;
  const { length } = table.keys;
  table.keys = larger(table.keys, 2 * length);
  table.index = new Int32Array(2 * length);
  for (let slot = 0; 2 * slot < length; slot++) place(table, slot, table.keys[2 * slot + 1] ?? 0);
  freeNumbers(index);
}
