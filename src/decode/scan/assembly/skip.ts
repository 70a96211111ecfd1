import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  DOT,
  isDigit,
  MINUS,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipSpaces,
  textEnd,
} from "./bytes";

/** Nesting that is followed here; what nests deeper is left to whoever counts exactly. */
const DEEPEST: i32 = 48;

/** Behind the value at `p`; 0 where it is none, or nests too deep. What `JSON.parse` takes, and nothing else. */
export function skipValue(p: usize, depth: i32): usize {
  const byte = load<u8>(p) as u32;
  if (byte == QUOTE) {
    const end = textEnd(p + 1);
    return end == 0 ? 0 : end + 1;
  }
  if (byte == OPEN_BRACE) return skipObject(p + 1, depth + 1);
  if (byte == OPEN_BRACKET) return skipList(p + 1, depth + 1);
  return skipPlain(p);
}

/** Behind a number or a word. */
export function skipPlain(p: usize): usize {
  const word = load<u32>(p);
  if (word == 0x6c6c756e || word == 0x65757274) return p + 4; // null, true
  if (word == 0x736c6166) return load<u8>(p + 4) == 0x65 ? p + 5 : 0; // false
  return skipNumber(p);
}

function skipDigits(p: usize): usize {
  while (isDigit(load<u8>(p))) p++;
  return p;
}

function skipNumber(p: usize): usize {
  if (load<u8>(p) == MINUS) p++;
  if (load<u8>(p) == 0x30) p++;
  else {
    const end = skipDigits(p);
    if (end == p) return 0;
    p = end;
  }
  if (load<u8>(p) == DOT) {
    const end = skipDigits(p + 1);
    if (end == p + 1) return 0;
    p = end;
  }
  if ((load<u8>(p) | 0x20) != 0x65) return p;
  p++;
  const sign = load<u8>(p) as u32;
  if (sign == 0x2b || sign == MINUS) p++;
  const end = skipDigits(p);
  return end == p ? 0 : end;
}

function skipObject(p: usize, depth: i32): usize {
  if (depth > DEEPEST) return 0;
  p = skipSpaces(p);
  if (load<u8>(p) == CLOSE_BRACE) return p + 1;
  for (;;) {
    if (load<u8>(p) != QUOTE) return 0;
    const end = textEnd(p + 1);
    if (end == 0) return 0;
    p = skipSpaces(end + 1);
    if (load<u8>(p) != COLON) return 0;
    p = skipValue(skipSpaces(p + 1), depth);
    if (p == 0) return 0;
    p = skipSpaces(p);
    const byte = load<u8>(p) as u32;
    if (byte == CLOSE_BRACE) return p + 1;
    if (byte != COMMA) break;
    p = skipSpaces(p + 1);
  }
  return 0;
}

function skipList(p: usize, depth: i32): usize {
  if (depth > DEEPEST) return 0;
  p = skipSpaces(p);
  if (load<u8>(p) == CLOSE_BRACKET) return p + 1;
  for (;;) {
    p = skipValue(p, depth);
    if (p == 0) return 0;
    p = skipSpaces(p);
    const byte = load<u8>(p) as u32;
    if (byte == CLOSE_BRACKET) return p + 1;
    if (byte != COMMA) break;
    p = skipSpaces(p + 1);
  }
  return 0;
}
