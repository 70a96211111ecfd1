import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../config/config.ts";
import { isSuccess } from "../findings/like-call.ts";
import type { Access } from "../model/access.ts";
import type { CallEvidence } from "../model/evidence.ts";
import type { JobSource } from "../sources/job-source.ts";
import { parseBackfill } from "../sources/log-analytics-backfill.ts";
import type { Span } from "../sources/query-text.ts";
import type { Store } from "../store/store.ts";
import type { Logger } from "../telemetry/log.ts";
import { backfillJob, JOBS } from "./backfill-job.ts";
import type { ControlHandler } from "./control.ts";
import type { KeptAnswer } from "./find-call.ts";
import type { KeptCalls } from "./kept-calls.ts";
import { MOST_CALLS } from "./live-calls.ts";
import { retryJob } from "./reject-job.ts";
import type { StateFacts } from "./state-facts.ts";

export interface Serving {
  readonly config: Config;
  readonly store: Store;
  /** Undefined where it ends with its files. */
  readonly jobs: JobSource | undefined;
  readonly log: Logger;
  /** What the state knows, and the kept calls that others may read. */
  readonly facts: () => StateFacts;
  readonly calls: Pick<KeptCalls, "find" | "settled">;
  /** The last call before it of the same caller's same operation that succeeded. */
  readonly successBefore: (call: CallEvidence) => CallEvidence | undefined;
  /** Throws where it cannot be noted. */
  readonly note: (access: Access) => void;
}

type Say = (value: unknown) => void;

/** How long is waited until what was closed just now is durable; what is not then comes with a later export. */
const SETTLE_MS = 3_000;

/** Does what other commands ask of the running analyzer. A job goes on when who asked for it is gone. */
export function controlHandler(serving: Serving): ControlHandler {
  const { config, store } = serving;
  return async (request, say) => {
    switch (request.do) {
      case "backfill":
        return startBackfill(serving, request, say);
      case "rejects":
        return say(store.rejects(request));
      case "reject-counts":
        return say(store.rejectCounts());
      case "facts":
        await Promise.race([serving.calls.settled(), sleep(SETTLE_MS, undefined, { ref: false })]);
        return say(serving.facts());
      case "note":
        return serving.note(request.access);
      case "call": {
        const { calls, damages } = serving.calls.find(request.id);
        const successes = calls
          .slice(0, MOST_CALLS)
          .map((call) => (isSuccess(call) ? null : (serving.successBefore(call) ?? null)));
        return say({ calls, damages, successes, findings: serving.store.findings() } satisfies KeptAnswer);
      }
      case "retry":
        return jobsOf(serving).add(retryJob({ ...request, store, joinBy: config.joinBy, onDone: say }));
    }
  };
}

async function startBackfill(
  serving: Serving,
  { source, from, to }: { readonly source: string } & Span,
  say: Say,
): Promise<void> {
  const { config, log } = serving;
  const workspace = config.sources.find(({ type, name }) => type === "log-analytics" && name === source);
  if (workspace?.type !== "log-analytics")
    throw new Error(`the running serve has no source of type log-analytics named ${source}`);
  const span = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  log.info({ source, ...span }, "backfill begins");
  const tell = {
    onProgress: say,
    onTrouble: (error: Error) => log.warn({ source, because: error.message }, "trying again"),
  };
  await jobsOf(serving).add(backfillJob(workspace, { from, to }, tell));
  log.info({ source, ...span }, "backfill is done");
}

function jobsOf({ jobs }: Serving): JobSource {
  if (jobs === undefined) throw new Error("the running serve reads files only. Stop it, and try again.");
  return jobs;
}

/** Backfills that a stop cut short go on. */
export function resumeBackfills(serving: Serving): void {
  const { store, log } = serving;
  for (const [source, checkpoint] of store.load().positions.get(JOBS) ?? []) {
    const unfinished = parseBackfill(checkpoint);
    if (unfinished === undefined || unfinished.isDone) continue;
    startBackfill(serving, { source, ...unfinished }, () => undefined).catch((error: unknown) =>
      log.warn({ source, because: error instanceof Error ? error.message : String(error) }, "backfill ended early"),
    );
  }
}
