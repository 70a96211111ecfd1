import { writeFile } from "node:fs/promises";
import { callEvidence } from "../correlate/call-evidence.ts";
import { Buckets, incidentHtml } from "../exports/incident.ts";
import { isOfSubject } from "../exports/scope.ts";
import { callStory, type CallStory } from "../findings/call-story.ts";
import { plainText } from "../lib/plain-text.ts";
import { CALL_COLUMNS, columnPlace } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import { analyzePaths } from "./analyze-paths.ts";
import { EXIT } from "./exit-codes.ts";
import { PathError } from "./path-error.ts";
import { createProgressLine } from "./progress-line.ts";
import { tomorrow } from "./read-privileges.ts";
import { VERSION } from "./version.ts";

export interface IncidentFlags {
  readonly in?: readonly string[];
  readonly out?: string;
}

/** Calls of each kind that are told in full. */
const CALLS = 3;
const OUTCOME = columnPlace(CALL_COLUMNS, "outcome");

/** Writes one finding as a page; reads the input twice, as a finding is known once all was read. Gives the exit code. */
export async function runIncident(id: string, flags: IncidentFlags): Promise<number> {
  const { in: paths = [], out } = flags;
  if (paths.length === 0) return usage("--in: name files or folders to read");
  const line = createProgressLine();
  const onProgress = (bytes: number, records: number): void =>
    line.show(() => `${(bytes / 1e6).toFixed(0)} MB · ${records} records`);
  const losses = new Set<string>();
  const until = tomorrow();
  try {
    const report = await analyzePaths(paths, { until, onProgress, onLoss: (says) => losses.add(says) });
    const finding = report.findings.find((one) => one.id === id.trim().toUpperCase());
    if (finding === undefined) {
      line.clear();
      const known = report.findings.map((one) => one.id).join(", ");
      say(`there is no finding ${id} in this input${known === "" ? "" : `; there is ${known}`}`);
      return EXIT.findings;
    }
    const told = tellOf(finding);
    await analyzePaths(paths, { until, onProgress, onCall: (call) => told.call(callEvidence(call)) });
    line.clear();
    const page = await incidentHtml({
      finding,
      ...told.buckets(),
      calls: told.stories(),
      gaps: [...report.blindSpots.map(({ says }) => says), ...losses],
      madeAt: new Date().toISOString(),
      version: VERSION,
    });
    if (out === undefined) process.stdout.write(page);
    else await writeFile(out, page, { mode: 0o600 });
    return losses.size > 0 ? EXIT.partial : EXIT.ok;
  } catch (error) {
    line.clear();
    if (!(error instanceof PathError)) throw error;
    return usage(error.message);
  }
}

/** Gathers what a page tells of a finding's calls. */
function tellOf(finding: Finding) {
  const isOf = isOfSubject(finding);
  const wanted = [...finding.samples.refused.slice(0, CALLS), ...finding.samples.succeeded.slice(0, CALLS)];
  const stories = new Map<string, CallStory>();
  const buckets = new Buckets(finding);
  return {
    call(evidence: ReturnType<typeof callEvidence>): void {
      if (isOf(evidence)) buckets.count(evidence.time, evidence.call[OUTCOME] === "refused");
      const id = evidence.ids.find((one) => wanted.includes(one));
      if (id !== undefined) stories.set(id, callStory(evidence));
    },
    buckets: () => buckets.list(),
    stories: () => wanted.flatMap((id) => stories.get(id) ?? []),
  };
}

const say = (text: string): void => void process.stderr.write(`incident: ${plainText(text)}\n`);

function usage(says: string): number {
  for (const text of says.split("\n")) say(text);
  return EXIT.usage;
}
