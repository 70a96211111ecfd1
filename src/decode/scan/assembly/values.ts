import { DOT, isDigit, isHex, QUOTE } from "./bytes";

/** What the last reader read. */
export let number: f64 = 0;
export let guid: v128 = i64x2.splat(0);

// @ts-ignore: decorator
@inline
function hexDigits(text: v128): v128 {
  const digits = i8x16.sub(text, i8x16.splat(0x30));
  const letters = i8x16.sub(v128.or(text, i8x16.splat(0x20)), i8x16.splat(0x57));
  return v128.bitselect(digits, letters, i8x16.lt_u(digits, i8x16.splat(10)));
}

// @ts-ignore: decorator
@inline
function areHex(text: v128): bool {
  const isDecimal = i8x16.lt_u(i8x16.sub(text, i8x16.splat(0x30)), i8x16.splat(10));
  const isLetter = i8x16.lt_u(i8x16.sub(v128.or(text, i8x16.splat(0x20)), i8x16.splat(0x61)), i8x16.splat(6));
  return i8x16.all_true(v128.or(isDecimal, isLetter));
}

/** Reads a GUID of 36 characters into `guid`, its four words each the number that eight digits are. */
export function readGuid(p: usize): bool {
  if (load<u8>(p + 8) != 0x2d || load<u8>(p + 13) != 0x2d || load<u8>(p + 18) != 0x2d || load<u8>(p + 23) != 0x2d)
    return false;
  const a = v128.load(p);
  const b = v128.load(p + 16);
  const c = v128.load(p + 20);
  const first = v128.shuffle<u8>(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17);
  const second = v128.shuffle<u8>(b, c, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 28, 29, 30, 31);
  if (!areHex(first) || !areHex(second)) return false;
  keepGuid(first, second);
  return true;
}

/** The GUID that 32 digits are, its words each the number that eight of them are. */
// @ts-ignore: decorator
@inline
function keepGuid(first: v128, second: v128): void {
  const bytes = i8x16.narrow_i16x8_u(pairs(hexDigits(first)), pairs(hexDigits(second)));
  guid = v128.shuffle<u8>(bytes, bytes, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

/** Reads the trace id of a `traceparent` (W3C Trace Context), or 32 digits alone, into `guid`. */
export function readTraceId(p: usize, end: usize): bool {
  if (end - p == 55) {
    if (!isHexAt(p, 2) || load<u8>(p + 2) != 0x2d || load<u8>(p + 35) != 0x2d) return false;
    if (!isHexAt(p + 36, 16) || load<u8>(p + 52) != 0x2d || !isHexAt(p + 53, 2)) return false;
    p += 3;
  } else if (end - p != 32) return false;
  const first = v128.load(p);
  const second = v128.load(p + 16);
  if (!areHex(first) || !areHex(second)) return false;
  keepGuid(first, second);
  return true;
}

function isHexAt(p: usize, digits: usize): bool {
  for (let i: usize = 0; i < digits; i++) if (!isHex(load<u8>(p + i))) return false;
  return true;
}

/** Two hexadecimal digits each become one number in sixteen bits. */
// @ts-ignore: decorator
@inline
function pairs(digits: v128): v128 {
  const joined = v128.or(i16x8.shl(digits, 4), i16x8.shr_u(digits, 8));
  return v128.and(joined, i16x8.splat(0xff));
}

/** Powers of ten that a double holds exactly; dividing two exact numbers rounds once. */
const POWERS = memory.data<f64>([1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15]);
const MOST_DIGITS: u32 = 15;

/**
 * Reads a number of at most fifteen digits, without sign and exponent, into `number`; gives where it ends, 0 where it is
 * none of these. More than one leading zero is left to others.
 */
export function readNumber(p: usize): usize {
  const start = p;
  let value: u64 = 0;
  while (isDigit(load<u8>(p))) {
    value = value * 10 + (load<u8>(p) - 0x30);
    p++;
    if ((p - start) as u32 > MOST_DIGITS) return 0;
  }
  const whole = (p - start) as u32;
  if (whole == 0 || (whole > 1 && load<u8>(start) == 0x30)) return 0;
  let places: u32 = 0;
  if (load<u8>(p) == DOT) {
    p++;
    while (isDigit(load<u8>(p))) {
      value = value * 10 + (load<u8>(p) - 0x30);
      p++;
      places++;
      if (whole + places > MOST_DIGITS) return 0;
    }
    if (places == 0) return 0;
  }
  const next = load<u8>(p) as u32;
  if ((next | 0x20) == 0x65 || next == DOT) return 0;
  number = (value as f64) / load<f64>(POWERS + (places << 3));
  return p;
}

let dayText: u64 = 0;
let dayEnd: u16 = 0;
let dayTicks: f64 = 0;

/** Ticks of 100 ns. */
const SECOND: f64 = 1e7;
const DAY: f64 = 86400e7;
const DAYS_1970_TO_2020: i32 = 18262;

// @ts-ignore: decorator
@inline
function digit(p: usize, at: usize): i32 {
  return (load<u8>(p + at) as i32) - 0x30;
}

// @ts-ignore: decorator
@inline
function isTwo(p: usize, at: usize): bool {
  return isDigit(load<u8>(p + at)) && isDigit(load<u8>(p + at + 1));
}

// @ts-ignore: decorator
@inline
function two(p: usize, at: usize): i32 {
  return digit(p, at) * 10 + digit(p, at + 1);
}

function daysIn(year: i32, month: i32): i32 {
  if (month == 2) return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/** Ticks since 2020 of the day `YYYY-MM-DD`, kept for the next record; false where there is no such day from 1992 to 2047. */
function readDay(p: usize): bool {
  if (!isTwo(p, 0) || !isTwo(p, 2) || !isTwo(p, 5) || !isTwo(p, 8)) return false;
  if (load<u8>(p + 4) != 0x2d || load<u8>(p + 7) != 0x2d) return false;
  const year = two(p, 0) * 100 + two(p, 2);
  const month = two(p, 5);
  const day = two(p, 8);
  if (year < 1992 || year > 2047 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return false;
  // Days of the proleptic Gregorian calendar, counted from March (H. Hinnant, "chrono-compatible low-level date algorithms").
  const y = month <= 2 ? year - 1 : year;
  const ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const days = y * 365 + y / 4 - y / 100 + y / 400 + ofYear - 719468 - DAYS_1970_TO_2020;
  dayTicks = (days as f64) * DAY;
  dayText = load<u64>(p);
  dayEnd = load<u16>(p + 8);
  return true;
}

/**
 * Reads `YYYY-MM-DDTHH:MM:SS`, with up to seven digits of a fraction, with `Z` or (where it may) without, up to a quote, into
 * `number` as ticks since 2020; gives the place of the quote, 0 where it is none of these.
 */
export function readTime(p: usize, mayLackZone: bool): usize {
  if (load<u64>(p) != dayText || load<u16>(p + 8) != dayEnd) if (!readDay(p)) return 0;
  if (load<u8>(p + 10) != 0x54 || load<u8>(p + 13) != 0x3a || load<u8>(p + 16) != 0x3a) return 0;
  if (!isTwo(p, 11) || !isTwo(p, 14) || !isTwo(p, 17)) return 0;
  const hour = two(p, 11);
  const minute = two(p, 14);
  const second = two(p, 17);
  if (hour > 23 || minute > 59 || second > 59) return 0;
  let ticks: i32 = 0;
  let end = p + 19;
  if (load<u8>(end) == DOT) {
    end++;
    let unit = 1000000;
    while (isDigit(load<u8>(end))) {
      if (unit == 0) return 0;
      ticks += digit(end, 0) * unit;
      unit /= 10;
      end++;
    }
    if (unit == 1000000) return 0;
  }
  if (load<u8>(end) == 0x5a) end++;
  else if (!mayLackZone) return 0;
  if (load<u8>(end) != QUOTE) return 0;
  number = dayTicks + (((hour * 60 + minute) * 60 + second) as f64) * SECOND + (ticks as f64);
  return end;
}

/** Milliseconds since the Unix epoch are more than this, seconds of this millennium less. */
const FIRST_MS: f64 = 1e11;
const MS_1970_TO_2020: f64 = 1577836800000;

/** Reads Unix seconds or milliseconds of 9 to 13 digits into `number` as ticks since 2020; gives where they end, else 0. */
export function readEpoch(p: usize): usize {
  const start = p;
  let value: u64 = 0;
  while (isDigit(load<u8>(p))) {
    value = value * 10 + (load<u8>(p) - 0x30);
    p++;
    if (p - start > 13) return 0;
  }
  if (p - start < 9 || load<u8>(start) == 0x30) return 0;
  const unix = value as f64;
  number = ((unix < FIRST_MS ? unix * 1000 : unix) - MS_1970_TO_2020) * 1e4;
  return p;
}
