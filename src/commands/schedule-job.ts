import { newestOfSchedule } from "../exports/chain.ts";
import type { Schedule } from "../exports/manifest.ts";
import { newSchedule } from "../exports/schedule.ts";
import type { TableFormat } from "../exports/table-format.ts";
import type { EpochMs } from "../model/time.ts";
import type { Profile } from "../model/redaction-profile.ts";

/** One schedule of exports as a thread of its own gets it: plain data, secrets read. */
export interface ScheduleJob {
  readonly name: string;
  /** Of the chain, on this machine. */
  readonly folder: string;
  readonly format: TableFormat;
  readonly profile: Profile | undefined;
  readonly redactKey: string | undefined;
  /** PEM. */
  readonly key: string;
  readonly old: string | undefined;
  /** The first day. */
  readonly from: EpochMs;
  readonly delayMs: number;
}

/** Where a schedule stands; the chain is its state, so what is written and what is known to be written are one. */
export const standOf = ({ name, folder, from }: ScheduleJob, closed: number): Schedule =>
  newestOfSchedule(folder, name) ?? newSchedule(name, from, closed);
