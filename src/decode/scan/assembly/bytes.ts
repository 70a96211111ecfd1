export const QUOTE: u32 = 0x22;
export const BACKSLASH: u32 = 0x5c;
export const COMMA: u32 = 0x2c;
export const COLON: u32 = 0x3a;
export const MINUS: u32 = 0x2d;
export const DOT: u32 = 0x2e;
export const OPEN_BRACE: u32 = 0x7b;
export const CLOSE_BRACE: u32 = 0x7d;
export const OPEN_BRACKET: u32 = 0x5b;
export const CLOSE_BRACKET: u32 = 0x5d;

// @ts-ignore: decorator
@inline
export function isDigit(byte: u32): bool {
  return byte - 0x30 < 10;
}

// @ts-ignore: decorator
@inline
export function isHex(byte: u32): bool {
  return isDigit(byte) || (byte | 0x20) - 0x61 < 6;
}

/** Behind spaces; the line holds no other white space. */
export function skipSpaces(p: usize): usize {
  while (load<u8>(p) == 0x20) p++;
  return p;
}

/** Whether all bytes are the same; reads no further than sixteen bytes behind the ends. */
export function sameBytes(a: usize, b: usize, length: u32): bool {
  let rest = length;
  while (rest >= 16) {
    if (v128.any_true(v128.xor(v128.load(a), v128.load(b)))) return false;
    a += 16;
    b += 16;
    rest -= 16;
  }
  if (rest == 0) return true;
  const differs = i8x16.bitmask(i8x16.ne(v128.load(a), v128.load(b))) as u32;
  return (differs & ((1 << rest) - 1)) == 0;
}

/**
 * The quote that ends the text that begins at `p`; 0 where what comes before it is no text of JSON: a control character, an
 * escape that is none, bytes that are no UTF-8. Ends for certain: a newline stands behind all input.
 */
export function textEnd(p: usize): usize {
  const start = p;
  let all = i8x16.splat(0);
  for (;;) {
    const v = v128.load(p);
    const ends = v128.or(i8x16.eq(v, i8x16.splat(0x22)), i8x16.eq(v, i8x16.splat(0x5c)));
    const found = i8x16.bitmask(v128.or(ends, i8x16.lt_u(v, i8x16.splat(0x20)))) as u32;
    all = v128.or(all, v);
    if (found == 0) {
      p += 16;
      continue;
    }
    p += ctz(found);
    const byte = load<u8>(p) as u32;
    if (byte == QUOTE) break;
    if (byte != BACKSLASH) return 0;
    p = escapeEnd(p);
    if (p == 0) return 0;
  }
  return i8x16.bitmask(all) == 0 || isUtf8(start, p) ? p : 0;
}

/** Behind the escape at `p`; 0 where JSON knows none such. */
function escapeEnd(p: usize): usize {
  const byte = load<u8>(p + 1) as u32;
  if (byte == 0x75) {
    for (let i: usize = 2; i < 6; i++) if (!isHex(load<u8>(p + i))) return 0;
    return p + 6;
  }
  const isKnown =
    byte == QUOTE ||
    byte == BACKSLASH ||
    byte == 0x2f ||
    byte == 0x62 ||
    byte == 0x66 ||
    byte == 0x6e ||
    byte == 0x72 ||
    byte == 0x74;
  return isKnown ? p + 2 : 0;
}

/** Whether the bytes are UTF-8 as the standard has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
export function isUtf8(p: usize, end: usize): bool {
  while (p < end) {
    const lead = load<u8>(p) as u32;
    if (lead < 0x80) {
      p++;
      continue;
    }
    const more: usize = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || p + more >= end) return false;
    const second = load<u8>(p + 1) as u32;
    const least: u32 = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const most: u32 = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (second < least || second > most) return false;
    for (let i: usize = 2; i <= more; i++) if ((load<u8>(p + i) & 0xc0) != 0x80) return false;
    p += more + 1;
  }
  return true;
}
