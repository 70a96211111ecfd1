import { parentPort, workerData } from "node:worker_threads";
import type { EpochMs } from "../model/time.ts";
import type { ScheduleJob } from "./schedule-job.ts";
import { writeDue } from "./scheduled-export.ts";
import type { StateFacts } from "./state-facts.ts";

/** What `scheduled-exports.ts` of this program gives it. */
export interface ExportWork {
  readonly job: ScheduleJob;
  readonly state: string;
  readonly facts: StateFacts;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const { job, state, facts } = workerData as ExportWork;
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const now = (): EpochMs => Date.now() as EpochMs;

for await (const written of writeDue(job, { state, facts, now })) {
  // A port of another thread, not a window.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  parentPort?.postMessage(written);
}
