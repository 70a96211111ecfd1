import { trialsOf, type Trial } from "../correlate/call.ts";
import type { Call, Layer, Outcome } from "../model/call.ts";
import { type DurationMs, epochMs, type Instant, instantFromMs, msBetween, plusMs } from "../model/time.ts";
import { type Cells, createCells, countTrial, stepCells } from "./cells.ts";
import { answer, type Challenges, createChallenges, hold, released } from "./challenge.ts";
import { COLUMNS, createDictionary, type Dictionary, encodeRow, intern, WIDTH } from "./columns.ts";
import { createCredibility, type Credibility, judgeRefusal, noteRefusal, noteSuccess, unitOf } from "./credible.ts";
import { addCall, createRows, pushRow, type Rows } from "./rows.ts";

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
export interface Detection {
  readonly dictionaries: readonly Dictionary[];
  readonly units: Dictionary;
  readonly credibility: Credibility;
  readonly challenges: Challenges;
  readonly succeeded: Rows;
  readonly symptoms: Map<string, Symptom>;
  readonly cells: Cells;
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
  dictionaries: COLUMNS.map(createDictionary),
  units: createDictionary(),
  credibility: createCredibility(200_000),
  challenges: createChallenges(),
  succeeded: createRows(SUCCEEDED_ROWS),
  symptoms: new Map(),
  cells: createCells(WIDTH),
  bin: Number.NEGATIVE_INFINITY,
  symptomsRefused: 0,
});

const binOf = (at: Instant): number => Math.floor(epochMs(at) / BIN_MS);
const binStart = (bin: number): Instant => instantFromMs(bin * BIN_MS);

/** Counts one call, in the order of event time, and says which episodes are due for an explanation. */
export function detect(detection: Detection, call: Call): readonly Due[] {
  const due = advance(detection, call.time);
  for (const waiting of released(detection.challenges, call.time)) observe(detection, waiting);
  if (call.outcome.kind === "succeeded") answer(detection.challenges, call);
  if (!hold(detection.challenges, call)) observe(detection, call);
  return due;
}

/** Closes the bins before `at`. */
export function advance(detection: Detection, at: Instant): readonly Due[] {
  const bin = binOf(at);
  if (bin <= detection.bin) return [];
  const due = Number.isFinite(detection.bin) ? closeBin(detection, binStart(detection.bin + 1)) : [];
  detection.bin = bin;
  return due;
}

/** Everything that is still held back is counted, and every open episode is due: the input has ended. */
export function finish(detection: Detection, at: Instant): readonly Due[] {
  for (const waiting of released(detection.challenges, plusMs(at, 3_600_000))) observe(detection, waiting);
  closeBin(detection, at);
  return [...detection.symptoms.values()].flatMap((symptom) =>
    symptom.onset === undefined ? [] : [{ symptom, onset: symptom.onset, at }],
  );
}

function observe(detection: Detection, call: Call): void {
  trialsOf(call).forEach((trial, i) => {
    const { outcome } = trial;
    if (outcome.kind === "succeeded") countSuccess(detection, call, trial, i === 0 ? 1 : 0);
    else if (outcome.kind === "refused" || isWriteToReadRegion(outcome)) {
      countRefusal(detection, call, { trial, layer: outcome.layer, symptom: outcome.symptom });
    }
  });
}

type LookAlike = Extract<Outcome, { kind: "look-alike" }>;

/** No matter of authorization, but the one look-alike that a failover turns into an outage of all writes. */
const isWriteToReadRegion = (outcome: Outcome): outcome is LookAlike =>
  outcome.kind === "look-alike" && outcome.reason === WRITE_REGION;

function rowIds(detection: Detection, call: Call, trial: Trial): Int32Array {
  const row = new Int32Array(WIDTH);
  const addresses = { caller: call.gateway?.callerAddress, client: trial.operation?.clientAddress };
  encodeRow(detection.dictionaries, trial.dimensions, addresses, row);
  return row;
}

function countSuccess(detection: Detection, call: Call, trial: Trial, calls: 0 | 1): void {
  const own = call.outcome.kind === "succeeded";
  const unitName = own ? noteSuccess(detection.credibility, call, trial) : unitOf(call, trial);
  const unit = intern(detection.units, calls === 1 ? unitName : `${unitName}|further`);
  const ids = rowIds(detection, call, trial);
  countTrial(detection.cells, { bin: detection.bin, ids, unit });
  pushRow(detection.succeeded, {
    time: call.time,
    unit,
    weight: calls,
    trials: 1,
    status: call.gateway?.status ?? trial.operation?.status ?? 200,
    ids,
    call: call.id,
    facts: undefined,
  });
}

function countRefusal(
  detection: Detection,
  call: Call,
  refusal: { trial: Trial; layer: Layer; symptom: string },
): void {
  const verdict = judgeRefusal(detection.credibility, call, refusal.trial);
  if (verdict.kind === "never-succeeded") return;
  if (verdict.kind === "collapsed") {
    const collapsed = detection.symptoms.get(verdict.symptom);
    if (collapsed === undefined) return;
    addCall(collapsed.rows, verdict.row, intern(detection.units, verdict.unit));
    collapsed.lastRefused = call.time;
    return;
  }
  const symptom = symptomNamed(detection, refusal.symptom, refusal.layer);
  if (symptom === undefined) return;
  const unit = intern(detection.units, verdict.unit);
  const ids = rowIds(detection, call, refusal.trial);
  countTrial(detection.cells, { bin: detection.bin, ids, unit, refusedAs: symptom.name });
  const status = statusOf(refusal.trial);
  const facts = factsOf(call, refusal.trial, refusal.layer);
  const row = pushRow(symptom.rows, { time: call.time, unit, weight: 1, trials: 1, status, ids, call: call.id, facts });
  symptom.counted += 1;
  symptom.lastRefused = call.time;
  noteRefusal(detection.credibility, verdict.unit, { at: call.time, row, symptom: symptom.name });
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
