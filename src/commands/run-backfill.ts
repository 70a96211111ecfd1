import { z } from "zod";
import type { Config, SourceConfig } from "../config/config.ts";
import { loadConfig } from "../config/load-config.ts";
import { reportOf } from "../findings/report.ts";
import { toReportJson } from "../findings/report-json.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { Span } from "../sources/query-text.ts";
import { SourceError } from "../sources/source-error.ts";
import type { Store } from "../store/store.ts";
import { StoreError } from "../store/store-error.ts";
import { lookOf } from "./look.ts";
import { backfillJob } from "./backfill-job.ts";
import { askControl } from "./control.ts";
import { EXIT } from "./exit-codes.ts";
import { EXIT_OF } from "./host.ts";
import { createProgress, type Progress } from "./backfill-progress.ts";
import { renderReport } from "./report-text.ts";
import { runJob, withStore } from "./run-job.ts";
import { exitCodeOf, stopSignal } from "./stop-signal.ts";

export interface BackfillFlags {
  readonly config: string;
  readonly from: number;
  readonly to?: number;
  readonly source?: string;
  readonly json?: boolean;
}

type Workspace = Extract<SourceConfig, { type: "log-analytics" }>;

/** Reads the span, in the running `serve` where there is one; gives the exit code. */
export async function runBackfill(flags: BackfillFlags): Promise<number> {
  const config = await loadConfig(flags.config);
  if (!config.ok) return usage(config.error);
  const workspace = workspaceOf(config.value, flags.source);
  if (!workspace.ok) return usage([workspace.error]);
  const span = { from: flags.from, to: flags.to ?? Date.now() };
  if (span.from >= span.to) return usage(["--from must be before --to"]);
  const progress = createProgress(process.stderr, () => performance.now());
  const job: Backfill = { config: config.value, workspace: workspace.value, span, progress, json: flags.json === true };
  return (await inServe(job)) ?? (await alone(job));
}

interface Backfill {
  readonly config: Config;
  readonly workspace: Workspace;
  readonly span: Span;
  readonly progress: Progress;
  readonly json: boolean;
}

function workspaceOf({ sources }: Config, name: string | undefined): Result<Workspace, string> {
  const all = sources.filter((source) => source.type === "log-analytics");
  const fitting = all.filter((source) => name === undefined || source.name === name);
  const [first, second] = fitting;
  if (first === undefined) {
    return err(
      all.length === 0
        ? "the configuration has no source of type log-analytics"
        : `no source of type log-analytics is named ${name}`,
    );
  }
  return second === undefined
    ? ok(first)
    : err(`name one with --source: ${all.map((source) => source.name).join(", ")}`);
}

const Told = z.object({ rows: z.number(), total: z.number(), until: z.number() });

/** Undefined where no `serve` has the state. */
async function inServe({ config, workspace, span, progress, json }: Backfill): Promise<number | undefined> {
  const request = { do: "backfill", source: workspace.name, ...span } as const;
  const end = await askControl(config.state, request, (value) => progress.tell(Told.parse(value)));
  if (end === undefined) return undefined;
  progress.stop();
  if (end.kind === "failed") {
    process.stderr.write(`backfill: ${end.because}\n`);
    return EXIT.unreachable;
  }
  process.stderr.write("backfill: done; the running serve has it\n");
  if (json) process.stdout.write('{"done":true}\n');
  return EXIT.ok;
}

async function alone(backfill: Backfill): Promise<number> {
  const stop = stopSignal();
  try {
    return await withStore(backfill.config, async (store) => exitCodeOf(await analyzed(backfill, store, stop), stop));
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return usage([error.message]);
  }
}

async function analyzed(backfill: Backfill, store: Store, stop: AbortSignal): Promise<number> {
  const { config, workspace, span, progress, json } = backfill;
  const job = backfillJob(workspace, span, {
    onProgress: (state) => progress.tell(state),
    onTrouble: (error) => void process.stderr.write(`${error.message}\n`),
  });
  const { analysis, failure } = await runJob(job, { config, store, stop });
  progress.stop();
  if (failure instanceof SourceError) {
    process.stderr.write(`${failure.message}\n`);
    return EXIT_OF[failure.kind];
  }
  if (failure !== undefined) throw failure;
  if (stop.aborted || analysis === undefined) return EXIT.ok;
  const report = reportOf(analysis);
  process.stdout.write(
    json ? `${JSON.stringify(toReportJson(report))}\n` : renderReport(report, lookOf(process.stdout)),
  );
  return EXIT.ok;
}

function usage(faults: readonly string[]): number {
  for (const fault of faults) process.stderr.write(`backfill: ${fault}\n`);
  return EXIT.usage;
}
