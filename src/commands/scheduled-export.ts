import { Pseudonyms } from "../exports/redaction.ts";
import { NO_REDACTION } from "../model/redaction-profile.ts";
import { dueEntry, type Entry } from "../exports/schedule.ts";
import { parseSigningPem, type SigningKey } from "../exports/signing-key.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { EpochMs } from "../model/time.ts";
import { parseInstant } from "../normalize/parse-time.ts";
import { keptInput } from "./export-input.ts";
import type { ExportOptions } from "./export-options.ts";
import { type Exported, exportCalls } from "./run-export.ts";
import { type ScheduleJob, standOf } from "./schedule-job.ts";
import type { StateFacts } from "./state-facts.ts";

/** What was written of a schedule. */
export interface EntryWritten extends Pick<Exported, "path" | "sha256" | "isPartial"> {
  readonly entry: Entry;
  readonly sequence: number;
  readonly calls: number;
}

/** Writes the entries that are due, oldest first; the last one is why it cannot go on, in a sentence. */
export async function* writeDue(
  job: ScheduleJob,
  { state, facts, now }: { readonly state: string; readonly facts: StateFacts; readonly now: () => EpochMs },
): AsyncGenerator<Result<EntryWritten, string>> {
  const keys = keysOf(job);
  if (!keys.ok) return yield keys;
  const input = keptInput(state, async () => await Promise.resolve(facts), { onLoss() {} });
  let before = standOf(job, facts.closed ?? 0);
  for (;;) {
    const entry = dueEntry(before, now(), job.delayMs);
    if (entry === undefined) return;
    const options = optionsOf(job, { ...keys.value, state, scheduled: { entry, before } });
    const made = await exportCalls(options, input, { onCalls() {} }, new Date(now()).toISOString());
    if (!made.ok) return yield made;
    const { path, sha256, isPartial, manifest } = made.value;
    before = manifest.schedule ?? before;
    yield ok({ entry, path, sha256, isPartial, sequence: manifest.sequence, calls: manifest.calls["exported"] ?? 0 });
  }
}

function keysOf({ key, old }: ScheduleJob): Result<{ key: SigningKey; old: SigningKey | undefined }, string> {
  const signing = parseSigningPem(key);
  if (!signing.ok) return err(`key: ${signing.error}`);
  const before = old === undefined ? ok(undefined) : parseSigningPem(old);
  return before.ok ? ok({ key: signing.value, old: before.value }) : err(`rotateFrom: ${before.error}`);
}

function optionsOf(
  { folder, format, profile = NO_REDACTION, redactKey }: ScheduleJob,
  given: Pick<ExportOptions, "key" | "old" | "state"> & { readonly scheduled: NonNullable<ExportOptions["scheduled"]> },
): ExportOptions {
  const { entry } = given.scheduled;
  return {
    ...given,
    paths: [],
    folder,
    format,
    from: parseInstant(entry.from),
    to: parseInstant(entry.to),
    principal: undefined,
    container: undefined,
    finding: undefined,
    profile,
    names: new Pseudonyms(Buffer.from(redactKey ?? "")),
    isKeyLost: redactKey === undefined,
  };
}
