import type { Change } from "../model/event.ts";
import { type DurationMs, plusMs } from "../model/time.ts";

/** Changes of the control plane that may explain what comes after them. */
export interface Changes {
  /** Of the last two days, oldest first. */
  readonly recent: Change[];
  /** Changes younger than that, given up because there were too many. */
  dropped: number;
}

const REACH_MS: DurationMs = 2 * 86_400_000;
const MAX_CHANGES = 5_000;

export const createChanges = (): Changes => ({ recent: [], dropped: 0 });

/** Adds the newest change, in the order of event time. */
export function rememberChange(changes: Changes, change: Change): void {
  const { recent } = changes;
  recent.push(change);
  const oldest = plusMs(change.time, -REACH_MS);
  while ((recent[0]?.time ?? oldest) < oldest) recent.shift();
  if (recent.length <= MAX_CHANGES) return;
  recent.shift();
  changes.dropped += 1;
}
