import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { callEvidence, idsOf } from "../correlate/call-evidence.ts";
import { callStory } from "../findings/call-story.ts";
import { plainText } from "../lib/plain-text.ts";
import { err, ok, type Result } from "../lib/result.ts";
import { parseJoinPath } from "../normalize/join-path.ts";
import { analyzePaths } from "./analyze-paths.ts";
import { EXIT } from "./exit-codes.ts";
import { PathError } from "./path-error.ts";
import { createProgressLine } from "./progress-line.ts";
import { tomorrow } from "./read-privileges.ts";
import { type Sent, sendMarked } from "./send-marked.ts";
import { stopSignal } from "./stop-signal.ts";
import { outcomeOf, outcomeText, type SentCell } from "./verify-outcome.ts";
import { planOf, type VerifyPathFlags, type VerifyPlan } from "./verify-plan.ts";

const MARK = "x-scopetrail-mark";
const TIMEOUT_MS = 30_000;
/** Between two looks at logs that do not have all yet. */
const LOOK_MS = 5_000;

/** Sends, follows, judges; talks on standard error, gives the exit code. */
export async function runVerify(flags: VerifyPathFlags): Promise<number> {
  const plan = planOf(flags, process.env);
  if (!plan.ok) return usage(plan.error);
  const stop = stopSignal();
  const cells = await sendAll(plan.value, stop);
  if (stop.aborted) return EXIT.interrupted;
  const sent = cells.flatMap((cell) => cell.sent);
  const told = plan.value.paths.length === 0 ? undefined : await follow(plan.value, sent, stop);
  if (told !== undefined && !told.ok) return usage([told.error]);
  const outcome = outcomeOf(cells, plan.value, told?.value);
  process.stdout.write(flags.json === true ? `${JSON.stringify(outcome, null, 2)}\n` : outcomeText(outcome));
  if (outcome.refused > 0) return EXIT.findings;
  if (outcome.unanswered > 0) return EXIT.unreachable;
  return outcome.notFound > 0 ? EXIT.partial : EXIT.ok;
}

/** One cell after the other, so that none takes the place of another one's calls. */
async function sendAll({ cells, count, concurrency }: VerifyPlan, signal: AbortSignal): Promise<readonly SentCell[]> {
  const line = createProgressLine();
  const done: SentCell[] = [];
  for (const cell of cells) {
    if (signal.aborted) break;
    const sent = await sendMarked({
      ...cell,
      concurrency,
      marks: Array.from({ length: count }, () => randomUUID()),
      markHeader: MARK,
      timeoutMs: TIMEOUT_MS,
      signal,
      onSent: (calls) => line.show(() => `${done.length * count + calls} of ${cells.length * count} calls sent`),
    });
    done.push({ ...cell, sent });
  }
  line.clear();
  return done;
}

/** Verdicts on the marked calls as far as the logs have them, by mark. */
async function follow(
  { paths, waitMs }: VerifyPlan,
  sent: readonly Sent[],
  stop: AbortSignal,
): Promise<Result<ReadonlyMap<string, string>, string>> {
  const joinBy = parseJoinPath(`requestHeaders.${MARK}`);
  const marks = new Set(sent.map(({ mark }) => mark));
  const verdicts = new Map<string, string>();
  const end = performance.now() + waitMs;
  for (;;) {
    try {
      await analyzePaths(paths, {
        until: tomorrow(),
        joinBy,
        onCall(call) {
          for (const id of idsOf(call))
            if (marks.has(id) && !verdicts.has(id)) verdicts.set(id, callStory(callEvidence(call)).verdict);
        },
      });
    } catch (error) {
      if (error instanceof PathError) return err(error.message);
      throw error;
    }
    if (verdicts.size >= sent.length || performance.now() + LOOK_MS > end || stop.aborted) return ok(verdicts);
    await sleep(LOOK_MS, undefined, { signal: stop }).catch(() => {});
  }
}

function usage(faults: readonly string[]): number {
  for (const fault of faults) process.stderr.write(`verify: ${plainText(fault)}\n`);
  return EXIT.usage;
}
