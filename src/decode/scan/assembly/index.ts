import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  isDigit,
  isUtf8,
  MINUS,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  sameBytes,
  skipSpaces,
  textEnd,
} from "./bytes";
import { forgetTexts, intern, isNearlyFull, MOST_TEXTS, prepareIntern, textCount, textLength, textPlace } from "./intern";
import { allocate, PADDING } from "./memory";
import { skipPlain, skipValue } from "./skip";
import { guid, number, readEpoch, readGuid, readNumber, readTime } from "./values";

export { isNearlyFull, textCount, textLength, textPlace };

/**
 * Answers of the outside to a key that was not met before: an action in the lowest byte, a column in the second, in the
 * third the context of what is nested, and the word of the row in the fourth.
 */
@external("outside", "learnKey")
declare function learnKey(context: u32, key: usize, length: u32): u32;
/** What a text stands for where few are known: a category, a trace's source, a claim's name. */
@external("outside", "learnText")
declare function learnText(use: u32, text: usize, length: u32): u32;

// Actions. The same numbers are in `actions.ts`.
const SKIP: u32 = 0;
const TEXT: u32 = 1;
const GUID: u32 = 2;
const TIME: u32 = 3;
const NUMBER: u32 = 4;
const TRUTH: u32 = 5;
const HOST: u32 = 6;
const CATEGORY: u32 = 7;
const NESTED: u32 = 8;
const TRACES: u32 = 9;
/** Somebody reads the name, the scan does not: only where it says nothing is the record taken. */
const UNREAD: u32 = 10;
/** As `UNREAD`, whatever it says. */
const STRANGE: u32 = 11;
/** The name alone says something. */
const MARK: u32 = 12;
const SOURCE: u32 = 13;
const MESSAGE: u32 = 14;
const METADATA: u32 = 15;
const CLAIM_TIME: u32 = 16;
const CLAIM_NAME: u32 = 17;
const CLAIM_VALUE: u32 = 18;
/** Something, told by the column's bit alone, unless it is empty. */
const PRESENCE: u32 = 19;
/** A claim that is not kept. */
const CLAIM_SKIP: u32 = 20;

// Contexts that the scan itself goes into. The same numbers are in `actions.ts`.
const IN_RECORD: u32 = 0;
const IN_TRACE: u32 = 2;
const IN_CLAIMS: u32 = 3;
const IN_CLAIM: u32 = 4;
const CONTEXTS: u32 = 8;
/** Node of keys that are not kept. */
const NOWHERE: u32 = CONTEXTS;

// Uses of `learnText`.
const USE_CATEGORY: u32 = 0;
const USE_SOURCE: u32 = 1;
const USE_MESSAGE: u32 = 2;
const USE_CLAIM: u32 = 3;

export const INPUT_BYTES: u32 = 8 << 20;
const ROW_WORDS: u32 = 80;
const ROW_BYTES: u32 = 4 * ROW_WORDS;
export const MOST_ROWS: u32 = 8192;
const ENOUGH_ROWS: u32 = 2048;
const MOST_PUNTS: u32 = 8192;
/** Texts longer than this are cut by who reads them: not here. */
const LONGEST_TEXT: u32 = 250;
const LONGEST_HOST: u32 = 200;

// The first words of a row are the columns that are set (two), the category, and the claims that are set.
const HAS_CLAIMS: u32 = 1 << 31;
/** Columns from here on are of claims. */
const CLAIM_COLUMNS: u32 = 64;
const NO_COLUMN: u32 = 255;

// What more than one column decides. As in `keys.ts`.
const TIME_COLUMN: u64 = 1;
const TIME_GENERATED: u64 = 1 << 1;
const PROPERTIES: u64 = 1 << 2;
const CATEGORY_COLUMN: u64 = 1 << 3;
const CORRELATION: u64 = 1 << 7;
const ACTIVITY: u64 = 1 << 8;
const RESPONSE_CODE: u64 = 1 << 9;
const STATUS_CODE: u64 = 1 << 10;
const RESOURCE_TYPE: u64 = (1 as u64) << 35;
const PATH: u64 = (1 as u64) << 36;
const DATABASE: u64 = (1 as u64) << 37;
const CONTAINER: u64 = (1 as u64) << 38;
const REQUEST_HEADERS: u64 = (1 as u64) << 47;
const OTHER_TYPE: u64 = (1 as u64) << 51;
/** Bytes from the beginning of a row. */
const RESPONSE_CODE_AT: usize = 4 * 18;
const STATUS_CODE_AT: usize = 4 * 20;

let input: usize = 0;
let rows: usize = 0;
let row: usize = 0;
let rowCount: u32 = 0;
/** Where a record that was not taken begins and ends, its index, its line, and how many envelopes are around it. */
const PUNT: usize = 20;
/** A list in an object. */
const IN_ENVELOPE: u32 = 2;
let punts: usize = 0;
let puntCount: u32 = 0;
/** The record that is being read goes to others. */
let isPunt: bool = false;
/** Columns that have a value, and those whose key was there; of claims apart. */
let set: u64 = 0;
let seen: u64 = 0;
let claimsSet: u64 = 0;
let claimsMet: u64 = 0;
let category: u32 = 0;
/** Texts that stand for something, by use: learned once. */
let meanings: usize = 0;
/** Two words a text of a generation. */
const MEANING_BYTES: usize = 8 * (MOST_TEXTS + 1);

// A node is a key as it stood: 32 bytes of it, 32 of a mask, length, answer, whether a text follows, successors.
const NODE: usize = 128;
const NODES: u32 = 4096;
const NODE_BYTES: u32 = 32;
const SUCCESSORS: u32 = 8;
let nodes: usize = 0;
let nodeCount: u32 = 0;

// Keys that were learned: context, length, answer, and the bytes.
const KEY: usize = 80;
const KEY_SLOTS: u32 = 8192;
const KEYS: u32 = 4096;
const KEY_BYTES: u32 = 64;
let keys: usize = 0;
let keyCount: u32 = 0;

export function prepare(seedA: u64, seedB: u64): void {
  prepareIntern(seedA, seedB);
  input = allocate(INPUT_BYTES + PADDING);
  rows = allocate(ROW_BYTES * MOST_ROWS);
  punts = allocate(PUNT * MOST_PUNTS);
  nodes = allocate(NODE * NODES);
  keys = allocate(KEY * KEY_SLOTS);
  meanings = allocate(MEANING_BYTES);
  nodeCount = CONTEXTS + 1;
}

export function inputPlace(): usize {
  return input;
}
export function rowPlace(): usize {
  return rows;
}
export function rowsDone(): u32 {
  return rowCount;
}
export function puntPlace(): usize {
  return punts;
}
export function puntsDone(): u32 {
  return puntCount;
}
export function nodesMade(): u32 {
  return nodeCount;
}

/** Rows and punts were taken. */
export function taken(): void {
  rowCount = 0;
  puntCount = 0;
}

/** A new generation of texts: what was learned of keys stays. */
export function forget(): void {
  forgetTexts();
  memory.fill(meanings, 0, MEANING_BYTES);
  for (let i: u32 = 0; i < nodeCount; i++) store<u32>(nodes + NODE * i, 0, 100);
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
    if (rowCount > ENOUGH_ROWS || puntCount > ENOUGH_ROWS) {
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

/** Behind the input stand quotes: no search for one runs on. */
function seal(end: usize): void {
  memory.fill(end, 0x22, PADDING);
}

let isPlain: bool = false;
let lineFound: usize = 0;

/** The first newline; `isPlain` tells whether there is no other control character before it, and that all is UTF-8. */
function findLine(p: usize, end: usize): usize {
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

/** Takes a record, or a list of records in its envelope; takes nothing where any of it is not sound. */
function scanDocument(p: usize, end: usize): bool {
  while (end > p && (load<u8>(end - 1) == 0x20 || load<u8>(end - 1) == 0x0d)) end--;
  const rowsBefore = rowCount;
  const puntsBefore = puntCount;
  if (load<u8>(p) == OPEN_BRACE && end - p <= 0x7fffffff) {
    const list = listOf(p);
    const last = list == 0 ? scanRecord(p, 0, 0) : scanList(list);
    if (last == end) return true;
  }
  rowCount = rowsBefore;
  puntCount = puntsBefore;
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

let claimsSeen: u32 = 0;
let claimsLeft: u32 = 0;

function scanRecord(p: usize, index: u32, depth: u32): usize {
  if (rowCount >= MOST_ROWS || puntCount >= MOST_PUNTS) return 0;
  row = rows + ROW_BYTES * rowCount;
  memory.fill(row, 0, ROW_BYTES);
  isPunt = false;
  set = 0;
  seen = 0;
  claimsSet = 0;
  claimsMet = 0;
  category = 0;
  claimsSeen = 0;
  claimsLeft = 0;
  const end = scanObject(p, IN_RECORD);
  if (end == 0) return 0;
  if (!isPunt && isComplete()) {
    store<u64>(row, set);
    store<u32>(row, category, 8);
    store<u32>(row, claimsSeen == 0 ? 0 : (claimsSet as u32) | HAS_CLAIMS, 12);
    rowCount++;
    return end;
  }
  const punt = punts + PUNT * puntCount;
  store<u32>(punt, p as u32);
  store<u32>(punt, end as u32, 4);
  store<u32>(punt, index, 8);
  store<u32>(punt, lineCount, 12);
  store<u32>(punt, depth, 16);
  puntCount++;
  return end;
}

/** Whether the columns that are set tell the event as the record does; what is missing or doubtful is for others. */
function isComplete(): bool {
  const time = set & (TIME_COLUMN | TIME_GENERATED);
  if (time == 0 || time == (TIME_COLUMN | TIME_GENERATED)) return false;
  // Names that are there without a value tell the shape all the same.
  if ((seen & (TIME_GENERATED | PROPERTIES)) == (TIME_GENERATED | PROPERTIES)) return false;
  if ((seen & ~set & CATEGORY_COLUMN) != 0) return false;
  return category == 1 ? isRequest() : category == 2 && isOperation();
}

/** Answered well: a refusal has texts that are not read here. */
function isRequest(): bool {
  if ((set & (CORRELATION | RESPONSE_CODE)) != (CORRELATION | RESPONSE_CODE)) return false;
  const status = load<f64>(row + RESPONSE_CODE_AT);
  return status >= 1 && status < 400 && nearest(status) == status;
}

function isOperation(): bool {
  if ((set & (ACTIVITY | STATUS_CODE)) != (ACTIVITY | STATUS_CODE)) return false;
  const status = load<f64>(row + STATUS_CODE_AT);
  if (status > 999 || nearest(status) != status) return false;
  // Headers are read of requests only.
  if ((seen & REQUEST_HEADERS) != 0) return false;
  // Another field tells the type, the database or the container where its own does not.
  if ((set & OTHER_TYPE) != 0 && (set & RESOURCE_TYPE) == 0) return false;
  return (set & PATH) == 0 || (set & (DATABASE | CONTAINER)) == (DATABASE | CONTAINER);
}

// @ts-ignore: decorator
@inline
function isNode(p: usize, node: usize): bool {
  const first = v128.and(v128.xor(v128.load(p), v128.load(node)), v128.load(node, 32));
  const second = v128.and(v128.xor(v128.load(p, 16), v128.load(node, 16)), v128.load(node, 48));
  return !v128.any_true(v128.or(first, second));
}

/** Behind the object at `p`; 0 where it is not sound. */
function scanObject(p: usize, context: u32): usize {
  let node = nodes + NODE * context;
  let isFirst = true;
  for (;;) {
    let next: usize = 0;
    const count = load<u32>(node, 72);
    for (let i: u32 = 0; i < count; i++) {
      const candidate = nodes + NODE * (load<u16>(node + (i << 1), 80) as usize);
      if (isNode(p, candidate)) {
        next = candidate;
        break;
      }
    }
    let answer: u32;
    let isText: bool;
    if (next != 0) {
      p += load<u32>(next, 64);
      answer = load<u32>(next, 68);
      isText = load<u32>(next, 76) != 0;
      node = next;
      // What was learned with a word or a number is the beginning of the same key with a text.
      if (!isText && load<u8>(p) == QUOTE) {
        isText = true;
        p++;
      }
    } else {
      const at = skipSpaces(p);
      if (!isFirst && load<u8>(at) == CLOSE_BRACE) return at + 1;
      p = newKey(p, at, context, node, isFirst);
      if (p == 0) return 0;
      if (p == 1) return emptyEnd;
      answer = newAnswer;
      isText = newIsText;
      node = newNode;
    }
    isFirst = false;
    meet(answer);
    p = isText ? takeText(p, answer, node) : takeOther(p, answer, context);
    if (p == 0) break;
  }
  return 0;
}

let newAnswer: u32 = 0;
let newIsText: bool = false;
let newNode: usize = 0;
let emptyEnd: usize = 0;

/** A key that no node foretold: gives where its value begins (behind its quote), 1 for an object without keys, 0 where none is sound. */
function newKey(start: usize, p: usize, context: u32, before: usize, isFirst: bool): usize {
  if (load<u8>(p) != (isFirst ? OPEN_BRACE : COMMA)) return 0;
  p = skipSpaces(p + 1);
  if (isFirst && load<u8>(p) == CLOSE_BRACE) {
    emptyEnd = p + 1;
    return 1;
  }
  if (load<u8>(p) != QUOTE) return 0;
  const key = p + 1;
  const keyEnd = textEnd(key);
  if (keyEnd == 0) return 0;
  p = skipSpaces(keyEnd + 1);
  if (load<u8>(p) != COLON) return 0;
  p = skipSpaces(p + 1);
  newAnswer = answerFor(context, key, (keyEnd - key) as u32);
  newIsText = load<u8>(p) == QUOTE;
  if (newIsText) p++;
  newNode = addNode(start, (p - start) as u32, context, before);
  return p;
}

/** A node after another; node 0 of the context where the key is too long or there are too many: found the slow way again. */
function addNode(start: usize, length: u32, context: u32, before: usize): usize {
  const none = nodes + NODE * NOWHERE;
  if (length > NODE_BYTES || nodeCount >= NODES) return none;
  let node: usize = 0;
  for (let i: u32 = CONTEXTS + 1; i < nodeCount && nodeCount < 1024; i++) {
    const known = nodes + NODE * i;
    if (load<u32>(known, 64) == length && load<u32>(known, 104) == context && sameBytes(known, start, length)) {
      node = known;
      break;
    }
  }
  if (node == 0) {
    node = nodes + NODE * nodeCount;
    nodeCount++;
    memory.copy(node, start, length);
    memory.fill(node + 32, 0xff, length);
    store<u32>(node, length, 64);
    store<u32>(node, newAnswer, 68);
    store<u32>(node, newIsText ? 1 : 0, 76);
    store<u32>(node, context, 104);
  }
  if (before == none) return node;
  const count = load<u32>(before, 72);
  const at = count < SUCCESSORS ? count : SUCCESSORS - 1;
  store<u16>(before + (at << 1), ((node - nodes) / NODE) as u16, 80);
  store<u32>(before, at + 1, 72);
  return node;
}

/** What the outside said about the key, asked once; of too many or too long ones each time. */
function answerFor(context: u32, key: usize, length: u32): u32 {
  if (length > KEY_BYTES || length == 0) return learnKey(context, key, length);
  let hash = context * 0x9e3779b1 + length;
  for (let i: u32 = 0; i < length; i++) hash = (hash ^ load<u8>(key + i)) * 0x01000193;
  hash ^= hash >> 15;
  let at = hash & (KEY_SLOTS - 1);
  for (;;) {
    const slot = keys + KEY * at;
    const known = load<u32>(slot, 4);
    if (known == 0) break;
    if (known == length && load<u32>(slot) == context && sameBytes(slot + 12, key, length)) return load<u32>(slot, 8);
    at = (at + 1) & (KEY_SLOTS - 1);
  }
  const answer = learnKey(context, key, length);
  if (keyCount >= KEYS) return answer;
  keyCount++;
  const slot = keys + KEY * at;
  store<u32>(slot, context);
  store<u32>(slot, length, 4);
  store<u32>(slot, answer, 8);
  memory.copy(slot + 12, key, length);
  return answer;
}

/** A column whose key comes twice, by whatever spelling and value, makes the record one for others. */
// @ts-ignore: decorator
@inline
function meet(answer: u32): void {
  const column = (answer >> 8) & 0xff;
  if (column == NO_COLUMN) return;
  const bit = (1 as u64) << (column & 63);
  if (column < CLAIM_COLUMNS) {
    if ((seen & bit) != 0) isPunt = true;
    seen |= bit;
  } else {
    if ((claimsMet & bit) != 0) isPunt = true;
    claimsMet |= bit;
  }
}

/** The column has a value. */
// @ts-ignore: decorator
@inline
function mark(answer: u32): void {
  const column = (answer >> 8) & 0xff;
  const bit = (1 as u64) << (column & 63);
  if (column < CLAIM_COLUMNS) set |= bit;
  else claimsSet |= bit;
}

// @ts-ignore: decorator
@inline
function wordOf(answer: u32): usize {
  return row + ((answer >> 24) << 2);
}

/** What a text stands for; learned once a generation and use. */
function meaningOf(use: u32, id: u32): u32 {
  const at = meanings + (id << 3);
  if (load<u32>(at) == use + 1) return load<u32>(at, 4);
  const meaning = learnText(use, textPlace(id), textLength(id));
  store<u32>(at, use + 1);
  store<u32>(at, meaning, 4);
  return meaning;
}

/** Takes the text that begins at `p`, behind its quote; gives where it ends, behind the other. */
function takeText(p: usize, answer: u32, node: usize): usize {
  const action = answer & 0xff;
  if (action == TEXT) {
    const known = load<u32>(node, 100);
    if (known != 0) {
      const length = textLength(known);
      if (load<u8>(p + length) == QUOTE && sameBytes(textPlace(known), p, length)) {
        mark(answer);
        store<u32>(wordOf(answer), known);
        return p + length + 1;
      }
    }
    const end = textEnd(p);
    if (end == 0) return 0;
    const id = idOf(p, end);
    if (id == 0) return end + 1;
    mark(answer);
    store<u32>(wordOf(answer), id);
    // The last text of each key: many come again at once.
    store<u32>(node, id, 100);
    return end + 1;
  }
  if (action == GUID && readGuid(p) && load<u8>(p + 36) == QUOTE) {
    mark(answer);
    v128.store(wordOf(answer), guid);
    return p + 37;
  }
  if (action == TIME) {
    const end = readTime(p, false);
    if (end != 0) {
      mark(answer);
      store<f64>(wordOf(answer), number);
      return end + 1;
    }
  }
  if (action == NUMBER) {
    const end = readNumber(p);
    if (end != 0 && load<u8>(end) == QUOTE) {
      mark(answer);
      store<f64>(wordOf(answer), number);
      return end + 1;
    }
  }
  const end = textEnd(p);
  if (end == 0) return 0;
  if (action == SKIP) return end + 1;
  if (action == MARK) mark(answer);
  else if (action == CLAIM_SKIP) claimsLeft++;
  else if (end != p) takeRare(p, end, answer);
  else if (action >= CLAIM_TIME && action <= CLAIM_VALUE) takeEmptyClaim(answer);
  else if (action == STRANGE || action == SOURCE || action == MESSAGE) isPunt = true;
  return end + 1;
}

/** The id of a text that is not empty; 0 (and the record is for others) where it is too long or there is no room. */
function idOf(p: usize, end: usize): u32 {
  const length = (end - p) as u32;
  if (length == 0) return 0;
  const id = length > LONGEST_TEXT ? 0 : intern(p, length);
  if (id == 0) isPunt = true;
  return id;
}

/** A text that is not empty, of an action that most records have once or never. */
function takeRare(p: usize, end: usize, answer: u32): void {
  const action = answer & 0xff;
  if (action == HOST) takeHost(p, end, answer);
  else if (action == PRESENCE) mark(answer);
  else if (action == CATEGORY) {
    const id = idOf(p, end);
    const meaning = id == 0 ? 0 : meaningOf(USE_CATEGORY, id);
    // A name that leaves it open sets its column only; two that tell a category must tell the same.
    if (meaning == 0 || (meaning < 8 && category != 0 && category != meaning)) isPunt = true;
    else if (meaning < 8) category = meaning;
    mark(answer);
    store<u32>(wordOf(answer), id);
  } else if (action == SOURCE) {
    const id = idOf(p, end);
    trace |= id == 0 ? 0 : meaningOf(USE_SOURCE, id) == 1 ? TRACE_IS_OURS : TRACE_IS_OTHER;
  } else if (action == MESSAGE) {
    // A message of others may be as long as it likes.
    const id = end - p == 2 ? idOf(p, end) : 0;
    if (id != 0 && meaningOf(USE_MESSAGE, id) == 1) trace |= TRACE_HAS_MESSAGE;
  } else if (action == CLAIM_NAME) {
    const id = idOf(p, end);
    claim = id == 0 ? 0 : meaningOf(USE_CLAIM, id);
  } else if (action == CLAIM_VALUE) takeClaim(p, end);
  else if (action == CLAIM_TIME) takeClaimTime(p, end, answer);
  else isPunt = true;
}

/** Scheme, host and port of an address: what is behind them may be anything. */
function takeHost(p: usize, end: usize, answer: u32): void {
  // http, then perhaps s, then ://
  if (load<u32>(p) != 0x70747468) {
    isPunt = true;
    return;
  }
  let at = p + 4;
  if (load<u8>(at) == 0x73) at++;
  if (load<u16>(at) != 0x2f3a || load<u8>(at + 2) != 0x2f) {
    isPunt = true;
    return;
  }
  at += 3;
  const host = at;
  for (; at < end; at++) {
    const byte = load<u8>(at) as u32;
    const isPart = isDigit(byte) || (byte | 0x20) - 0x61 < 26 || byte == MINUS || byte == 0x2e || byte == COLON;
    if (!isPart) break;
  }
  const byte = load<u8>(at) as u32;
  const isWhole = at == end || byte == 0x2f || byte == 0x3f || byte == 0x23;
  const id = !isWhole || at == host || at - p > LONGEST_HOST ? 0 : intern(p, (at - p) as u32);
  if (id == 0) isPunt = true;
  mark(answer);
  store<u32>(wordOf(answer), id);
}

// What is known of the trace that is being read.
const TRACE_IS_OURS: u32 = 1;
const TRACE_IS_OTHER: u32 = 2;
const TRACE_HAS_MESSAGE: u32 = 4;
let trace: u32 = 0;
/** The answer for the claim whose name was read last; 0 where nobody reads it. */
let claim: u32 = 0;

function takeClaim(p: usize, end: usize): void {
  const answer = claim;
  claim = 0;
  if (answer == 0) return;
  meet(answer);
  const action = answer & 0xff;
  if (action == CLAIM_SKIP) {
    claimsLeft++;
    return;
  }
  if (action == CLAIM_TIME) {
    takeClaimTime(p, end, answer);
    return;
  }
  const id = idOf(p, end);
  mark(answer);
  store<u32>(wordOf(answer), id);
}

function takeClaimTime(p: usize, end: usize, answer: u32): void {
  let last = readTime(p, true);
  if (last == 0) last = readEpoch(p);
  if (last != end) isPunt = true;
  mark(answer);
  store<f64>(wordOf(answer), number);
}

/** A claim that says nothing is there all the same. */
function takeEmptyClaim(answer: u32): void {
  if ((answer & 0xff) == CLAIM_VALUE) {
    if (claim != 0) {
      meet(claim);
      claimsLeft++;
    }
    claim = 0;
  } else if ((answer & 0xff) == CLAIM_NAME) claim = 0;
  else claimsLeft++;
}

/** Takes a value that is no text; gives where it ends. */
function takeOther(p: usize, answer: u32, context: u32): usize {
  const action = answer & 0xff;
  const byte = load<u8>(p) as u32;
  if (action == SKIP) return skipValue(p, 0);
  if (byte == OPEN_BRACE || byte == OPEN_BRACKET) return takeNested(p, byte, answer, context);
  const isNull = load<u32>(p) == 0x6c6c756e;
  const end = skipPlain(p);
  if (end == 0) return 0;
  if (action == MARK) mark(answer);
  else if (action == CLAIM_SKIP) claimsLeft++;
  else if (isNull) {
    if (action == STRANGE || action == SOURCE || action == MESSAGE || action == CLAIM_NAME) isPunt = true;
    // Absent, but for the name of an object that tells the record's shape.
    else if (action == METADATA || context == IN_CLAIMS || context == IN_CLAIM) isPunt = true;
    else if (action == NESTED && ((answer >> 16) & 0xff) <= IN_CLAIM) isPunt = true;
  } else if (action == NUMBER) {
    const last = readNumber(p);
    if (last != end) isPunt = true;
    mark(answer);
    store<f64>(wordOf(answer), number);
  } else if (action == TRUTH) takeTruth(p, end, answer);
  else if (action == CLAIM_TIME) takeEpoch(p, end, answer);
  else if (action == CLAIM_VALUE && (claim & 0xff) == CLAIM_TIME) {
    meet(claim);
    takeEpoch(p, end, claim);
    claim = 0;
  }
  else if (action == PRESENCE) mark(answer);
  else isPunt = true;
  return end;
}

function takeEpoch(p: usize, end: usize, answer: u32): void {
  if (readEpoch(p) != end) isPunt = true;
  mark(answer);
  store<f64>(wordOf(answer), number);
}

function takeTruth(p: usize, end: usize, answer: u32): void {
  const word = load<u32>(p);
  let isTrue = word == 0x65757274;
  if (!isTrue && word != 0x736c6166) {
    if (readNumber(p) != end) isPunt = true;
    isTrue = number != 0;
  }
  mark(answer);
  store<u32>(wordOf(answer), isTrue ? 1 : 0);
}

function takeNested(p: usize, byte: u32, answer: u32, context: u32): usize {
  const action = answer & 0xff;
  if (action == NESTED && byte == OPEN_BRACE) {
    mark(answer);
    return scanObject(p, (answer >> 16) & 0xff);
  }
  if (action == TRACES && byte == OPEN_BRACKET) {
    mark(answer);
    return scanTraces(p + 1);
  }
  if (action == METADATA) return byte == OPEN_BRACE ? scanObject(p, IN_CLAIMS) : scanClaims(p + 1);
  // A list of one text is as good as the text, where headers are.
  if (byte == OPEN_BRACKET && context > IN_CLAIM && (action == TEXT || action == GUID || action == NUMBER)) {
    if (load<u8>(p + 1) == QUOTE) {
      const end = takeText(p + 2, answer, nodes + NODE * NOWHERE);
      if (end != 0 && load<u8>(end) == CLOSE_BRACKET) return end + 1;
    }
  }
  if (action == MARK) mark(answer);
  else isPunt = true;
  return skipValue(p, 0);
}

/** The traces of a record: at most one of ours, which is read; others are looked at no further. */
function scanTraces(p: usize): usize {
  p = skipSpaces(p);
  if (load<u8>(p) == CLOSE_BRACKET) return p + 1;
  for (;;) {
    if (load<u8>(p) != OPEN_BRACE) return 0;
    trace = 0;
    claimsMet &= ~TRACE_KEYS;
    const before = claimsSet;
    const left = claimsLeft;
    p = scanObject(p, IN_TRACE);
    if (p == 0) return 0;
    const hasClaims = claimsSet != before || claimsLeft != left;
    if ((trace & 3) == TRACE_IS_OURS) {
      claimsSeen++;
      if (claimsSeen > 1 || !hasClaims || (trace & TRACE_HAS_MESSAGE) == 0) isPunt = true;
    } else if (hasClaims || (trace & 3) != TRACE_IS_OTHER) isPunt = true;
    p = skipSpaces(p);
    const byte = load<u8>(p) as u32;
    if (byte == CLOSE_BRACKET) break;
    if (byte != COMMA) return 0;
    p = skipSpaces(p + 1);
  }
  return p + 1;
}

// Keys that each trace, or each claim, has anew: source, message and metadata; name and value. As in `keys.ts`.
const TRACE_KEYS: u64 = (7 as u64) << 11;
const CLAIM_KEYS: u64 = (3 as u64) << 14;

/** Claims as a list of names and values. */
function scanClaims(p: usize): usize {
  p = skipSpaces(p);
  if (load<u8>(p) == CLOSE_BRACKET) return p + 1;
  for (;;) {
    if (load<u8>(p) != OPEN_BRACE) return 0;
    claim = 0;
    claimsMet &= ~CLAIM_KEYS;
    p = scanObject(p, IN_CLAIM);
    if (p == 0) return 0;
    // A name whose value came first, or never.
    if (claim != 0) isPunt = true;
    p = skipSpaces(p);
    const byte = load<u8>(p) as u32;
    if (byte == CLOSE_BRACKET) return p + 1;
    if (byte != COMMA) break;
    p = skipSpaces(p + 1);
  }
  return 0;
}
