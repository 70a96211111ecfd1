import { existsSync } from "node:fs";
import { callEvidence, hasId } from "../correlate/call-evidence.ts";
import { isSuccess, isSuccessBefore, LIKE_CALL_MS } from "../findings/like-call.ts";
import type { CallEvidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import { plusMs } from "../model/time.ts";
import type { JoinPath } from "../normalize/join-path.ts";
import type { OnCall } from "../pipeline.ts";
import { callsFolder } from "../store/call-log.ts";
import { findInSegments, newestInSegments } from "../store/segment-folder.ts";
import type { FoundCalls } from "../store/store.ts";
import { analyzePaths } from "./analyze-paths.ts";
import { askControl } from "./control.ts";
import { MOST_CALLS } from "./live-calls.ts";
import { noteAccess } from "./note-access.ts";
import { PathError } from "./path-error.ts";
import { createProgressLine } from "./progress-line.ts";
import { tomorrow } from "./read-privileges.ts";
import { readFacts } from "./state-facts.ts";

/** A call, and the last one before it of the same caller's same operation that succeeded. */
export interface FoundCall {
  readonly evidence: CallEvidence;
  /** Undefined where there is none, and for a call that succeeded itself. */
  readonly success: CallEvidence | undefined;
}

/** What was found for an id. */
export interface CallSearch {
  /** At most `MOST_CALLS`. */
  readonly calls: readonly FoundCall[];
  readonly count: number;
  readonly findings: readonly Finding[];
  /** Some of the input could not be read. */
  readonly isPartial: boolean;
}

/** What the `serve` that has the state answers: `successes` by the places of the first calls. */
export interface KeptAnswer extends FoundCalls {
  readonly findings: readonly Finding[];
  readonly successes: readonly (CallEvidence | null)[];
}

type Say = (text: string) => void;

/** Among the calls that `serve` keeps: as it says itself, for it knows what is not on the disk yet; else as they lie there. */
export async function findKept(state: string, id: string, say: Say): Promise<CallSearch> {
  const { calls, damages, findings, successes } = (await askServe(state, id)) ?? (await onDisk(state, id));
  const unnoted = await noteAccess(state, { what: "call", via: "call", filter: id, rows: calls.length, outcome: "ok" });
  if (unnoted !== undefined) say(unnoted);
  for (const { file, says } of damages) say(`${file}: ${says}`);
  return {
    calls: calls.slice(0, MOST_CALLS).map((evidence, i) => ({ evidence, success: successes[i] ?? undefined })),
    count: calls.length,
    findings,
    isPartial: damages.length > 0,
  };
}

async function askServe(state: string, id: string): Promise<KeptAnswer | undefined> {
  let kept: KeptAnswer | undefined;
  const end = await askControl(state, { do: "call", id }, (value) => {
    // Written by the same program on the same machine, and plain data.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    kept = value as KeptAnswer;
  });
  return end?.kind === "done" ? kept : undefined;
}

async function onDisk(state: string, id: string): Promise<KeptAnswer> {
  const folder = callsFolder(state);
  if (!existsSync(folder))
    throw new PathError(`${folder}: there are no kept calls. Name files with --in, or a --state.`);
  const found = findInSegments(folder, id);
  const successes = found.calls
    .slice(0, MOST_CALLS)
    .map((call) => (isSuccess(call) ? null : (successOnDisk(folder, call) ?? null)));
  return { ...found, successes, findings: (await readFacts(state)).findings };
}

const successOnDisk = (folder: string, call: CallEvidence): CallEvidence | undefined =>
  newestInSegments(folder, { from: plusMs(call.time, -LIKE_CALL_MS), to: call.time }, isSuccessBefore(call));

/** Among the calls of files; they are read twice where a call that did not succeed is to be compared. */
export async function findInFiles(
  {
    paths,
    id,
    joinBy,
  }: { readonly paths: readonly string[]; readonly id: string; readonly joinBy: JoinPath | undefined },
  say: Say,
): Promise<CallSearch> {
  const line = createProgressLine();
  const onProgress = (bytes: number, records: number): void =>
    line.show(() => `${(bytes / 1e6).toFixed(0)} MB · ${records} records`);
  const reading = { until: tomorrow(), joinBy, onProgress };
  const evidence: CallEvidence[] = [];
  let count = 0;
  let losses = 0;
  try {
    const { findings } = await analyzePaths(paths, {
      ...reading,
      onLoss(says) {
        losses += 1;
        line.clear();
        say(says);
      },
      onCall(call) {
        if (!hasId(call, id)) return;
        count += 1;
        if (evidence.length < MOST_CALLS) evidence.push(callEvidence(call));
      },
    });
    const looks = evidence.map((one) => (isSuccess(one) ? undefined : newestOf(isSuccessBefore(one))));
    if (looks.some((look) => look !== undefined))
      await analyzePaths(paths, { ...reading, onCall: (call) => showAll(looks, call) });
    const calls = evidence.map((one, i) => ({ evidence: one, success: looks[i]?.found() }));
    return { calls, count, findings, isPartial: losses > 0 };
  } finally {
    line.clear();
  }
}

interface Newest {
  show(evidence: CallEvidence): void;
  found(): CallEvidence | undefined;
}

/** Keeps the newest of the calls that are so. */
function newestOf(is: (evidence: CallEvidence) => boolean): Newest {
  let newest: CallEvidence | undefined;
  return {
    show(evidence) {
      if ((newest === undefined || evidence.time > newest.time) && is(evidence)) newest = evidence;
    },
    found: () => newest,
  };
}

function showAll(looks: readonly (Newest | undefined)[], call: Parameters<OnCall>[0]): void {
  if (call.outcome !== "succeeded") return;
  const evidence = callEvidence(call);
  for (const look of looks) look?.show(evidence);
}
