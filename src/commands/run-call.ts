import { styleText } from "node:util";
import { callEvidence, hasId } from "../correlate/call-evidence.ts";
import { selects } from "../exports/scope.ts";
import { type CallStory, callStory } from "../findings/call-story.ts";
import { plainText } from "../lib/plain-text.ts";
import type { CallEvidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import { formatInstant } from "../model/time.ts";
import { parseJoinPath } from "../normalize/join-path.ts";
import { analyzePaths } from "./analyze.ts";
import { renderCall } from "./call-text.ts";
import { EXIT } from "./exit-codes.ts";
import { PathError } from "./path-error.ts";
import { createProgressLine } from "./progress.ts";
import { tomorrow } from "./read-privileges.ts";

export interface CallFlags {
  readonly in?: readonly string[];
  readonly joinBy?: string;
  readonly json?: boolean;
}

/** Calls of one id that are shown; ids are meant to be unique, and callers can choose some. */
const MOST = 20;

interface Found {
  readonly evidence: CallEvidence;
  readonly story: CallStory;
  readonly findings: readonly Finding[];
}

/** Prints one call; gives the exit code. */
export async function runCall(id: string, flags: CallFlags): Promise<number> {
  const { in: paths = [], joinBy } = flags;
  const path = joinBy === undefined ? undefined : parseJoinPath(joinBy);
  if (joinBy !== undefined && path === undefined) return usage(`--join-by: "${joinBy}" leads to no field`);
  if (paths.length === 0) return usage("--in: name files or folders to read");
  const line = createProgressLine();
  const evidence: CallEvidence[] = [];
  let count = 0;
  let losses = 0;
  const wanted = id.trim().toLowerCase();
  try {
    const report = await analyzePaths(paths, {
      until: tomorrow(),
      joinBy: path,
      onProgress: (bytes, records) => line.show(() => `${(bytes / 1e6).toFixed(0)} MB · ${records} records`),
      onLoss(says) {
        losses += 1;
        line.clear();
        say(says);
      },
      onCall(call) {
        if (!hasId(call, wanted)) return;
        count += 1;
        if (evidence.length < MOST) evidence.push(callEvidence(call));
      },
    });
    line.clear();
    const found = evidence.map((one) => ({
      evidence: one,
      story: callStory(one),
      findings: report.findings.filter((finding) => isOf(finding, one)),
    }));
    print(id, found, { count, json: flags.json === true });
    if (count === 0) return EXIT.findings;
    return losses > 0 ? EXIT.partial : EXIT.ok;
  } catch (error) {
    line.clear();
    if (!(error instanceof PathError)) throw error;
    return usage(error.message);
  }
}

/** Findings of refusals whose calls this one is among; those about privileges are of principals, not of calls. */
const isOf = (finding: Finding, evidence: CallEvidence): boolean =>
  finding.kind === "intermittent-refusal" && selects({ finding })(evidence);

function print(
  id: string,
  found: readonly Found[],
  { count, json }: { readonly count: number; readonly json: boolean },
): void {
  if (json) {
    const calls = found.map(({ story, findings }) => storyJson(story, findings));
    process.stdout.write(`${JSON.stringify({ schema: "scopetrail.call/1", id, count, calls }, null, 2)}\n`);
    return;
  }
  if (count === 0) say(`there is no call with the id ${id} in this input`);
  const colour = styleText("bold", "x", { stream: process.stdout }) !== "x";
  const texts = found.map(({ story, findings }) => renderCall(story, findings, { colour, columns: undefined }));
  process.stdout.write(texts.join("\n"));
  if (count > found.length) say(`${count - found.length} more calls have this id`);
}

/** A call's story as JSON: instants as text. */
function storyJson(story: CallStory, findings: readonly Finding[]): Record<string, unknown> {
  return {
    ...story,
    time: formatInstant(story.time),
    steps: story.steps.map(({ at, where, says }) => ({ at: formatInstant(at), where, says })),
    findings: findings.map((finding) => finding.id),
  };
}

const say = (text: string): void => void process.stderr.write(`call: ${plainText(text)}\n`);

function usage(says: string): number {
  for (const text of says.split("\n")) say(text);
  return EXIT.usage;
}
