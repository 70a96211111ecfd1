import { IN_RECORD } from "./actions";
import { CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE, skipSpaces } from "./bytes";
import { forgetTexts, isNearlyFull, prepareIntern, textCount, textLength, textPlace } from "./intern";
import { findNewline, lastLineEnd, seal } from "./lines";
import { allocate, PADDING } from "./memory";
import { forgetLastTexts, nodesMade, prepareNodes } from "./nodes";
import { scanObject } from "./object";
import {
  areEnough,
  beginRecord,
  endRecord,
  keepRows,
  prepareRows,
  puntPlace,
  puntsDone,
  rowPlace,
  rowsDone,
} from "./record";
import { refusalPlace, refusalsDone } from "./spans";
import { forgetMeanings, prepareMeanings } from "./texts";

export { isNearlyFull, nodesMade, puntPlace, puntsDone, refusalPlace, refusalsDone, rowPlace, rowsDone, textCount, textLength, textPlace };

const INPUT_BYTES: u32 = 8 << 20;
/** A list in an object. */
const IN_ENVELOPE: u32 = 2;
const NEWLINE: u32 = 0x0a;
const CARRIAGE_RETURN: u32 = 0x0d;

let input: usize = 0;

export function prepare(seedA: u64, seedB: u64): void {
  prepareIntern(seedA, seedB);
  input = allocate(INPUT_BYTES + PADDING);
  prepareRows();
  prepareNodes();
  prepareMeanings();
}

export function inputPlace(): usize {
  return input;
}

/** Rows and punts were taken. */
export function taken(): void {
  keepRows(0, 0);
}

/** A new generation of texts: what was learned of keys stays. */
export function forget(): void {
  forgetTexts();
  forgetMeanings();
  forgetLastTexts();
}

/** Where the last scan of lines stopped, and how many it had taken whole. */
export let lineEnd: usize = 0;
export let lineCount: u32 = 0;

/**
 * Reads whole lines from `p` on. Gives where it stopped: at the beginning of a line that is not whole (`lineEnd` is 0), of
 * one that is for others (`lineEnd` is its newline), or of the next one where many rows wait to be taken (`lineEnd` is 1).
 */
export function scanLines(p: usize, end: usize): usize {
  const whole = lastLineEnd(p, end);
  seal(end);
  lineCount = 0;
  while (p < whole) {
    if (areEnough()) {
      lineEnd = 1;
      return p;
    }
    if (load<u8>(p) != NEWLINE) {
      const last = lastOf(scanDocument(p));
      if (last == 0) {
        takeBack();
        lineEnd = findNewline(p, whole);
        return p;
      }
      p = last;
    }
    lineCount++;
    p++;
  }
  lineEnd = 0;
  return p;
}

/** The newline of the line whose document ends at `p`; 0 where more stands in it. */
function lastOf(p: usize): usize {
  if (p == 0) return 0;
  p = skipSpaces(p);
  if (load<u8>(p) == CARRIAGE_RETURN) p++;
  return load<u8>(p) == NEWLINE ? p : 0;
}

/** Whether the bytes are one document that was taken whole. */
export function scanBody(p: usize, end: usize): bool {
  seal(end);
  lineCount = 0;
  const isWhole = scanDocument(p) == end;
  if (!isWhole) takeBack();
  return isWhole;
}

let rowsBefore: u32 = 0;
let puntsBefore: u32 = 0;

/** What was taken of the last document is not. */
function takeBack(): void {
  keepRows(rowsBefore, puntsBefore);
}

/** Takes a record, or a list of records in its envelope; gives where it ends, 0 where any of it is not sound. */
function scanDocument(p: usize): usize {
  rowsBefore = rowsDone();
  puntsBefore = puntsDone();
  if (load<u8>(p) != OPEN_BRACE) return 0;
  const list = listOf(p);
  return list == 0 ? scanRecord(p, 0, 0) : scanList(list);
}

/** Behind `{"records":[`; 0 where the object begins with something else. */
function listOf(p: usize): usize {
  p = skipSpaces(p + 1);
  // "records"
  if (load<u64>(p) != 0x7364726f63657222 || load<u8>(p + 8) != QUOTE) return 0;
  p = skipSpaces(p + 9);
  if (load<u8>(p) != COLON) return 0;
  p = skipSpaces(p + 1);
  return load<u8>(p) == OPEN_BRACKET ? p + 1 : 0;
}

function scanList(p: usize): usize {
  let index: u32 = 0;
  for (;;) {
    p = skipSpaces(p);
    if (load<u8>(p) != OPEN_BRACE) return 0;
    p = scanRecord(p, index, IN_ENVELOPE);
    if (p == 0) return 0;
    index++;
    p = skipSpaces(p);
    const byte = load<u8>(p) as u32;
    if (byte == COMMA) {
      p++;
      continue;
    }
    if (byte != CLOSE_BRACKET) return 0;
    p = skipSpaces(p + 1);
    return load<u8>(p) == CLOSE_BRACE ? p + 1 : 0;
  }
}

function scanRecord(p: usize, index: u32, depth: u32): usize {
  if (!beginRecord()) return 0;
  const end = scanObject(p, IN_RECORD);
  if (end != 0) endRecord(p, end, index, lineCount, depth);
  return end;
}
