import { besideSuccess, toBesideJson } from "../findings/call-comparison.ts";
import { callStory, toStoryJson } from "../findings/call-story.ts";
import { plainText } from "../lib/plain-text.ts";
import type { Finding } from "../model/finding.ts";
import { parseJoinPath } from "../normalize/join-path.ts";
import { findingsOfCall } from "./call-findings.ts";
import { renderCall, type ToldCall } from "./call-text.ts";
import { EXIT } from "./exit-codes.ts";
import { DEFAULT_STATE } from "./export-options.ts";
import { findInFiles, findKept, type FoundCall } from "./find-call.ts";
import { lookOf } from "./look.ts";
import { PathError } from "./path-error.ts";

export interface CallFlags {
  readonly in?: readonly string[];
  readonly state?: string;
  readonly joinBy?: string;
  readonly json?: boolean;
}

/** Prints one call; gives the exit code. */
export async function runCall(id: string, flags: CallFlags): Promise<number> {
  const { in: paths = [], joinBy, state = DEFAULT_STATE } = flags;
  const path = joinBy === undefined ? undefined : parseJoinPath(joinBy);
  if (joinBy !== undefined && path === undefined) return usage(`--join-by: "${joinBy}" leads to no field`);
  const wanted = id.trim().toLowerCase();
  try {
    const search = await (paths.length === 0
      ? findKept(state, wanted, say)
      : findInFiles({ paths, id: wanted, joinBy: path }, say));
    const { count, calls, findings, isPartial } = search;
    const found = calls.map((one) => foundOf(one, findings));
    print(id, found, { count, json: flags.json === true });
    if (count === 0) return EXIT.findings;
    return isPartial ? EXIT.partial : EXIT.ok;
  } catch (error) {
    if (!(error instanceof PathError)) throw error;
    return usage(error.message);
  }
}

const foundOf = ({ evidence, success }: FoundCall, findings: readonly Finding[]): ToldCall => ({
  story: callStory(evidence),
  findings: findingsOfCall(findings, evidence),
  success: success && besideSuccess(evidence, success),
});

function print(
  id: string,
  found: readonly ToldCall[],
  { count, json }: { readonly count: number; readonly json: boolean },
): void {
  if (json) {
    const calls = found.map(({ story, findings, success }) => ({
      ...toStoryJson(story),
      findings: findings.map((finding) => finding.id),
      lastSuccess: toBesideJson(success),
    }));
    process.stdout.write(`${JSON.stringify({ schema: "scopetrail.call/1", id, count, calls }, null, 2)}\n`);
    return;
  }
  if (count === 0) say(`there is no call with the id ${id} in this input`);
  const look = lookOf(process.stdout);
  const texts = found.map((one) => renderCall(one, look));
  process.stdout.write(texts.join("\n"));
  if (count > found.length) say(`${count - found.length} more calls have this id`);
}

const say = (text: string): void => void process.stderr.write(`call: ${plainText(text)}\n`);

function usage(says: string): number {
  for (const text of says.split("\n")) say(text);
  return EXIT.usage;
}
