import { setTimeout as sleep } from "node:timers/promises";
import type { Answer, Workspace } from "./log-analytics-client.ts";
import type { Slice, Span } from "./query-text.ts";
import { SourceError } from "./source-error.ts";

export interface Asking {
  readonly source: string;
  readonly workspace: Workspace;
  readonly signal: AbortSignal;
  /** Longest wait before another attempt where the service names none, ms. */
  readonly patienceMs: number;
  /** Told, at each attempt, of what is tried again. */
  readonly onTrouble: (error: SourceError) => void;
}

const FIRST_WAIT_MS = 1_000;
/** A service that asks for longer is asked again all the same: its limit may have been lifted. */
const LONGEST_ASKED_MS = 600_000;

/** The answer, however often it takes; `aborted` ends it. Throws `SourceError` where asking again changes nothing. */
export async function askPatiently(
  asking: Asking,
  query: string,
  span: Span,
): Promise<Answer | "too-much" | "absent" | "aborted"> {
  const { source, workspace, signal, patienceMs, onTrouble } = asking;
  for (let attempt = 0; !signal.aborted; attempt++) {
    const answer = await workspace.ask(query, around(span), signal);
    if (signal.aborted) return "aborted";
    if (answer.ok) return answer.value;
    const failure = answer.error;
    if (failure.kind === "fatal") throw failure.error;
    if (failure.kind === "too-much" || failure.kind === "absent") return failure.kind;
    onTrouble(new SourceError(source, "unreachable", `${failure.because}; asking again`));
    const asked = failure.kind === "throttled" ? failure.afterMs : undefined;
    const wait = Math.min(patienceMs, FIRST_WAIT_MS * 2 ** attempt) * (0.8 + 0.4 * Math.random());
    await sleep(Math.min(LONGEST_ASKED_MS, asked ?? wait), undefined, { signal }).catch(() => undefined);
  }
  return "aborted";
}

/**
 * The interface takes no query without a span of TimeGenerated. An hour later than two days the service writes the time of arrival
 * instead, and a day earlier as well. https://learn.microsoft.com/azure/azure-monitor/logs/log-standard-columns#timegenerated
 */
const around = ({ from, to }: Span): Span => ({ from: from - 3 * 86_400_000, to: to + 2 * 86_400_000 });

/** Below it, rows are told apart by their hashes: many can come in at one instant. */
const SHORTEST_MS = 1_000;
const MOST_SHARDS = 256;

/** Two halves of a slice; undefined where it cannot be cut any more. */
export function halves(slice: Slice): readonly [Slice, Slice] | undefined {
  const { from, to, shards, shard } = slice;
  if (to - from > SHORTEST_MS) {
    const middle = Math.floor((from + to) / 2);
    return [
      { ...slice, to: middle },
      { ...slice, from: middle },
    ];
  }
  if (shards >= MOST_SHARDS) return undefined;
  return [
    { ...slice, shards: 2 * shards, shard },
    { ...slice, shards: 2 * shards, shard: shard + shards },
  ];
}
