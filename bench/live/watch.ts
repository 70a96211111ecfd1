import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

const Counts = z.object({ input: z.object({ records: z.number() }) });
const Findings = z.object({
  items: z.array(
    z.object({ id: z.string(), title: z.string(), onset: z.iso.datetime(), detectedAt: z.iso.datetime() }),
  ),
});

/** How many records were committed when somebody looked. Times are milliseconds since the Unix epoch. */
interface Look {
  readonly at: number;
  readonly records: number;
}

export interface SeenFinding {
  readonly id: string;
  readonly title: string;
  readonly seenAt: number;
  readonly onset: number;
  /** Event time at which the evidence sufficed, as the finding first said it. */
  readonly detectedAt: number;
}

/** Looks at a running `serve` again and again, as a dashboard does. */
export interface Watch {
  readonly looks: readonly Look[];
  readonly findings: ReadonlyMap<string, SeenFinding>;
  stop(): Promise<void>;
}

const EVERY_MS = 50;

/** A look makes work for the one that is looked at. */
export function watchServe(address: string, everyMs = EVERY_MS): Watch {
  const looks: Look[] = [];
  const findings = new Map<string, SeenFinding>();
  const stopped = new AbortController();
  const ask = async (path: string): Promise<unknown> => await (await fetch(`${address}/api/v1/${path}`)).json();
  const loop = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const { input } = Counts.parse(await ask("report"));
      looks.push({ at: Date.now(), records: input.records });
      const { items } = Findings.parse(await ask("findings"));
      const seenAt = Date.now();
      for (const { id, title, onset, detectedAt } of items)
        if (!findings.has(id))
          findings.set(id, { id, title, seenAt, onset: Date.parse(onset), detectedAt: Date.parse(detectedAt) });
      await sleep(everyMs);
    }
  };
  const looping = loop();
  // Told by `stop`: what was started beside it is stopped as well.
  looping.catch(() => stopped.abort());
  return {
    looks,
    findings,
    async stop() {
      stopped.abort();
      await looping;
    },
  };
}

/**
 * Milliseconds from the enqueuing of each event to the first look at which its records were committed. Events are taken to be
 * committed in the order in which they were sent, which partitions that are read side by side keep to within a commit.
 */
export function lagsOf(looks: readonly Look[], sentMs: readonly number[], recordsUntil: readonly number[]): number[] {
  const lags: number[] = [];
  let look = 0;
  for (const [i, at] of sentMs.entries()) {
    while (look < looks.length && (looks[look]?.records ?? 0) < (recordsUntil[i] ?? 0)) look += 1;
    const seen = looks[look];
    if (seen === undefined) break;
    lags.push(Math.max(0, seen.at - at));
  }
  return lags;
}
