import { hash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { analyzePaths } from "../src/commands/analyze-paths.ts";
import { callEvidence } from "../src/correlate/call-evidence.ts";
import { CALL_COLUMNS, type CallEvidence, columnPlace, OPERATION_COLUMNS } from "../src/model/evidence.ts";
import { type Instant, instantFromTicks, plusMs } from "../src/model/time.ts";
import { openCallLog } from "../src/store/call-log.ts";
import { corpusOf } from "./corpus.ts";
import { BASE } from "./corpus/spec.ts";

const ROUND_MS = 600_000;
const ID = columnPlace(CALL_COLUMNS, "id");
const TIME = columnPlace(CALL_COLUMNS, "time");
const OWN = [columnPlace(OPERATION_COLUMNS, "call_id"), columnPlace(OPERATION_COLUMNS, "activity_id")];
const OPERATION_TIME = columnPlace(OPERATION_COLUMNS, "time");

/** The id of the i-th call that `keepCalls` keeps. */
export const keptId = (i: number): string =>
  hash("md5", String(i)).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");

/** Keeps so many calls in segments: those of a corpus, again and again with ids and times of their own. */
export async function keepCalls(folder: string, wanted: number): Promise<void> {
  const corpus = await corpusOf({ ...BASE, calls: Math.min(wanted, 50_000) }, ["mixed"]);
  const some: CallEvidence[] = [];
  await analyzePaths([corpus.path("mixed")], { onCall: (call) => some.push(callEvidence(call)) });
  mkdirSync(folder, { recursive: true });
  const log = openCallLog(folder, 1e15);
  log.begin(0);
  for (let i = 0; i < wanted; i++) {
    const one = some[i % some.length];
    if (one !== undefined) log.add(again(one, i, Math.floor(i / some.length)));
    if (!log.isFull) continue;
    await log.flush();
    await log.settle();
  }
  await log.flush();
  await log.settle();
}

function again({ time, call, operations }: CallEvidence, i: number, round: number): CallEvidence {
  const guid = keptId(i);
  const later = (at: number): Instant => plusMs(instantFromTicks(at), ROUND_MS * round);
  return {
    time: later(time),
    call: call.with(ID, guid).with(TIME, later(time)),
    operations: operations.map((one) =>
      OWN.reduce((cells, place) => cells.with(place, guid), one).with(
        OPERATION_TIME,
        later(Number(one[OPERATION_TIME])),
      ),
    ),
    ids: [guid],
  };
}
