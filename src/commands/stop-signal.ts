import { EXIT } from "./exit-codes.ts";

/** Aborts at the first SIGINT, SIGTERM or SIGHUP; the second ends the process at once. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(EXIT.interrupted);
      stop.abort();
    });
  }
  return stop.signal;
}
