import { AsyncLocalStorage } from "node:async_hooks";
import type { TokenCredential } from "@azure/identity";
import type { LogsTable } from "@azure/monitor-query-logs";
import { err, ok, type Result } from "../lib/result.ts";
import { type AskFailure, failureOf } from "./log-analytics-errors.ts";
import type { Span } from "./query-text.ts";

export interface WorkspaceConfig {
  /** The source that asks, for its errors. */
  readonly source: string;
  readonly workspaceId: string;
  readonly credential: TokenCredential;
  /** Of the query interface, without a path: `https://api.loganalytics.io` without it. */
  readonly endpoint?: string | undefined;
  /** Told the `Date` header of each answer. */
  readonly onDate?: ((header: string | undefined) => void) | undefined;
}

export interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  /** Of the answer's body. */
  readonly bytes: number;
}

/** Asks one workspace; every failure is a value. */
export interface Workspace {
  /** `span` bounds TimeGenerated, as the interface takes no query without. */
  ask(query: string, span: Span, signal: AbortSignal): Promise<Result<Answer, AskFailure>>;
}

/**
 * Limits of one answer, https://learn.microsoft.com/azure/azure-monitor/service-limits#log-analytics-workspaces: 500,000 rows, about
 * 100 MiB. An answer that reaches one may have lost its end without a word.
 */
const MOST_ROWS = 500_000;
const MOST_BYTES = 95 * 1024 * 1024;
const WAIT_SECONDS = 300;

interface Exchange {
  readonly signal: AbortSignal;
  status?: number;
  bytes?: number;
  retryAfter?: string;
}

/**
 * The published client, which by itself ignores an abort, loses the status of answers that are not JSON and does not try again
 * where no time is named: the first two are mended by a policy, trying again is left to who asks. It is loaded when it is needed.
 */
export async function openWorkspace({
  source,
  workspaceId,
  credential,
  endpoint,
  onDate,
}: WorkspaceConfig): Promise<Workspace> {
  const { LogsQueryClient } = await import("@azure/monitor-query-logs");
  const exchanges = new AsyncLocalStorage<Exchange>();
  const client = new LogsQueryClient(credential, {
    retryOptions: { maxRetries: 0 },
    ...(endpoint === undefined
      ? {}
      : { endpoint: `${endpoint.replace(/\/+$/, "")}/v1`, credentials: { scopes: [scopeOf(endpoint)] } }),
  });
  client.pipeline.addPolicy(
    {
      name: "scopetrail-exchange",
      async sendRequest(request, next) {
        const exchange = exchanges.getStore();
        if (exchange !== undefined) request.abortSignal = exchange.signal;
        const response = await next(request);
        onDate?.(response.headers.get("date"));
        if (exchange === undefined) return response;
        exchange.status = response.status;
        exchange.bytes = Buffer.byteLength(response.bodyAsText ?? "");
        const retryAfter = response.headers.get("retry-after");
        if (retryAfter !== undefined) exchange.retryAfter = retryAfter;
        return response;
      },
    },
    { phase: "Deserialize" },
  );
  return {
    async ask(query, span, signal) {
      const exchange: Exchange = { signal };
      const timespan = { startTime: new Date(span.from), endTime: new Date(span.to) };
      try {
        const result = await exchanges.run(exchange, () =>
          client.queryWorkspace(workspaceId, query, timespan, { serverTimeoutInSeconds: WAIT_SECONDS }),
        );
        if ("partialError" in result) return err({ kind: "too-much", because: "the answer is not whole" });
        return wholeAnswer(result.tables[0], exchange.bytes ?? 0);
      } catch (error) {
        return err(failureOf(error, { source, workspaceId, ...exchange }));
      }
    },
  };
}

/** Of the sovereign clouds' hosts, and a public one where the endpoint is a stand-in of a test or a proxy. */
const scopeOf = (endpoint: string): string => `${new URL(endpoint).origin}/.default`;

function wholeAnswer(table: LogsTable | undefined, bytes: number): Result<Answer, AskFailure> {
  if (table === undefined) return err({ kind: "away", because: "the answer holds no table" });
  if (table.rows.length >= MOST_ROWS || bytes >= MOST_BYTES)
    return err({ kind: "too-much", because: `${table.rows.length} rows, ${bytes} bytes: the service's limit` });
  return ok({ columns: table.columnDescriptors.map(({ name }) => name ?? ""), rows: table.rows, bytes });
}
