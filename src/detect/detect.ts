import { trialsOf, type Trial } from "../correlate/call.ts";
import { type CallRow, createCallRow, readCall, statusAt } from "../correlate/call-row.ts";
import { passedAuthorization } from "../correlate/outcome.ts";
import { idAt } from "../correlate/row-event.ts";
import { addKey, createTable64, findKey, type Table64 } from "../lib/table64.ts";
import type { Call, Layer, Outcome } from "../model/call.ts";
import {
  CLAIMS_VALIDATED,
  createEventTable,
  HAS_CLAIMS,
  KEY,
  KEY_IS_HASH,
  STATUS,
  TRAITS,
  WORDS,
} from "../model/event-table.ts";
import { keyText } from "../model/key128.ts";
import type { Names } from "../model/names.ts";
import { type DurationMs, epochMs, type Instant, instantFromMs, msBetween, plusMs } from "../model/time.ts";
import { putEvent } from "../normalize/event-row.ts";
import { countIn, countRefused, countColumns, newCell, stepCells } from "./cells.ts";
import { answer, type Challenges, createChallenges, hold, released } from "./challenge.ts";
import { COMPARED, VALUES_PER_COLUMN, WIDTH } from "./columns.ts";
import {
  countCombination,
  findCombination,
  forgetCombinations,
  type Group,
  learnCombination,
  spread,
} from "./groups.ts";
import { createCredibility, type Credibility, judgeRefusal, noteRefusal, noteSuccess } from "./credible.ts";
import { addCall, addRow, createRows, type Rows } from "./rows.ts";
import { createUnits, fillUnits, firstUnit, forgetParts, type Units } from "./units.ts";
import {
  ALL_COLUMNS,
  beginTrial,
  createVocabulary,
  encodeOrigin,
  encodeRoute,
  encodeTarget,
  encodeToken,
  encodeTrial,
  forgetValues,
  ORIGIN_COLUMNS,
  routeGroup,
  targetGroup,
  tokenAgeOf,
  tokenGroup,
  type Vocabulary,
} from "./vocabulary.ts";

/** What a refused row says beyond its dimensions. */
export interface RefusalFacts {
  readonly layer: Layer;
  readonly status: 401 | 403;
  /** The reason as the gateway's policy logged it. */
  readonly reason: string | undefined;
  /** What sub-status or message tell of a refusal by Cosmos DB. */
  readonly told: string | undefined;
  /** Message of the gateway, the backend or Cosmos; at most 300 characters, redacted at normalize. */
  readonly message: string | undefined;
  /** Milliseconds by which the token had expired; negative while it was valid. */
  readonly expiredMs: number | undefined;
  readonly claimed: boolean;
}

/** Refusals of one layer and reason, and the episode that is going on, if any. */
export interface Symptom {
  readonly name: string;
  readonly layer: Layer;
  readonly rows: Rows<RefusalFacts>;
  /** Start of the rise that raised the alarm; absent while nothing is wrong. */
  onset: Instant | undefined;
  lastAlarm: Instant;
  lastRefused: Instant;
  /** Counted refusals ever, and when it was last explained. */
  counted: number;
  explainedAt: Instant;
  explainedCount: number;
}

/** All that detection remembers. Plain data: survives a structured clone. */
export interface Detection extends Vocabulary {
  /** Units by key: the slot is the unit's id, in the order of first appearance. */
  readonly units: Table64;
  /** The unit's cell, by id. */
  readonly unitCells: number[];
  /** Trials of units met after there were too many: they count under no unit. */
  unitsBeyond: number;
  /** Those of the call that is looked at. */
  readonly unitsOfCall: Units;
  readonly route: Group;
  readonly token: Group;
  readonly target: Group;
  readonly credibility: Credibility;
  readonly challenges: Challenges;
  readonly succeeded: Rows;
  readonly symptoms: Map<string, Symptom>;
  /** Number of the bin that is being filled. */
  bin: number;
  symptomsRefused: number;
}

/** An episode to be explained now. */
export interface Due {
  readonly symptom: Symptom;
  readonly onset: Instant;
  readonly at: Instant;
}

/** The reason of writes sent to a region that takes none. */
export const WRITE_REGION = "write-region";

const BIN_MS: DurationMs = 10_000;
const SUCCEEDED_ROWS = 65_536;
const REFUSED_ROWS = 16_384;
const MAX_SYMPTOMS = 64;
/** An episode is over when no alarm was raised and nothing refused for this long. */
const EPISODE_MEMORY_MS: DurationMs = 3_600_000;
const EXPLAIN_GROWTH = 1.25;
const EXPLAIN_SPACING_MS: DurationMs = 20_000;

export const createDetection = (): Detection => ({
  ...createVocabulary(),
  units: createTable64(),
  unitCells: [],
  unitsBeyond: 0,
  unitsOfCall: createUnits(),
  route: routeGroup(),
  token: tokenGroup(),
  target: targetGroup(),
  credibility: createCredibility(200_000),
  challenges: createChallenges(),
  succeeded: createRows(SUCCEEDED_ROWS),
  symptoms: new Map(),
  bin: Number.NEGATIVE_INFINITY,
  symptomsRefused: 0,
});

const binOf = (at: Instant): number => Math.floor(epochMs(at) / BIN_MS);
const binStart = (bin: number): Instant => instantFromMs(bin * BIN_MS);

const NOTHING: readonly Due[] = [];

/** Counts one call, in the order of event time, and says which episodes are due for an explanation. */
export function detect(detection: Detection, call: CallRow): readonly Due[] {
  const due = advance(detection, call.time);
  for (const waiting of released(detection.challenges, call.time)) observeAgain(detection, waiting, call.names);
  if (call.outcome === "succeeded") answer(detection.challenges, call);
  if (!hold(detection.challenges, call)) observe(detection, call);
  return due;
}

/** Closes the bins before `at`. */
function advance(detection: Detection, at: Instant): readonly Due[] {
  if (at < binStart(detection.bin + 1)) return NOTHING;
  const due = Number.isFinite(detection.bin) ? closeBin(detection, binStart(detection.bin + 1)) : NOTHING;
  detection.bin = binOf(at);
  return due;
}

/** Everything that is still held back is counted, and every open episode is due: the input has ended. */
export function finish(detection: Detection, at: Instant, names: Names): readonly Due[] {
  for (const waiting of released(detection.challenges, plusMs(at, 3_600_000))) observeAgain(detection, waiting, names);
  closeBin(detection, at);
  return [...detection.symptoms.values()].flatMap((symptom) =>
    symptom.onset === undefined ? [] : [{ symptom, onset: symptom.onset, at }],
  );
}

/** Name ids are given anew: what was remembered by them is forgotten; no result changes. */
export function forgetNames(detection: Detection): void {
  forgetValues(detection);
  forgetParts(detection.unitsOfCall);
  const { route, token, target, cells, bin } = detection;
  for (const group of [route, token, target]) forgetCombinations(group, cells, bin);
}

/** Observes a call that was held back: its rows are others' by now. */
function observeAgain(detection: Detection, { gateway, operations }: Call, names: Names): void {
  const table = createEventTable(operations.length + 1);
  const row = createCallRow();
  readCall(row, {
    table,
    names,
    gateway: gateway === undefined ? -1 : putEvent(table, names, gateway),
    operations: operations.map((operation) => putEvent(table, names, operation)),
  });
  observe(detection, row);
}

function observe(detection: Detection, call: CallRow): void {
  if (call.outcome === "succeeded") countSuccess(detection, call, call.decisive, 1);
  else if (call.call !== undefined) observeRefused(detection, call, call.call);
  for (let i = 0; i < call.furtherCount; i++) {
    const operation = call.further[i] ?? -1;
    if (passedAuthorization(statusAt(call.table, operation))) countSuccess(detection, call, operation, 0);
  }
}

function observeRefused(detection: Detection, row: CallRow, call: Call): void {
  const [trial] = trialsOf(call);
  if (trial === undefined) return;
  const { outcome } = trial;
  if (outcome.kind === "refused" || isWriteToReadRegion(outcome))
    countRefusal(detection, row, { call, trial, layer: outcome.layer, symptom: outcome.symptom });
}

type LookAlike = Extract<Outcome, { kind: "look-alike" }>;

/** No matter of authorization, but the one look-alike that a failover turns into an outage of all writes. */
const isWriteToReadRegion = (outcome: Outcome): outcome is LookAlike =>
  outcome.kind === "look-alike" && outcome.reason === WRITE_REGION;

/** What tells a unit's further operations from its calls. */
const FURTHER = 0x5f356495;

/** `calls`: 1 for the call with the operation that decided it, 0 for a further operation of it. */
function countSuccess(detection: Detection, call: CallRow, operation: number, calls: 0 | 1): void {
  const { cells, succeeded, unitsOfCall } = detection;
  const isOwn = call.outcome === "succeeded";
  fillUnits(unitsOfCall, call, operation);
  if (isOwn) noteSuccess(detection.credibility, unitsOfCall, call.time);
  firstUnit(unitsOfCall);
  const { pair } = unitsOfCall;
  const unit = unitId(detection, calls === 1 ? pair.high : pair.high ^ FURTHER, pair.low);
  const at = addRow(succeeded, call.time, unit, calls);
  writeCall(succeeded, at, call, operation);
  if (unit >= 0) countIn(cells, detection.unitCells[unit] ?? -1, detection.bin);
  if (isOwn) countByGroups(detection, call, operation, WIDTH * at);
  else {
    encodeTrial(detection, call, operation, call.call?.outcome.kind !== "refused");
    countColumns(detection, ALL_COLUMNS, succeeded.ids, WIDTH * at);
  }
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

/** The id of a unit, a new one where it has none yet; -1 when there are too many. */
function unitId(detection: Detection, high: number, low: number): number {
  const { units, unitCells, cells } = detection;
  const known = findKey(units, high, low);
  if (known >= 0) return known;
  if (units.size >= VALUES_PER_COLUMN) {
    detection.unitsBeyond += 1;
    return -1;
  }
  const unit = addKey(units, high, low);
  unitCells.push(newCell(cells, unit));
  return unit;
}

/** Writes whose call a row is, and the status of the call or else of the operation. */
function writeCall(rows: Rows<unknown>, at: number, { table, gateway, operations }: CallRow, operation: number): void {
  const place = gateway >= 0 ? gateway : (operations[0] ?? 0);
  const { words } = table;
  rows.status[at] = words[WORDS * (gateway >= 0 ? gateway : operation) + STATUS] ?? 0;
  const key = WORDS * place + KEY;
  for (let i = 0; i < 4; i++) rows.call[4 * at + i] = words[key + i] ?? 0;
  if (((words[WORDS * place + TRAITS] ?? 0) & KEY_IS_HASH) === 0) return;
  const id = idAt(table, place);
  if (id !== keyText(words, key)) rows.odd.set(rows.serial[at] ?? 0, id);
}

interface Refusal {
  readonly call: Call;
  readonly trial: Trial;
  readonly layer: Layer;
  readonly symptom: string;
}

function countRefusal(detection: Detection, row: CallRow, { call, trial, layer, symptom: name }: Refusal): void {
  const { credibility, unitsOfCall } = detection;
  fillUnits(unitsOfCall, row, row.decisive);
  const verdict = judgeRefusal(credibility, unitsOfCall, call.time);
  if (verdict.kind === "never-succeeded") return;
  if (verdict.kind === "collapsed") {
    const collapsed = detection.symptoms.get(verdict.symptom);
    if (collapsed === undefined) return;
    addCall(collapsed.rows, verdict.row, unitId(detection, verdict.unit.high, verdict.unit.low));
    collapsed.lastRefused = call.time;
    return;
  }
  const symptom = symptomNamed(detection, name, layer);
  if (symptom === undefined) return;
  const unit = unitId(detection, verdict.unit.high, verdict.unit.low);
  encodeTrial(detection, row, row.decisive, true);
  const at = addRow(symptom.rows, call.time, unit, 1);
  countRefusedCells(detection, symptom, at);
  writeCall(symptom.rows, at, row, row.decisive);
  symptom.rows.status[at] = statusOf(trial);
  symptom.rows.facts[at] = factsOf(call, trial, layer);
  symptom.counted += 1;
  symptom.lastRefused = call.time;
  const serial = symptom.rows.serial[at] ?? 0;
  noteRefusal(credibility, verdict.unit, { at: call.time, row: serial, symptom: symptom.name });
}

/** Counts a refused trial in all its cells, and writes its values into the row. */
function countRefusedCells(detection: Detection, { rows, name }: Symptom, at: number): void {
  const { cells, trial, bin, unitCells } = detection;
  countColumns(detection, ALL_COLUMNS, rows.ids, at * WIDTH);
  for (const [column, cell] of trial.entries())
    if (cell >= 0 && COMPARED[column] === true) countRefused(cells, cell, name);
  const unit = unitCells[rows.unit[at] ?? -1];
  if (unit === undefined) return;
  countIn(cells, unit, bin);
  countRefused(cells, unit, name);
}

function toldBy({ outcome }: Trial): string | undefined {
  const refusal = outcome.kind === "refused" || outcome.kind === "look-alike" ? outcome : undefined;
  return refusal === undefined || refusal.reason === String(refusal.status) ? undefined : refusal.reason;
}

const statusOf = (trial: Trial): 401 | 403 => (trial.outcome.kind === "refused" ? trial.outcome.status : 403);

function factsOf(call: Call, trial: Trial, layer: Layer): RefusalFacts {
  const claims = call.gateway?.claims;
  return {
    layer,
    status: statusOf(trial),
    reason: call.gateway?.error?.reason,
    told: toldBy(trial),
    message: (layer === "gateway"
      ? call.gateway?.error?.message
      : (call.gateway?.errorBody ?? call.gateway?.challenge)
    )?.slice(0, 300),
    expiredMs: claims?.expires === undefined ? undefined : msBetween(call.time, claims.expires),
    claimed: claims?.state === "unverified",
  };
}

function symptomNamed(detection: Detection, name: string, layer: Layer): Symptom | undefined {
  const known = detection.symptoms.get(name);
  if (known !== undefined) return known;
  if (detection.symptoms.size >= MAX_SYMPTOMS) {
    detection.symptomsRefused += 1;
    return undefined;
  }
  const long = instantFromMs(0);
  const symptom: Symptom = {
    name,
    layer,
    rows: createRows(REFUSED_ROWS),
    onset: undefined,
    lastAlarm: long,
    lastRefused: long,
    counted: 0,
    explainedAt: long,
    explainedCount: 0,
  };
  detection.symptoms.set(name, symptom);
  return symptom;
}

function closeBin(detection: Detection, at: Instant): readonly Due[] {
  const { route, token, target, cells, bin } = detection;
  for (const group of [route, token, target]) spread(group, cells, bin);
  for (const alarm of stepCells(detection.cells, detection.bin)) {
    const symptom = detection.symptoms.get(alarm.symptom);
    if (symptom === undefined) continue;
    const onset = binStart(alarm.start);
    if (symptom.onset === undefined || onset < symptom.onset) symptom.onset = onset;
    symptom.lastAlarm = at;
  }
  const due: Due[] = [];
  for (const symptom of detection.symptoms.values()) {
    if (symptom.onset === undefined) continue;
    if (isOver(symptom, at)) symptom.onset = undefined;
    else if (isDue(symptom, at)) due.push(explainNow(symptom, symptom.onset, at));
  }
  return due;
}

const isOver = (symptom: Symptom, at: Instant): boolean =>
  msBetween(at, symptom.lastAlarm) > EPISODE_MEMORY_MS && msBetween(at, symptom.lastRefused) > EPISODE_MEMORY_MS;

/** Explained anew when the refusals have grown by a quarter, not on a timer: nearly all the cost is here. */
function isDue(symptom: Symptom, at: Instant): boolean {
  if (msBetween(at, symptom.explainedAt) < EXPLAIN_SPACING_MS) return false;
  if (symptom.counted === symptom.explainedCount) return false;
  const fresh = symptom.counted >= symptom.explainedCount * EXPLAIN_GROWTH + 1;
  return fresh || msBetween(at, symptom.explainedAt) > 300_000;
}

function explainNow(symptom: Symptom, onset: Instant, at: Instant): Due {
  symptom.explainedAt = at;
  symptom.explainedCount = symptom.counted;
  return { symptom, onset, at };
}
