import { randomBytes } from "node:crypto";
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import { problem } from "./problem.ts";
import type { View } from "./view.ts";

const COALESCE_MS = 1_000;
const HEARTBEAT_MS = 15_000;

/** Clients that listen at once. */
const MOST_OPEN = 256;
const open = new WeakMap<Feed, number>();

/** The changes of a view since the start, numbered, so that a client can say up to where it knows. */
export interface Feed {
  /** Id of the newest change: this process and a number. */
  readonly newest: () => string;
  readonly subscribe: View["subscribe"];
}

/** Counts the changes; a feed of another process has other ids, so that a client that was away asks once more. */
export function createFeed(view: View): Feed {
  const epoch = randomBytes(6).toString("hex");
  let count = 0;
  view.subscribe(() => (count += 1));
  return { newest: () => `${epoch}-${count}`, subscribe: (listener) => view.subscribe(listener) };
}

/**
 * Server-sent events: `hello`, then `changed`, at most once a second, while the client listens. A client that comes back
 * with the id of the newest change missed nothing; with any other it is told `changed` at once.
 */
export function changes(feed: Feed, context: Context): Response {
  if (open.get(feed) === MOST_OPEN)
    return problem(context, 503, "Too many clients listen already.", { "retry-after": "60" });
  open.set(feed, (open.get(feed) ?? 0) + 1);
  const known = context.req.header("last-event-id");
  return streamSSE(context, async (stream) => {
    const gone = new AbortController();
    stream.onAbort(() => gone.abort());
    const signal = AbortSignal.any([gone.signal, context.req.raw.signal]);
    let wake: (() => void) | undefined;
    let dirty = known !== undefined && known !== feed.newest();
    const unsubscribe = feed.subscribe(() => {
      dirty = true;
      wake?.();
    });
    try {
      await stream.writeSSE({ event: "hello", data: "", id: feed.newest(), retry: 2_000 });
      while (!signal.aborted) {
        if (!dirty) await pause(HEARTBEAT_MS, signal, (resume) => (wake = resume));
        if (signal.aborted) break;
        const isNew = dirty;
        dirty = false;
        if (isNew) await stream.writeSSE({ event: "changed", data: "", id: feed.newest() });
        else await stream.write(": still here\n\n");
        await pause(COALESCE_MS, signal);
      }
    } finally {
      open.set(feed, (open.get(feed) ?? 1) - 1);
      unsubscribe();
    }
  });
}

/** Ends after `ms`, when woken, or when the client has gone. */
function pause(ms: number, signal: AbortSignal, onReady?: (resume: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(finish, ms);
    function finish(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      resolve();
    }
    signal.addEventListener("abort", finish, { once: true });
    onReady?.(finish);
  });
}
