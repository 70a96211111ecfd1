import { IN_RECORD } from "./actions";
import { CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE, skipSpaces } from "./bytes";
import { forgetTexts, isNearlyFull, prepareIntern, textCount, textLength, textPlace } from "./intern";
import { findLine, isPlain, lineFound, seal } from "./lines";
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
import { forgetMeanings, prepareMeanings } from "./texts";

export { isNearlyFull, nodesMade, puntPlace, puntsDone, rowPlace, rowsDone, textCount, textLength, textPlace };

const INPUT_BYTES: u32 = 8 << 20;
/** A list in an object. */
const IN_ENVELOPE: u32 = 2;

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
  seal(end);
  lineCount = 0;
  while (p < end) {
    if (areEnough()) {
      lineEnd = 1;
      return p;
    }
    const newline = findLine(p, end);
    if (newline == 0) break;
    if (newline != p && (!isPlain || !scanDocument(p, newline))) {
      lineEnd = newline;
      return p;
    }
    lineCount++;
    p = newline + 1;
  }
  lineEnd = 0;
  return p;
}

/** Whether the bytes are one document that was taken whole. */
export function scanBody(p: usize, end: usize): bool {
  seal(end);
  lineCount = 0;
  findLine(p, end);
  return isPlain && lineFound == 0 && scanDocument(p, end);
}

/** Takes a record, or a list of records in its envelope; takes nothing where any of it is not sound. */
function scanDocument(p: usize, end: usize): bool {
  while (end > p && (load<u8>(end - 1) == 0x20 || load<u8>(end - 1) == 0x0d)) end--;
  const rowsBefore = rowsDone();
  const puntsBefore = puntsDone();
  if (load<u8>(p) == OPEN_BRACE && end - p <= 0x7fffffff) {
    const list = listOf(p);
    const last = list == 0 ? scanRecord(p, 0, 0) : scanList(list);
    if (last == end) return true;
  }
  keepRows(rowsBefore, puntsBefore);
  return false;
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
