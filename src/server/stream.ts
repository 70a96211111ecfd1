import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import type { View } from "./view.ts";

const COALESCE_MS = 1_000;
const HEARTBEAT_MS = 15_000;

/** Server-sent events: `changed`, at most once a second, while the client listens. */
export function changes(view: View, context: Context): Response {
  let counter = 0;
  return streamSSE(context, async (stream) => {
    const gone = new AbortController();
    stream.onAbort(() => gone.abort());
    const signal = AbortSignal.any([gone.signal, context.req.raw.signal]);
    let wake: (() => void) | undefined;
    let dirty = false;
    const unsubscribe = view.subscribe(() => {
      dirty = true;
      wake?.();
    });
    try {
      await stream.writeSSE({ event: "hello", data: "", retry: 2_000 });
      while (!signal.aborted) {
        if (!dirty) await pause(HEARTBEAT_MS, signal, (resume) => (wake = resume));
        if (signal.aborted) break;
        if (dirty) await stream.writeSSE({ event: "changed", data: "", id: String(++counter) });
        else await stream.write(": still here\n\n");
        dirty = false;
        await pause(COALESCE_MS, signal);
      }
    } finally {
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
