import { type CallRow } from "../correlate/call-row.ts";
import { CLAIMS_VALIDATED, HAS_CLAIMS, TRAITS, WORDS } from "../model/event-table.ts";
import { countColumns, countIn, idOfCell } from "./cells.ts";
import { WIDTH } from "./columns.ts";
import { noteSuccess } from "./credible.ts";
import { type Detection, unitId, writeCall } from "./detection.ts";
import { countCombination, findCombination, type Group, learnCombination } from "./groups.ts";
import { cellOfUnit, rememberCell } from "./recent-units.ts";
import { addRow } from "./rows.ts";
import { fillUnits, firstUnit } from "./units.ts";
import {
  ALL_COLUMNS,
  beginTrial,
  encodeCaller,
  encodeOrigin,
  encodeSigner,
  encodeTarget,
  encodeTerms,
  encodeTrial,
  encodeWork,
  ORIGIN_COLUMNS,
  tokenAgeOf,
} from "./vocabulary.ts";

/** What tells a unit's further operations from its calls. */
const FURTHER = 0x5f356495;

/** `calls`: 1 for the call with the operation that decided it, 0 for a further operation of it. */
export function countSuccess(detection: Detection, call: CallRow, operation: number, calls: 0 | 1): void {
  const { cells, succeeded, unitsOfCall } = detection;
  const isOwn = call.outcome === "succeeded";
  fillUnits(unitsOfCall, call, operation);
  const slot = isOwn ? noteSuccess(detection.credibility, unitsOfCall, call.time) : -1;
  const cell = calls === 1 && slot >= 0 ? cellOfKnown(detection, slot) : cellOfFirst(detection, calls);
  const at = addRow(succeeded, call.time, idOfCell(cells, cell), calls);
  writeCall(succeeded, at, call, operation);
  if (cell >= 0) countIn(cells, cell, detection.bin);
  if (isOwn) countByGroups(detection, call, operation, WIDTH * at);
  else {
    encodeTrial(detection, call, operation, call.call?.outcome.kind !== "refused");
    countColumns(detection, ALL_COLUMNS, succeeded.ids, WIDTH * at);
  }
}

/** The cell of the first unit of a call; -1 where there are too many units. */
function cellOfFirst(detection: Detection, calls: 0 | 1): number {
  const { unitsOfCall, unitCells } = detection;
  firstUnit(unitsOfCall);
  const { high, low } = unitsOfCall.pair;
  return unitCells[unitId(detection, calls === 1 ? high : high ^ FURTHER, low)] ?? -1;
}

/** The same for a call whose first unit is in a slot of those that succeeded: it is looked for once. */
function cellOfKnown(detection: Detection, slot: number): number {
  const { succeeded } = detection.credibility;
  const known = cellOfUnit(succeeded, slot);
  if (known >= 0) return known;
  const cell = cellOfFirst(detection, 1);
  rememberCell(succeeded, slot, cell);
  return cell;
}

/** The first word of the row whose combination is counted, and what its words do not tell, which is never 0. */
const from = { at: 0, flags: 1 };

/** Counts a success in the cells of its values; `at`: where their ids begin. */
function countByGroups(detection: Detection, call: CallRow, operation: number, at: number): void {
  const { groups, succeeded } = detection;
  const { ids } = succeeded;
  beginTrial(detection, call);
  if (call.gateway < 0 || operation < 0) for (let i = at; i < at + WIDTH; i++) ids[i] = -1;
  if (call.gateway >= 0) countRequest(detection, call, at);
  if (operation >= 0) {
    const { words } = call.table;
    from.at = WORDS * operation;
    from.flags = 1;
    if (!countKnown(groups.target, words, ids, at)) {
      encodeTarget(detection, call, operation);
      countNew(detection, groups.target, words, at);
    }
    if (!countKnown(groups.signer, words, ids, at)) {
      encodeSigner(detection, call, operation);
      countNew(detection, groups.signer, words, at);
    }
  }
  encodeOrigin(detection, call, operation, true);
  countColumns(detection, ORIGIN_COLUMNS, ids, at);
}

function countRequest(detection: Detection, call: CallRow, at: number): void {
  const { groups, succeeded } = detection;
  const { ids } = succeeded;
  const { words } = call.table;
  from.at = WORDS * call.gateway;
  const traits = words[from.at + TRAITS] ?? 0;
  from.flags = 1;
  if (!countKnown(groups.work, words, ids, at)) {
    encodeWork(detection, call, call.gateway);
    countNew(detection, groups.work, words, at);
  }
  from.flags = 1 | (traits & (HAS_CLAIMS | CLAIMS_VALIDATED));
  if (!countKnown(groups.caller, words, ids, at)) {
    encodeCaller(detection, call, call.gateway);
    countNew(detection, groups.caller, words, at);
  }
  from.flags = 1 | (traits & HAS_CLAIMS) | ((tokenAgeOf(call) + 1) << 8);
  if (!countKnown(groups.terms, words, ids, at)) {
    encodeTerms(detection, call, call.gateway);
    countNew(detection, groups.terms, words, at);
  }
}

/** Counts the row's combination where it is known; false where it is not. */
function countKnown(group: Group, words: Int32Array, into: Uint16Array, at: number): boolean {
  const place = findCombination(group, words, from.at, from.flags);
  if (place < 0) return false;
  countCombination(group, place, into, at);
  return true;
}

/** Counts a combination that is not known yet; one with a value that its column had no room for is not kept. */
function countNew(detection: Detection, group: Group, row: Int32Array, at: number): void {
  const { ids } = detection.succeeded;
  if (detection.isCut) countColumns(detection, group.columns, ids, at);
  else countCombination(group, learnCombination(group, { row, ...from }, detection), ids, at);
  detection.isCut = false;
}
