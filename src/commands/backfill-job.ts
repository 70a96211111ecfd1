import type { SourceConfig } from "../config/config.ts";
import { createCredential } from "../sources/credential.ts";
import type { Job } from "../sources/job-source.ts";
import { backfill, type BackfillProgress } from "../sources/log-analytics-backfill.ts";
import { openWorkspace } from "../sources/log-analytics-client.ts";
import type { Span } from "../sources/query-text.ts";
import type { SourceError } from "../sources/source-error.ts";
import { credentialOf } from "./credential-of.ts";

type WorkspaceConfig = Extract<SourceConfig, { type: "log-analytics" }>;

/** Name of the source under which records of jobs are counted: rows of a backfill, rejects that were read at last. */
export const JOBS = "backfill";

const PATIENCE_MS = 60_000;

export interface BackfillTellers {
  readonly onProgress: (progress: BackfillProgress) => void;
  readonly onTrouble: (error: SourceError) => void;
}

/** Reads a workspace's rows about a span of time; its partition is the name of the workspace's source. */
export function backfillJob(source: WorkspaceConfig, span: Span, tell: BackfillTellers): Job {
  return {
    async *batches(from, signal) {
      const { name, workspaceId, endpoint, tables, credential, cloud } = source;
      yield* backfill({
        source: JOBS,
        partition: name,
        workspace: await openWorkspace({
          source: JOBS,
          workspaceId,
          endpoint,
          credential: await createCredential(credentialOf(credential), cloud),
        }),
        tables,
        span,
        checkpoint: from.get(name),
        signal,
        patienceMs: PATIENCE_MS,
        ...tell,
      });
    },
  };
}
