import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { resolveSecret } from "../config/secret.ts";
import { callEvidence, idsOf } from "../correlate/call-evidence.ts";
import { callStory } from "../findings/call-story.ts";
import { callsForBound, cleanBound } from "../lib/clean-bound.ts";
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

export interface VerifyPathFlags {
  readonly url?: string;
  readonly count?: string;
  readonly below: string;
  readonly method: string;
  readonly header?: readonly string[];
  readonly concurrency: string;
  readonly in?: readonly string[];
  readonly wait: string;
  readonly json?: boolean;
}

const MARK = "x-scopetrail-mark";
const CONFIDENCE = 0.95;
const MOST_CALLS = 100_000;
const TIMEOUT_MS = 30_000;
/** Between two looks at logs that do not have all yet. */
const LOOK_MS = 5_000;

interface Plan {
  readonly url: URL;
  readonly method: string;
  readonly count: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly concurrency: number;
  readonly paths: readonly string[];
  readonly waitMs: number;
}

/** Sends, follows, judges; talks on standard error, gives the exit code. */
export async function runVerify(flags: VerifyPathFlags): Promise<number> {
  const plan = planOf(flags, process.env);
  if (!plan.ok) return usage(plan.error);
  const stop = stopSignal();
  const line = createProgressLine();
  const { count, paths } = plan.value;
  const sent = await sendMarked({
    ...plan.value,
    marks: Array.from({ length: count }, () => randomUUID()),
    markHeader: MARK,
    timeoutMs: TIMEOUT_MS,
    signal: stop,
    onSent: (done) => line.show(() => `${done} of ${count} calls sent`),
  });
  line.clear();
  if (stop.aborted) return EXIT.interrupted;
  const told = paths.length === 0 ? undefined : await follow(plan.value, sent, stop);
  if (told !== undefined && !told.ok) return usage([told.error]);
  const outcome = outcomeOf(sent, told?.value);
  process.stdout.write(flags.json === true ? `${JSON.stringify(outcome, null, 2)}\n` : textOf(outcome));
  if (outcome.refused > 0) return EXIT.findings;
  if (outcome.answered === 0) return EXIT.unreachable;
  return outcome.notFound > 0 ? EXIT.partial : EXIT.ok;
}

/** Verdicts on the marked calls as far as the logs have them, by mark. */
async function follow(
  { paths, waitMs }: Plan,
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

interface Outcome {
  readonly sent: number;
  readonly answered: number;
  readonly refused: number;
  /** Answers by status; failures by what was said. */
  readonly answers: Readonly<Record<string, number>>;
  readonly confidence: number;
  /** Refused share that is ruled out, where none was refused. */
  readonly below: number | null;
  /** Calls that are not in the logs; 0 where none were read. */
  readonly notFound: number;
  /** Verdicts on refused calls, as the logs tell, each with how often. */
  readonly why: readonly { readonly says: string; readonly count: number }[];
}

const isRefusal = ({ status }: Sent): boolean => status === 401 || status === 403;

function outcomeOf(sent: readonly Sent[], told: ReadonlyMap<string, string> | undefined): Outcome {
  const answered = sent.filter(({ status }) => status !== undefined);
  const refused = answered.filter(isRefusal);
  const why = refused.flatMap(({ mark }) => told?.get(mark) ?? []);
  return {
    sent: sent.length,
    answered: answered.length,
    refused: refused.length,
    answers: Object.fromEntries(countsOf(sent.map(({ status, failure }) => String(status ?? failure ?? "no answer")))),
    confidence: CONFIDENCE,
    below: refused.length === 0 && answered.length > 0 ? cleanBound(answered.length, CONFIDENCE) : null,
    notFound: told === undefined ? 0 : sent.length - told.size,
    why: [...countsOf(why)].map(([says, count]) => ({ says, count })),
  };
}

function countsOf(texts: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

function textOf({ sent, answered, refused, answers, below, notFound, why }: Outcome): string {
  const parts = Object.entries(answers).map(([answer, count]) => `${count} × ${plainText(answer)}`);
  const verdict =
    below === null
      ? answered === 0
        ? "No answer: nothing can be said."
        : `Not clean: ${refused} of ${answered} calls were refused.`
      : `Clean to under ${Number((100 * below).toPrecision(2))} % at 95 %: none of ${answered} calls was refused.`;
  const lines = [verdict, `  ${sent} sent: ${parts.join(", ")}`];
  for (const { says, count } of why.slice(0, 20)) lines.push(`  ${count} × ${plainText(says)}`);
  if (notFound > 0) lines.push(`  ${notFound} of ${sent} calls are not in the logs (yet).`);
  return `${lines.join("\n")}\n`;
}

function planOf(flags: VerifyPathFlags, environment: NodeJS.ProcessEnv): Result<Plan, readonly string[]> {
  const faults: string[] = [];
  const below = Number(flags.below) / 100;
  if (!(below > 0 && below < 1)) faults.push(`--below: "${flags.below}" is no share between 0 and 100`);
  const count = Number(flags.count ?? (faults.length > 0 ? 1 : callsForBound(below, CONFIDENCE)));
  if (!Number.isSafeInteger(count) || count < 1 || count > MOST_CALLS)
    faults.push(`--count: a whole number from 1 to ${MOST_CALLS}`);
  const concurrency = Number(flags.concurrency);
  if (!Number.isSafeInteger(concurrency) || concurrency < 1 || concurrency > 64)
    faults.push("--concurrency: a whole number from 1 to 64");
  const wait = Number(flags.wait);
  if (!(wait >= 0 && wait <= 86_400)) faults.push("--wait: seconds from 0 to 86400");
  const method = flags.method.toUpperCase();
  if (method !== "GET" && method !== "HEAD") faults.push("--method: GET or HEAD, which change nothing");
  const url = URL.canParse(flags.url ?? "") ? new URL(flags.url ?? "") : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) faults.push("--url: an http or https address");
  const headers = headersOf(flags.header ?? [], environment, faults);
  if (faults.length > 0 || url === undefined) return err(faults);
  return ok({ url, method, count, headers, concurrency, paths: flags.in ?? [], waitMs: 1_000 * wait });
}

function headersOf(
  texts: readonly string[],
  environment: NodeJS.ProcessEnv,
  faults: string[],
): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const text of texts) {
    const found = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)$/.exec(text);
    if (found === null) {
      faults.push("--header: as Name: value");
      continue;
    }
    const [, name = "", value = ""] = found;
    const secret = /^(?:env|file):/.test(value) ? resolveSecret(value, environment) : ok(value);
    if (secret.ok) headers.set(name, secret.value);
    else faults.push(`--header ${name}: ${secret.error}`);
  }
  return headers;
}

function usage(faults: readonly string[]): number {
  for (const fault of faults) process.stderr.write(`verify: ${plainText(fault)}\n`);
  return EXIT.usage;
}
