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
  encodeOrigin,
  encodeRoute,
  encodeTarget,
  encodeToken,
  encodeTrial,
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

/** Counts a success in the cells of its values; `at`: where their ids begin. */
function countByGroups(detection: Detection, call: CallRow, operation: number, at: number): void {
  const { ids } = detection.succeeded;
  beginTrial(detection, call);
  if (call.gateway < 0 || operation < 0) for (let i = at; i < at + WIDTH; i++) ids[i] = -1;
  if (call.gateway >= 0) {
    const { words } = call.table;
    const first = WORDS * call.gateway;
    const route = findCombination(detection.route, words, first, 1);
    if (route >= 0) countCombination(detection.route, route, ids, at);
    else {
      encodeRoute(detection, call);
      countNew(detection, detection.route, { row: words, at: first, flags: 1 }, at);
    }
    const flags = flagsOf(call);
    const token = findCombination(detection.token, words, first, flags);
    if (token >= 0) countCombination(detection.token, token, ids, at);
    else {
      encodeToken(detection, call);
      countNew(detection, detection.token, { row: words, at: first, flags }, at);
    }
  }
  if (operation >= 0) countTarget(detection, call, operation, at);
  encodeOrigin(detection, call, operation, true);
  countColumns(detection, ORIGIN_COLUMNS, ids, at);
}

function countTarget(detection: Detection, call: CallRow, operation: number, at: number): void {
  const { target, succeeded } = detection;
  const row = call.table.words;
  const first = WORDS * operation;
  const place = findCombination(target, row, first, 1);
  if (place >= 0) countCombination(target, place, succeeded.ids, at);
  else {
    encodeTarget(detection, call, operation);
    countNew(detection, target, { row, at: first, flags: 1 }, at);
  }
}

/** What the words of a token do not tell; never 0. */
function flagsOf(call: CallRow): number {
  const traits = call.table.words[WORDS * call.gateway + TRAITS] ?? 0;
  return 1 | (traits & (HAS_CLAIMS | CLAIMS_VALIDATED)) | ((tokenAgeOf(call) + 1) << 8);
}

/** Counts a combination that is not known yet; one with a value that its column had no room for is not kept. */
function countNew(
  detection: Detection,
  group: Group,
  from: { readonly row: Int32Array; readonly at: number; readonly flags: number },
  at: number,
): void {
  const { ids } = detection.succeeded;
  if (detection.isCut) countColumns(detection, group.columns, ids, at);
  else countCombination(group, learnCombination(group, from, detection), ids, at);
  detection.isCut = false;
}
