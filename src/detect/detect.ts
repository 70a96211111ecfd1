import { type CallRow, createCallRow, readCall, statusAt } from "../correlate/call-row.ts";
import { passedAuthorization } from "../correlate/outcome.ts";
import type { Call } from "../model/call.ts";
import { createEventTable } from "../model/event-table.ts";
import type { Names } from "../model/names.ts";
import { type DurationMs, epochMs, type Instant, instantFromMs, msBetween, plusMs } from "../model/time.ts";
import { putEvent } from "../normalize/event-row.ts";
import { stepCells } from "./cells.ts";
import { answer, hold, released } from "./challenge.ts";
import { observeRefused } from "./count-refusal.ts";
import { countSuccess } from "./count-success.ts";
import type { Detection, Symptom } from "./detection.ts";
import { forgetCombinations, spread } from "./groups.ts";
import { noteProbe } from "./probes.ts";
import { forgetParts } from "./units.ts";
import { forgetValues } from "./vocabulary.ts";

/** An episode to be explained now. */
export interface Due {
  readonly symptom: Symptom;
  readonly onset: Instant;
  readonly at: Instant;
}

const BIN_MS: DurationMs = 10_000;
/** An episode is over when no alarm was raised and nothing refused for this long. */
const EPISODE_MEMORY_MS: DurationMs = 3_600_000;
const EXPLAIN_GROWTH = 1.25;
const EXPLAIN_SPACING_MS: DurationMs = 20_000;

const binOf = (at: Instant): number => Math.floor(epochMs(at) / BIN_MS);
const binStart = (bin: number): Instant => instantFromMs(bin * BIN_MS);

const NOTHING: readonly Due[] = [];

/** Counts one call, in the order of event time, and says which episodes are due for an explanation. */
export function detect(detection: Detection, call: CallRow): readonly Due[] {
  const due = advance(detection, call.time);
  for (const waiting of released(detection.challenges, call.time)) observeAgain(detection, waiting, call.names);
  if (!hold(detection.challenges, call)) {
    answer(detection.challenges, call);
    observe(detection, call);
  }
  return due;
}

/** Closes the bins before `at`. */
function advance(detection: Detection, at: Instant): readonly Due[] {
  if (at < binStart(detection.bin + 1)) return NOTHING;
  detection.began ??= at;
  const due = Number.isFinite(detection.bin) ? closeBin(detection, binStart(detection.bin + 1)) : NOTHING;
  detection.bin = binOf(at);
  return due;
}

/** Everything that is still held back is counted, and every open episode is due: the input has ended. */
export function finish(detection: Detection, at: Instant, names: Names): readonly Due[] {
  for (const waiting of released(detection.challenges, plusMs(at, 3_600_000))) observeAgain(detection, waiting, names);
  closeBin(detection, at);
  detection.bin += 1;
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
  else noteProbe(detection.probes, call);
  for (let i = 0; i < call.furtherCount; i++) {
    const operation = call.further[i] ?? -1;
    if (passedAuthorization(statusAt(call.table, operation))) countSuccess(detection, call, operation, 0);
  }
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

/** Without a refusal for so long, what was refused is looked at once more: a short burst is one only when it is over. */
const SETTLED_MS: DurationMs = 300_000;

/**
 * Explained anew when the refusals since the last pause have grown by a quarter, not on a timer: nearly all the cost is
 * here.
 */
function isDue(symptom: Symptom, at: Instant): boolean {
  if (msBetween(at, symptom.explainedAt) < EXPLAIN_SPACING_MS) return false;
  const settled = plusMs(symptom.lastRefused, SETTLED_MS);
  if (at >= settled && symptom.explainedAt < settled) return true;
  if (symptom.counted === symptom.explainedCount) return false;
  const { counted, explainedCount, settledCount } = symptom;
  const fresh = counted - settledCount >= (explainedCount - settledCount) * EXPLAIN_GROWTH + 1;
  return fresh || msBetween(at, symptom.explainedAt) > 300_000;
}

function explainNow(symptom: Symptom, onset: Instant, at: Instant): Due {
  symptom.explainedAt = at;
  symptom.explainedCount = symptom.counted;
  if (at >= plusMs(symptom.lastRefused, SETTLED_MS)) symptom.settledCount = symptom.counted;
  return { symptom, onset, at };
}
