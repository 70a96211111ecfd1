import { setTimeout as sleep } from "node:timers/promises";
import type { RawRecord } from "../model/record.ts";
import type { EpochMs } from "../model/time.ts";
import { demoRoles } from "../simulate/demo-roles.ts";
import { grantsSource } from "../sources/grants-source.ts";
import type { Source } from "../sources/source.ts";

/** Roles of the simulated accounts, and the months of use before the show. */
export function demoRoleSources(seed: number, now: EpochMs): readonly Source[] {
  const { listings, history } = demoRoles({ seed, now });
  const roles = [...listings].map(([account, values]) => {
    const name = `roles:${account}`;
    return grantsSource({
      name,
      lists: { account, accountId: "", of: "data-plane" },
      grants: { name, read: async () => await Promise.resolve(recordsOf(name, values)) },
      now: () => now,
      wait: (ms, signal) => sleep(ms, undefined, { signal, ref: false }).catch(() => undefined),
      onTrouble: () => undefined,
    });
  });
  return [once("history", history, now), ...roles];
}

/** One batch, and no more. */
const once = (name: string, values: readonly object[], now: EpochMs): Source => ({
  name,
  partitions: async () => await Promise.resolve([]),
  async *read(from) {
    if (from.size > 0) return;
    yield await Promise.resolve({
      partition: "0",
      records: recordsOf(name, values),
      rejects: [],
      bytes: JSON.stringify(values).length,
      checkpoint: "1",
      enqueued: now,
      caughtUp: true,
    });
  },
});

const recordsOf = (source: string, values: readonly object[]): readonly RawRecord[] =>
  values.map((value, index) => ({
    value: Object.fromEntries(Object.entries(value)),
    position: { source, partition: "0", sequence: 1, index },
    repairs: [],
  }));
