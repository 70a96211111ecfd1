import { randomInt } from "node:crypto";
import { accept } from "../accept.ts";
import { createAnalysis, keepBounded } from "../analysis.ts";
import { ScanMemo } from "../normalize/scanned.ts";
import { type Instant, instantFromMs } from "../model/time.ts";
import { ignoreScanners, type PrivilegeException } from "../privileges/exceptions.ts";
import { createPrivileges, learnFacts, learnRows, type Privileges, readersOf } from "../privileges/privileges.ts";
import type { Grants } from "../sources/grants.ts";
import { filesSource } from "../sources/files.ts";
import { isLoss } from "../sources/read-file.ts";
import { refuseMissing } from "./path-error.ts";

export interface PrivilegeReading {
  readonly signal?: AbortSignal;
  /** Told of each part of the input that could not be read. */
  readonly onLoss?: (says: string) => void;
  /** Asked for roles beside the files; throws SourceError where it cannot tell them. */
  readonly grants?: readonly Grants[];
  readonly exceptions?: readonly PrivilegeException[];
}

const DAY_MS = 86_400_000;

/** Clocks differ, by less than this: what a log dates later is not believed. */
export const tomorrow = (): Instant => instantFromMs(Date.now() + DAY_MS);

/** What log files and role inventories tell of grants and their use; throws PathError when a path gives nothing. */
export async function readPrivileges(
  paths: readonly string[],
  { signal = new AbortController().signal, onLoss, grants = [], exceptions = [] }: PrivilegeReading = {},
): Promise<Privileges> {
  const source = filesSource(paths);
  refuseMissing(await source.problems());
  const analysis = createAnalysis({ lateness: 0, seed: randomInt(2 ** 31) });
  const memo = new ScanMemo();
  const privileges = createPrivileges();
  privileges.ledger.until = tomorrow();
  ignoreScanners(privileges.ledger, exceptions);
  let readers = readersOf(privileges, analysis.names);
  for await (const batch of source.read(new Map(), signal)) {
    for (const { position, detail } of batch.rejects.filter(isLoss)) onLoss?.(`${position.partition}: ${detail}`);
    const { events, facts = [] } = accept(analysis, batch, { memo });
    learnRows(privileges, readers, events);
    learnFacts(privileges, facts);
    const { names } = analysis;
    keepBounded(analysis);
    if (analysis.names !== names) readers = readersOf(privileges, analysis.names);
  }
  for (const one of grants) {
    const batch = { partition: one.name, records: await one.read(signal), rejects: [], bytes: 0, checkpoint: "" };
    const { facts = [] } = accept(analysis, { ...batch, caughtUp: true });
    learnFacts(privileges, facts);
  }
  return privileges;
}
