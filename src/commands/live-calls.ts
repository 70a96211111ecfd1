import type { Analysis } from "../analysis.ts";
import { besideSuccess } from "../findings/call-comparison.ts";
import { spansOf } from "../findings/call-spans.ts";
import { callStory } from "../findings/call-story.ts";
import { isSuccess, lastSuccess } from "../findings/like-call.ts";
import type { CallEvidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import type { KeptCall, View } from "../server/view.ts";
import type { CallLog } from "../store/store.ts";
import { findingsOfCall } from "./call-findings.ts";

interface Around {
  readonly current: Analysis | undefined;
  readonly findCalls: CallLog["find"];
  readonly findings: readonly Finding[];
}

/** Calls of one id that are shown: ids are meant to be unique, and callers can choose some. */
export const MOST_CALLS = 20;

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
    const found = current === undefined ? undefined : keptSuccess(evidence, { current, findCalls });
    return found && besideSuccess(evidence, found);
  },
});

/** The last call before it of the same caller's same operation that succeeded, among those that are kept. */
export function keptSuccess(
  evidence: CallEvidence,
  { current, findCalls }: { readonly current: Analysis; readonly findCalls: CallLog["find"] },
): CallEvidence | undefined {
  const id = lastSuccess(current.detection, evidence);
  return id === undefined ? undefined : findCalls(id).calls.findLast(isSuccess);
}
