import { sameBytes } from "./bytes";
import { allocate, PADDING } from "./memory";

/**
 * Texts to dense ids from 1, as the bytes between their quotes. Sixteen bytes of a text stand in its slot, so that most
 * look-ups touch one line of the cache. Hashes are seeded: whoever writes the logs chooses the texts.
 */
const SLOT_BITS: u32 = 18;
const SLOTS: u32 = 1 << SLOT_BITS;
/** Texts of one generation: half of the slots. */
export const MOST_TEXTS: u32 = SLOTS / 2;
const TEXT_BYTES: u32 = 12 << 20;
/** A slot: sixteen bytes, length plus one, id, place of the bytes, hash. */
const SLOT: usize = 32;

let slots: usize = 0;
let places: usize = 0;
let texts: usize = 0;
let used: u32 = 0;
let count: u32 = 0;
let masks: usize = 0;
let seedA: u64 = 0;
let seedB: u64 = 0;

export function prepareIntern(a: u64, b: u64): void {
  seedA = a;
  seedB = b;
  slots = allocate(SLOT * SLOTS);
  places = allocate(8 * (MOST_TEXTS + 1));
  texts = allocate(TEXT_BYTES + PADDING);
  masks = allocate(32);
  memory.fill(masks, 0xff, 16);
}

export function forgetTexts(): void {
  memory.fill(slots, 0, SLOT * SLOTS);
  used = 0;
  count = 0;
}

export function textCount(): u32 {
  return count;
}

/** Whether a new generation is due: few more texts fit. */
export function isNearlyFull(): bool {
  return count > (MOST_TEXTS / 4) * 3 || used > (TEXT_BYTES / 4) * 3;
}

export function textPlace(id: u32): usize {
  return load<u32>(places + (id << 3));
}

export function textLength(id: u32): u32 {
  return load<u32>(places + (id << 3) + 4);
}

// @ts-ignore: decorator
@inline
function mix(hash: u64, v: v128): u64 {
  const a = (v128.extract_lane<u64>(v, 0) ^ hash) * 0x9fb21c651e98df25;
  const b = (v128.extract_lane<u64>(v, 1) ^ seedB) * 0xd6e8feb86659fd93;
  return a ^ rotl<u64>(b, 32) ^ (a >> 29);
}

/** The id of a text of at least one byte; 0 when there is no room for it. */
// @ts-ignore: decorator
@inline
export function intern(p: usize, length: u32): u32 {
  return length <= 16 ? internShort(p, length) : internLong(p, length);
}

function internShort(p: usize, length: u32): u32 {
  const head = v128.and(v128.load(p), v128.load(masks + 16 - length));
  const mixed = mix(seedA + length, head);
  let at = ((mixed ^ (mixed >> 32)) as u32) & (SLOTS - 1);
  for (;;) {
    const slot = slots + SLOT * at;
    const known = load<u32>(slot, 16);
    if (known == length + 1 && !v128.any_true(v128.xor(v128.load(slot), head))) return load<u32>(slot, 20);
    if (known == 0) return add(slot, head, p, length, 0);
    at = (at + 1) & (SLOTS - 1);
  }
  return 0;
}

function internLong(p: usize, length: u32): u32 {
  let mixed = seedA + length;
  for (let i: u32 = 0; i + 16 <= length; i += 16) mixed = mix(mixed, v128.load(p + i));
  mixed = mix(mixed, v128.load(p + length - 16));
  const hash = (mixed ^ (mixed >> 32)) as u32;
  let at = hash & (SLOTS - 1);
  for (;;) {
    const slot = slots + SLOT * at;
    const known = load<u32>(slot, 16);
    if (known == length + 1 && load<u32>(slot, 28) == hash && sameBytes(load<u32>(slot, 24), p, length))
      return load<u32>(slot, 20);
    if (known == 0) return add(slot, v128.load(p), p, length, hash);
    at = (at + 1) & (SLOTS - 1);
  }
  return 0;
}

function add(slot: usize, head: v128, p: usize, length: u32, hash: u32): u32 {
  if (count >= MOST_TEXTS || used + length > TEXT_BYTES) return 0;
  count += 1;
  const place = texts + used;
  memory.copy(place, p, length);
  used += length;
  store<u32>(places + (count << 3), place as u32);
  store<u32>(places + (count << 3) + 4, length);
  v128.store(slot, head);
  store<u32>(slot, length + 1, 16);
  store<u32>(slot, count, 20);
  store<u32>(slot, place as u32, 24);
  store<u32>(slot, hash, 28);
  return count;
}
