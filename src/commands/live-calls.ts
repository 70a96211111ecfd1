import type { Analysis } from "../analysis.ts";
import { compareTwo } from "../findings/call-comparison.ts";
import { spansOf } from "../findings/call-spans.ts";
import { callStory } from "../findings/call-story.ts";
import { lastSuccess } from "../findings/like-call.ts";
import { CALL_COLUMNS, type CallEvidence, columnPlace } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import type { KeptCall, View } from "../server/view.ts";
import type { CallLog } from "../store/store.ts";
import { findingsOfCall } from "./call-findings.ts";

const OUTCOME = columnPlace(CALL_COLUMNS, "outcome");

interface Around {
  readonly current: Analysis | undefined;
  readonly findCalls: CallLog["find"];
  readonly findings: readonly Finding[];
}

/** Calls of one id that are shown: ids are meant to be unique, and callers can choose some. */
const MOST_CALLS = 20;

/** The kept calls of an id with what the analysis knows about them now. */
export function keptCalls(id: string, around: Around): ReturnType<View["calls"]> {
  const { calls, damages } = around.findCalls(id.trim().toLowerCase());
  return {
    calls: calls.slice(-MOST_CALLS).map((one) => keptCall(one, around)),
    damages: damages.map(({ says }) => says),
  };
}

const keptCall = (evidence: CallEvidence, { current, findCalls, findings }: Around): KeptCall => ({
  story: callStory(evidence),
  spans: spansOf(evidence),
  findings: findingsOfCall(findings, evidence),
  success() {
    const id = current === undefined ? undefined : lastSuccess(current.detection, evidence);
    if (id === undefined) return undefined;
    const found = findCalls(id).calls.findLast(({ call }) => call[OUTCOME] === "succeeded");
    return found === undefined ? undefined : { story: callStory(found), compared: compareTwo(evidence, found) };
  },
});
