import type { Trial } from "../correlate/call.ts";
import { trialsOf } from "../correlate/call.ts";
import type { CallRow } from "../correlate/call-row.ts";
import { userAgentFamily } from "../correlate/network.ts";
import type { Call, Layer, Outcome } from "../model/call.ts";
import { instantFromMs, msBetween } from "../model/time.ts";
import { countColumns, countIn, countRefused, tallyOf } from "./cells.ts";
import { type Column, columnIndex, COMPARED, WIDTH } from "./columns.ts";
import { judgeRefusal, noteRefusal } from "./credible.ts";
import { type Detection, type RefusalFacts, type Symptom, unitId, writeCall } from "./detection.ts";
import { noteLimit } from "./limits.ts";
import { addCall, addRow, createRows } from "./rows.ts";
import { fillUnits } from "./units.ts";
import { ALL_COLUMNS, encodeTrial } from "./vocabulary.ts";

/** The reason of what a limit refuses. */
const LIMIT = "limit";

/** The reason of writes sent to a region that takes none. */
export const WRITE_REGION = "write-region";

const REFUSED_ROWS = 16_384;
const MAX_SYMPTOMS = 64;
/** Cosmos DB says behind its first sentences that group memberships were missing, and an SDK puts sentences of its own before. */
const MESSAGE = 1_000;

/** Counts a call that was refused, unless it only looks as if. */
export function observeRefused(detection: Detection, row: CallRow, call: Call): void {
  const [trial] = trialsOf(call);
  if (trial === undefined) return;
  const { outcome, operation } = trial;
  if (outcome.kind === "look-alike" && outcome.reason === LIMIT && operation !== undefined)
    noteLimit(detection.limits, operation, { subStatus: call.gateway?.subStatus, at: call.time });
  if (outcome.kind === "refused" || isWriteToReadRegion(outcome))
    countRefusal(detection, row, { call, trial, layer: outcome.layer, symptom: outcome.symptom });
}

type LookAlike = Extract<Outcome, { kind: "look-alike" }>;

/** No matter of authorization, but the one look-alike that a failover turns into an outage of all writes. */
const isWriteToReadRegion = (outcome: Outcome): outcome is LookAlike =>
  outcome.kind === "look-alike" && outcome.reason === WRITE_REGION;

interface Refusal {
  readonly call: Call;
  readonly trial: Trial;
  readonly layer: Layer;
  readonly symptom: string;
}

function countRefusal(detection: Detection, row: CallRow, { call, trial, layer, symptom: name }: Refusal): void {
  const { credibility, unitsOfCall } = detection;
  fillUnits(unitsOfCall, row, row.decisive);
  const isVouched = (): boolean => isVouchedFor(detection, { call, trial, symptom: name });
  const verdict = judgeRefusal(credibility, unitsOfCall, call.time, isVouched);
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

/** Refused for the address, before it is asked who calls. */
const CALLER_IP = "gateway:CallerIp";
/** Never let in with an Entra token, whoever asks. */
const MANAGEMENT = "cosmos:management-operation";
const KNOWN_FROM = 3;

/** Symptoms of which nobody needs to have had a success with the same work. */
export const needsNoSuccess = (symptom: string): boolean => symptom === CALLER_IP || symptom === MANAGEMENT;
export const isByAddress = (symptom: string): boolean => symptom === CALLER_IP;

type Vouching = Pick<Refusal, "call" | "trial" | "symptom">;

/** What is known of the caller otherwise, where his success with the same work cannot be. */
function isVouchedFor(detection: Detection, { call, trial, symptom }: Vouching): boolean {
  if (symptom === CALLER_IP) return isClient(detection, call);
  return symptom === MANAGEMENT && isKnown(detection, "cosmosPrincipal", trial.operation?.principal);
}

function isKnown({ cells, dictionaries }: Detection, column: Column, value: string | undefined): boolean {
  const dictionary = dictionaries[columnIndex(column)];
  const id = value === undefined ? undefined : dictionary?.ids.get(value);
  return id !== undefined && tallyOf(cells, dictionary?.cells[id] ?? -1).total >= KNOWN_FROM;
}

/** An address that the filter does not know is what the cause is: what is known of the caller beside it speaks for him. */
function isClient(detection: Detection, { gateway }: Call): boolean {
  if (gateway === undefined || !isKnown(detection, "api", gateway.api)) return false;
  const agent = gateway.userAgent === undefined ? undefined : userAgentFamily(gateway.userAgent);
  return (
    isKnown(detection, "callerAddress", gateway.callerAddress) ||
    isKnown(detection, "appId", gateway.claims?.appId) ||
    isKnown(detection, "userAgentFamily", agent)
  );
}

/** Counts a refused trial in all its cells, and writes its values into the row. */
function countRefusedCells(detection: Detection, { rows, name }: Symptom, at: number): void {
  const { cells, trial, bin, unitCells } = detection;
  countColumns(detection, ALL_COLUMNS, rows.ids, at * WIDTH);
  for (let column = 0; column < trial.length; column++) {
    const cell = trial[column] ?? -1;
    if (cell >= 0 && COMPARED[column] === true) countRefused(cells, cell, name);
  }
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
    )?.slice(0, MESSAGE),
    expiredMs: claims?.expires === undefined ? undefined : msBetween(call.time, claims.expires),
    claimed: claims?.state === "unverified",
    subject: claims?.objectId,
    delegated: (claims?.scopes?.length ?? 0) > 0,
    writes: writes(call.gateway?.backendMethod ?? call.gateway?.method),
  };
}

const writes = (method: string | undefined): boolean | undefined =>
  method === undefined ? undefined : !/^(?:get|head|options)$/i.test(method);

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
    settledCount: 0,
  };
  detection.symptoms.set(name, symptom);
  return symptom;
}
