import { PADDING } from "./memory";

/** Behind the input stand newlines: no text runs on. */
export function seal(end: usize): void {
  memory.fill(end, 0x0a, PADDING);
}

/** The first newline from `p` on; `end` where there is none before it. */
export function findNewline(p: usize, end: usize): usize {
  for (; p < end; p += 16) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(p), i8x16.splat(0x0a))) as u32;
    if (found != 0) return min<usize>(p + ctz(found), end);
  }
  return end;
}

/** Behind the last newline before `end`; `start` where there is none. */
export function lastLineEnd(start: usize, end: usize): usize {
  while (end >= start + 16) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(end - 16), i8x16.splat(0x0a))) as u32;
    if (found != 0) return end + 16 - clz(found);
    end -= 16;
  }
  while (end > start && load<u8>(end - 1) != 0x0a) end--;
  return end;
}
