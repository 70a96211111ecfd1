import { EXIT } from "./exit-codes.ts";

/** A terminal signals the whole group and each launcher passes its copy on: one Ctrl+C comes several times at once. */
const SAME_MS = 500;

/** Aborts with the signal's name at the first SIGINT, SIGTERM or SIGHUP; a later one ends the process at once. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  let first = 0;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (!stop.signal.aborted) {
        first = performance.now();
        stop.abort(name);
      } else if (performance.now() - first > SAME_MS) process.exit(EXIT.interrupted);
    });
  }
  return stop.signal;
}

/** The exit code of a command that was stopped: somebody's Ctrl+C is told from a service manager's stop. */
export const exitCodeOf = (code: number, stop: AbortSignal): number =>
  code === EXIT.ok && stop.reason === "SIGINT" ? EXIT.interrupted : code;
