import { existsSync } from "node:fs";
import { styleText } from "node:util";
import { callEvidence, hasId } from "../correlate/call-evidence.ts";
import { type CallStory, callStory, toStoryJson } from "../findings/call-story.ts";
import { plainText } from "../lib/plain-text.ts";
import type { CallEvidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import { type JoinPath, parseJoinPath } from "../normalize/join-path.ts";
import { callsFolder } from "../store/call-log.ts";
import { findInSegments } from "../store/segment-folder.ts";
import type { FoundCalls } from "../store/store.ts";
import { analyzePaths } from "./analyze-paths.ts";
import { findingsOfCall } from "./call-findings.ts";
import { renderCall } from "./call-text.ts";
import { askControl } from "./control.ts";
import { EXIT } from "./exit-codes.ts";
import { DEFAULT_STATE } from "./export-options.ts";
import { noteAccess } from "./note-access.ts";
import { PathError } from "./path-error.ts";
import { createProgressLine } from "./progress-line.ts";
import { tomorrow } from "./read-privileges.ts";
import { readFacts } from "./state-facts.ts";

export interface CallFlags {
  readonly in?: readonly string[];
  readonly state?: string;
  readonly joinBy?: string;
  readonly json?: boolean;
}

/** Calls of one id that are shown; ids are meant to be unique, and callers can choose some. */
const MOST = 20;

interface Found {
  readonly story: CallStory;
  readonly findings: readonly Finding[];
}

/** What was found for an id. */
interface Search {
  /** At most `MOST`. */
  readonly evidence: readonly CallEvidence[];
  readonly count: number;
  readonly findings: readonly Finding[];
  /** Some of the input could not be read. */
  readonly isPartial: boolean;
}

/** Prints one call; gives the exit code. */
export async function runCall(id: string, flags: CallFlags): Promise<number> {
  const { in: paths = [], joinBy, state = DEFAULT_STATE } = flags;
  const path = joinBy === undefined ? undefined : parseJoinPath(joinBy);
  if (joinBy !== undefined && path === undefined) return usage(`--join-by: "${joinBy}" leads to no field`);
  const wanted = id.trim().toLowerCase();
  try {
    const search = await (paths.length === 0 ? searchKept(state, wanted) : searchFiles(paths, wanted, path));
    const { count, evidence, findings, isPartial } = search;
    const found = evidence.map((one) => ({
      story: callStory(one),
      findings: findingsOfCall(findings, one),
    }));
    print(id, found, { count, json: flags.json === true });
    if (count === 0) return EXIT.findings;
    return isPartial ? EXIT.partial : EXIT.ok;
  } catch (error) {
    if (!(error instanceof PathError)) throw error;
    return usage(error.message);
  }
}

/** What the `serve` that has the state says, which knows what is not on the disk yet; else what is there. */
async function searchKept(state: string, id: string): Promise<Search> {
  const { calls, damages, findings } = (await askServe(state, id)) ?? (await onDisk(state, id));
  const unnoted = await noteAccess(state, { what: "call", via: "call", filter: id, rows: calls.length, outcome: "ok" });
  if (unnoted !== undefined) say(unnoted);
  for (const { file, says } of damages) say(`${file}: ${says}`);
  return { evidence: calls.slice(0, MOST), count: calls.length, findings, isPartial: damages.length > 0 };
}

type Kept = FoundCalls & Pick<Search, "findings">;

async function askServe(state: string, id: string): Promise<Kept | undefined> {
  let kept: Kept | undefined;
  const end = await askControl(state, { do: "call", id }, (value) => {
    // Written by the same program on the same machine, and plain data.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    kept = value as Kept;
  });
  return end?.kind === "done" ? kept : undefined;
}

async function onDisk(state: string, id: string): Promise<Kept> {
  const folder = callsFolder(state);
  if (!existsSync(folder))
    throw new PathError(`${folder}: there are no kept calls. Name files with --in, or a --state.`);
  return { ...findInSegments(folder, id), findings: (await readFacts(state)).findings };
}

async function searchFiles(paths: readonly string[], id: string, joinBy: JoinPath | undefined): Promise<Search> {
  const line = createProgressLine();
  const evidence: CallEvidence[] = [];
  let count = 0;
  let losses = 0;
  try {
    const { findings } = await analyzePaths(paths, {
      until: tomorrow(),
      joinBy,
      onProgress: (bytes, records) => line.show(() => `${(bytes / 1e6).toFixed(0)} MB · ${records} records`),
      onLoss(says) {
        losses += 1;
        line.clear();
        say(says);
      },
      onCall(call) {
        if (!hasId(call, id)) return;
        count += 1;
        if (evidence.length < MOST) evidence.push(callEvidence(call));
      },
    });
    return { evidence, count, findings, isPartial: losses > 0 };
  } finally {
    line.clear();
  }
}

function print(
  id: string,
  found: readonly Found[],
  { count, json }: { readonly count: number; readonly json: boolean },
): void {
  if (json) {
    const calls = found.map(({ story, findings }) => ({
      ...toStoryJson(story),
      findings: findings.map((finding) => finding.id),
    }));
    process.stdout.write(`${JSON.stringify({ schema: "scopetrail.call/1", id, count, calls }, null, 2)}\n`);
    return;
  }
  if (count === 0) say(`there is no call with the id ${id} in this input`);
  const colour = styleText("bold", "x", { stream: process.stdout }) !== "x";
  const texts = found.map(({ story, findings }) => renderCall(story, findings, { colour, columns: undefined }));
  process.stdout.write(texts.join("\n"));
  if (count > found.length) say(`${count - found.length} more calls have this id`);
}

const say = (text: string): void => void process.stderr.write(`call: ${plainText(text)}\n`);

function usage(says: string): number {
  for (const text of says.split("\n")) say(text);
  return EXIT.usage;
}
