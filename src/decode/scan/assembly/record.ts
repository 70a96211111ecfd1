import { allocate } from "./memory";
import { beginSpans, dropRefusals, keepRefusal, prepareSpans, tellsError, tellsOwnId, tellsWhy } from "./spans";

/** The record that is being read, the rows of those that were taken, and where those that were not stand. */

const ROW_WORDS: u32 = 84;
const ROW_BYTES: u32 = 4 * ROW_WORDS;
const MOST_ROWS: u32 = 8192;
const ENOUGH_ROWS: u32 = 2048;
const MOST_PUNTS: u32 = 8192;

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
const ERRORS: u64 = (1 as u64) << 52;
/** Bytes from the beginning of a row. */
const RESPONSE_CODE_AT: usize = 4 * 18;
const STATUS_CODE_AT: usize = 4 * 20;
/** Where numbers begin and end. */
const FIRST_NUMBER: usize = 4 * 18;
const BEHIND_NUMBERS: usize = 4 * 40;

/** A row of nothing: its numbers are none. */
let nothing: usize = 0;
let rows: usize = 0;
let row: usize = 0;
let rowCount: u32 = 0;
/** Where a record that was not taken begins and ends, its index, its line, and how many envelopes are around it. */
const PUNT: usize = 20;
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
/** Traces of ours, and claims in them that are no columns. */
let claimsSeen: u32 = 0;
let claimsLeft: u32 = 0;

export function prepareRows(): void {
  nothing = allocate(ROW_BYTES);
  for (let at: usize = FIRST_NUMBER; at < BEHIND_NUMBERS; at += 8) store<f64>(nothing + at, NaN);
  rows = allocate(ROW_BYTES * MOST_ROWS);
  punts = allocate(PUNT * MOST_PUNTS);
  prepareSpans(MOST_ROWS);
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

/** Only so many rows and punts stay. */
export function keepRows(keptRows: u32, keptPunts: u32): void {
  rowCount = keptRows;
  dropRefusals(keptRows);
  puntCount = keptPunts;
}

/** Whether there are enough for whoever takes them. */
export function areEnough(): bool {
  return rowCount > ENOUGH_ROWS || puntCount > ENOUGH_ROWS;
}

/** Begins a record; false where there is no room for its row. */
export function beginRecord(): bool {
  if (rowCount >= MOST_ROWS || puntCount >= MOST_PUNTS) return false;
  row = rows + ROW_BYTES * rowCount;
  memory.copy(row, nothing, ROW_BYTES);
  isPunt = false;
  set = 0;
  seen = 0;
  claimsSet = 0;
  claimsMet = 0;
  category = 0;
  claimsSeen = 0;
  claimsLeft = 0;
  beginSpans();
  return true;
}

/** Ends the record that stood from `p` to `end`, at `line`, as one of a list at `index` or (`depth` 0) alone. */
export function endRecord(p: usize, end: usize, index: u32, line: u32, depth: u32): void {
  if (!isPunt && isComplete()) {
    store<u64>(row, set);
    store<u32>(row, category, 8);
    store<u32>(row, claimsSeen == 0 ? 0 : (claimsSet as u32) | HAS_CLAIMS, 12);
    if (category == 1 && isRefusal()) keepRefusal(rowCount);
    rowCount++;
    return;
  }
  const at = punts + PUNT * puntCount;
  store<u32>(at, p as u32);
  store<u32>(at, end as u32, 4);
  store<u32>(at, index, 8);
  store<u32>(at, line, 12);
  store<u32>(at, depth, 16);
  puntCount++;
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

function isRequest(): bool {
  if ((set & (CORRELATION | RESPONSE_CODE)) != (CORRELATION | RESPONSE_CODE)) return false;
  // Of several errors, the last counts where no other is told.
  if ((set & ERRORS) != 0 && !tellsWhy()) return false;
  const status = load<f64>(row + RESPONSE_CODE_AT);
  return status <= 999 && nearest(status) == status;
}

/** Not answered well, or an error or a name all the same: the row alone does not tell it. */
function isRefusal(): bool {
  const status = load<f64>(row + RESPONSE_CODE_AT);
  return status < 1 || status >= 400 || tellsError() || tellsOwnId();
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

/** The record is for others. */
// @ts-ignore: decorator
@inline
export function punt(): void {
  isPunt = true;
}

/** A column whose key comes twice, by whatever spelling and value, makes the record one for others. */
// @ts-ignore: decorator
@inline
export function meet(answer: u32): void {
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
export function mark(answer: u32): void {
  const column = (answer >> 8) & 0xff;
  const bit = (1 as u64) << (column & 63);
  if (column < CLAIM_COLUMNS) set |= bit;
  else claimsSet |= bit;
}

// @ts-ignore: decorator
@inline
export function wordOf(answer: u32): usize {
  return row + ((answer >> 24) << 2);
}

/** Two names that tell a category must tell the same. */
export function takeCategory(told: u32): void {
  if (category != 0 && category != told) isPunt = true;
  else category = told;
}

/** A claim that is there and no column. */
export function leaveClaim(): void {
  claimsLeft++;
}

// Keys that each trace, or each claim, has anew: source, message and metadata; name and value. As in `keys.ts`.
const TRACE_KEYS: u64 = (7 as u64) << 11;
const CLAIM_KEYS: u64 = (3 as u64) << 14;

/** A claim of a list begins: its keys are met anew. */
export function beginClaim(): void {
  claimsMet &= ~CLAIM_KEYS;
}

let claimsBefore: u64 = 0;
let leftBefore: u32 = 0;

export function beginTrace(): void {
  claimsMet &= ~TRACE_KEYS;
  claimsBefore = claimsSet;
  leftBefore = claimsLeft;
}

/** Ends a trace: at most one of a record is ours, with claims and `isSound`; that of others has none. */
export function endTrace(isOurs: bool, isSound: bool): void {
  const hasClaims = claimsSet != claimsBefore || claimsLeft != leftBefore;
  if (isOurs) {
    claimsSeen++;
    if (claimsSeen > 1 || !hasClaims || !isSound) isPunt = true;
  } else if (hasClaims || !isSound) isPunt = true;
}
