import type { Accepted } from "./accept.ts";
import { type Analysis, keepBoundedInTurns } from "./analysis.ts";
import { type CallRow, createCallRow, readCall } from "./correlate/call-row.ts";
import { rememberChange } from "./correlate/changes.ts";
import { measure, waitForAll } from "./correlate/delays.ts";
import { drop, hold } from "./correlate/held.ts";
import { inferDue, takeInferred } from "./correlate/inferred.ts";
import { addGateway, addOperation, closeNext, mayClose } from "./correlate/join.ts";
import { expectPartitions, flush as flushReorder, release, stopWaiting } from "./correlate/reorder.ts";
import { detect, type Due, finish } from "./detect/detect.ts";
import { countCall } from "./findings/call-counts.ts";
import { cover, noteGap } from "./findings/coverage.ts";
import { addTally } from "./findings/input-counts.ts";
import { resolveQuiet } from "./findings/lifecycle.ts";
import { atOnce, type InTurns } from "./lib/in-turns.ts";
import { type EventTable, GATEWAY_KIND, kindOf, OPERATION_KIND, timeOf } from "./model/event-table.ts";
import type { Finding } from "./model/finding.ts";
import { isJudgementDue, judgeHeard, judgeInTurns } from "./privileges/standing.ts";
import { type DurationMs, type Instant, instantFromMs, plusMs } from "./model/time.ts";
import { type Ahead, lookAhead, takeAhead } from "./look-ahead.ts";
import { raise } from "./raise.ts";
import { applySettings } from "./settings.ts";
import { hear, miss, stand } from "./stand.ts";

/** Told of each call as it closes; the row is filled again for the next one. */
export type OnCall = (call: CallRow) => void;

/** Where the steps put what comes of them. */
interface Out {
  readonly changed: Map<string, Finding>;
  readonly onCall: OnCall | undefined;
}

const outTo = (onCall: OnCall | undefined): Out => ({ changed: new Map(), onCall });

/** The pure part: the same analysis and accepted batch give the same findings, always. Gives those that are new or changed. */
export const step = (analysis: Analysis, accepted: Accepted, onCall?: OnCall): readonly Finding[] =>
  atOnce(stepInTurns(analysis, accepted, onCall));

/** As `step`; between two turns the analysis may be looked at, and is not to be changed or taken. */
export function* stepInTurns(analysis: Analysis, accepted: Accepted, onCall?: OnCall): InTurns<readonly Finding[]> {
  const { reorder } = analysis;
  if (accepted.expects !== undefined) {
    for (const waiting of [analysis, ...analysis.looks]) expectPartitions(waiting.reorder, accepted.expects);
    return [];
  }
  if (accepted.settings !== undefined) {
    applySettings(analysis, accepted.settings);
    return [];
  }
  miss(analysis, accepted);
  if (accepted.enqueued !== undefined) measure(analysis.delays, accepted.events, accepted.enqueued);
  const ahead = takeAhead(analysis, accepted);
  const patience = waitForAll(analysis.delays);
  const wait = Math.max(reorder.lateness, patience.afterNewest);
  if (accepted.silent !== undefined) {
    const places = stopWaiting(reorder, analysis, accepted.silent, patience);
    return yield* followBoth(analysis, { ahead, places, wait }, onCall);
  }
  if (accepted.gap !== undefined) noteGap(analysis.coverage, accepted.partition, accepted.gap);
  hear(analysis, accepted);
  const places = release(reorder, analysis, accepted, patience);
  const changed = yield* followBoth(analysis, { ahead, places, wait }, onCall);
  const judged = yield* judgeHeard(analysis.standing, analysis.now);
  yield* keepBoundedInTurns(analysis);
  // Who looks meanwhile is not told of records that are followed in part.
  addTally(analysis.input, accepted.tally);
  return [...changed, ...judged];
}

interface Waited {
  readonly ahead: readonly Ahead[];
  /** Held rows in the order of event time. */
  readonly places: readonly number[];
  /** How long they waited after their event time. */
  readonly wait: DurationMs;
}

/**
 * One log alone is ahead of the joined calls by as much as these wait longer: however many records come at once, each
 * finds the other where it would be if they came one by one.
 */
function* followBoth(
  analysis: Analysis,
  { ahead, places, wait }: Waited,
  onCall: OnCall | undefined,
): InTurns<readonly Finding[]> {
  const out = outTo(onCall);
  let next = 0;
  let followed = 0;
  function* lookUntil(due: number): InTurns<void> {
    for (let one = ahead[next]; one !== undefined && one.due <= due; one = ahead[++next]) {
      for (const finding of lookAhead(analysis, one)) out.changed.set(finding.id, finding);
      if (++followed % TURN_ROWS === 0) yield;
    }
  }
  for (const place of places) {
    const time = timeOf(analysis.held.table, place);
    if (isDue(ahead[next], plusMs(time, wait))) yield* lookUntil(plusMs(time, wait));
    if (isJudgementDue(analysis.standing, time)) yield* judgeHolders(analysis, time, out);
    stand(analysis, place);
    followOne(analysis, place, out);
    if (++followed % TURN_ROWS === 0) yield;
  }
  yield* lookUntil(Number.POSITIVE_INFINITY);
  return [...out.changed.values()];
}

const isDue = (one: Ahead | undefined, at: number): boolean => one !== undefined && one.due <= at;

/** Rows that are followed in one turn: some milliseconds. */
const TURN_ROWS = 256;

/** What is held is judged when its time has come. */
function* judgeHolders({ standing }: Analysis, time: Instant, { changed }: Out): InTurns<void> {
  for (const finding of yield* judgeInTurns(standing, time)) changed.set(finding.id, finding);
}

/** correlate → detect → explain → findings, for the rows of a table that are in the order of event time. */
export function followTable(analysis: Analysis, table: EventTable, onCall?: OnCall): readonly Finding[] {
  const out = outTo(onCall);
  for (let row = 0; row < table.count; row++) followOne(analysis, hold(analysis.held, table, row), out);
  return [...out.changed.values()];
}

function followOne(analysis: Analysis, place: number, out: Out): void {
  const { join, held } = analysis;
  const { table } = held;
  const time = timeOf(table, place);
  closeUntil(analysis, time, out);
  const kind = kindOf(table, place);
  if (kind === GATEWAY_KIND) addGateway(join, table, place);
  else if (kind !== OPERATION_KIND) {
    rememberChange(analysis.changes, table.objects.get(place));
    drop(held, place);
  } else if (!addOperation(join, table, place)) drop(held, place);
  if (time > analysis.now) analysis.now = time;
}

/** The input has ended: what waits is counted, what is open is explained once more. */
export function end(analysis: Analysis, onCall?: OnCall): readonly Finding[] {
  const out = outTo(onCall);
  const { changed } = out;
  for (const place of flushReorder(analysis.reorder, analysis)) {
    const time = timeOf(analysis.held.table, place);
    if (isJudgementDue(analysis.standing, time)) atOnce(judgeHolders(analysis, time, out));
    stand(analysis, place);
    followOne(analysis, place, out);
  }
  closeUntil(analysis, instantFromMs(8_640_000_000_000_000), out);
  const at = analysis.now;
  for (const due of finish(analysis.detection, at, analysis.names)) raiseJoined(analysis, due, changed);
  analysis.findings.nextSweep = at;
  for (const finding of resolveQuiet(analysis.findings, at)) changed.set(finding.id, finding);
  return [...changed.values()];
}

function closeUntil(analysis: Analysis, now: Instant, out: Out): void {
  const { join, held, closed, inferred } = analysis;
  // What is inferred is due with the first call that closes.
  while (mayClose(join, now)) {
    inferDue(inferred, join, { table: held.table, names: analysis.names }, now);
    if (!closeNext(join, held.table, now, closed)) break;
    judge(analysis, out);
    if (closed.gateway >= 0) drop(held, closed.gateway);
    for (const place of closed.operations) drop(held, place);
  }
}

const call = createCallRow();

/**
 * A call is told once, with the operations that were inferred. Detection sees what an id joined, or each half by itself:
 * no finding rests on a guess.
 */
function judge(analysis: Analysis, { changed, onCall }: Out): void {
  const { held, names, closed, inferred } = analysis;
  const places = { table: held.table, names, gateway: closed.gateway, operations: closed.operations };
  const other = takeInferred(inferred, { join: analysis.join, table: held.table }, closed);
  if (other !== undefined && other !== "told") {
    readCall(call, { ...places, operations: other.operations, inference: other });
    tell(analysis, onCall);
  }
  readCall(call, places);
  if (other === undefined) tell(analysis, onCall);
  for (const due of detect(analysis.detection, call)) raiseJoined(analysis, due, changed);
  for (const finding of resolveQuiet(analysis.findings, call.time)) changed.set(finding.id, finding);
}

function tell({ calls, coverage }: Analysis, onCall: OnCall | undefined): void {
  countCall(calls, call);
  cover(coverage, call);
  onCall?.(call);
}

function raiseJoined(analysis: Analysis, due: Due, changed: Map<string, Finding>): void {
  for (const finding of raise(analysis, analysis.detection, due, false)) changed.set(finding.id, finding);
}
