import { freeNumbers } from "../lib/larger.ts";

/**
 * Keys of 128 bits to numbers, by open addressing in one array: five words a slot, the last is the number plus one.
 * Plain data: survives a structured clone.
 */
export interface KeyIndex {
  /** Whoever writes the logs chooses the keys, but does not know the seed. */
  readonly seed: number;
  slots: Int32Array;
  count: number;
}

const SLOT = 5;
const VALUE = 4;
const FIRST_SLOTS = 1_024;
/** Calls come and go: what probes and moves back on the way costs more than the room. */
const MOST_FULL = 0.6;

export const createKeyIndex = (seed: number): KeyIndex => ({
  seed,
  slots: new Int32Array(SLOT * FIRST_SLOTS),
  count: 0,
});

/** Room for so many more keys: slots stay where they are until more come or one is deleted. */
export function reserveKeys(index: KeyIndex, more: number): void {
  while (SLOT * (index.count + more) > MOST_FULL * index.slots.length) grow(index);
}

/** Number of a key that was not there before `slotOfKey`. */
export const NEW_KEY = 0x7ffffffe;

/** The slot of the key that stands in four words, a new one of number `NEW_KEY` where there is none; room was reserved. */
export function slotOfKey(index: KeyIndex, words: Int32Array, at: number): number {
  const { slots } = index;
  const slot = slotOf(slots, index.seed, words, at);
  if (slots[slot + VALUE] !== 0) return slot;
  index.count += 1;
  for (let i = 0; i < VALUE; i++) slots[slot + i] = words[at + i] ?? 0;
  slots[slot + VALUE] = NEW_KEY + 1;
  return slot;
}

export const numberAt = (index: KeyIndex, slot: number): number => (index.slots[slot + VALUE] ?? 0) - 1;

export function setNumber(index: KeyIndex, slot: number, value: number): void {
  index.slots[slot + VALUE] = value + 1;
}

/** Forgets a key where its number is this one. */
export function deleteKey(index: KeyIndex, words: Int32Array, at: number, value: number): void {
  const { slots, seed } = index;
  let hole = slotOf(slots, seed, words, at);
  if (slots[hole + VALUE] !== value + 1) return;
  index.count -= 1;
  // What follows moves back to the hole unless it would then stand before its own place.
  for (let next = after(slots, hole); (slots[next + VALUE] ?? 0) !== 0; next = after(slots, next)) {
    const home = homeOf(slots, seed, slots, next);
    const isBetween = hole <= next ? hole < home && home <= next : hole < home || home <= next;
    if (isBetween) continue;
    for (let i = 0; i < SLOT; i++) slots[hole + i] = slots[next + i] ?? 0;
    hole = next;
  }
  slots[hole + VALUE] = 0;
}

function homeOf(slots: Int32Array, seed: number, words: Int32Array, at: number): number {
  let h = Math.imul((words[at] ?? 0) ^ seed, 0x9e3779b1);
  h = Math.imul((h ^ (h >>> 15)) + (words[at + 1] ?? 0), 0x85ebca6b);
  h = Math.imul((h ^ (h >>> 13)) + (words[at + 2] ?? 0), 0xc2b2ae35);
  h = Math.imul((h ^ (h >>> 16)) + (words[at + 3] ?? 0), 0x27d4eb2f);
  h ^= h >>> 15;
  return SLOT * (h & (slots.length / SLOT - 1));
}

const after = (slots: Int32Array, slot: number): number => (slot + SLOT === slots.length ? 0 : slot + SLOT);

/** The slot that holds the key, or the free one where it belongs. */
function slotOf(slots: Int32Array, seed: number, words: Int32Array, at: number): number {
  const a = words[at];
  const b = words[at + 1];
  const c = words[at + 2];
  const d = words[at + 3];
  let slot = homeOf(slots, seed, words, at);
  while (slots[slot + VALUE] !== 0) {
    if (slots[slot] === a && slots[slot + 1] === b && slots[slot + 2] === c && slots[slot + 3] === d) return slot;
    slot = after(slots, slot);
  }
  return slot;
}

function grow(index: KeyIndex): void {
  const old = index.slots;
  const slots = new Int32Array(2 * old.length);
  for (let at = 0; at < old.length; at += SLOT) {
    if (old[at + VALUE] === 0) continue;
    const slot = slotOf(slots, index.seed, old, at);
    for (let i = 0; i < SLOT; i++) slots[slot + i] = old[at + i] ?? 0;
  }
  index.slots = slots;
  freeNumbers(old);
}
