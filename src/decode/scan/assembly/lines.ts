import { isUtf8 } from "./bytes";
import { PADDING } from "./memory";

/** Behind the input stand quotes: no search for one runs on. */
export function seal(end: usize): void {
  memory.fill(end, 0x22, PADDING);
}

export let isPlain: bool = false;
export let lineFound: usize = 0;

/** The first newline; `isPlain` tells whether there is no other control character before it, and that all is UTF-8. */
export function findLine(p: usize, end: usize): usize {
  const start = p;
  let high: u32 = 0;
  lineFound = 0;
  isPlain = true;
  for (; p < end; p += 16) {
    const v = v128.load(p);
    high |= i8x16.bitmask(v) as u32;
    let controls = i8x16.bitmask(i8x16.lt_u(v, i8x16.splat(0x20))) as u32;
    if (controls == 0) continue;
    if (p + 16 > end) controls &= (1 << ((end - p) as u32)) - 1;
    while (controls != 0) {
      const at = p + ctz(controls);
      if (load<u8>(at) == 0x0a) {
        lineFound = at;
        if (high != 0 && !isUtf8(start, at)) isPlain = false;
        return at;
      }
      // A carriage return may stand before the newline.
      if (load<u8>(at) != 0x0d || at + 1 >= end || load<u8>(at + 1) != 0x0a) isPlain = false;
      controls &= controls - 1;
    }
  }
  if (high != 0 && !isUtf8(start, end)) isPlain = false;
  return 0;
}
