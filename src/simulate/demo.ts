import type { CauseId } from "../model/cause.ts";
import type { EpochMs } from "../model/time.ts";
import { disturb } from "./generate.ts";
import { directTraffic } from "./direct.ts";
import type { Draft } from "./draft.ts";
import { planDecoys } from "./decoys.ts";
import { ALL_FAULTS } from "./faults/all.ts";
import type { Fault } from "./faults/fault.ts";
import { Random } from "./random.ts";
import type { Rendered } from "./operation.ts";
import { renderCall } from "./render.ts";
import { renderControl } from "./render-control.ts";
import { buildTenant, type Tenant } from "./tenant.ts";
import { traffic } from "./traffic.ts";

/** One message of the simulated tenant, with the time at which it arrives. */
export interface Emission {
  readonly arrival: EpochMs;
  readonly partition: string;
  readonly body: string;
}

const HISTORY_MS = 2 * 3_600_000;
const CHUNK_MS = 5_000;
const RATE = 6;
const PARTITIONS = 4;
/**
 * Causes that are shown in turn; each lives some minutes, the next begins before it ends. Neighbours differ in the answer
 * that they give, and those at Cosmos DB with the same answer stand far apart.
 */
const SHOWN: readonly CauseId[] = [
  "backend-grants-differ",
  "caller-token-expired",
  "key-rotated",
  "signing-key-rollover",
  "quota-exceeded",
  "token-issuer-mismatch",
  "role-assignment-propagating-or-missing",
  "subscription-key-missing-or-wrong",
  "token-claim-missing",
  "ip-filter",
  "token-audience-mismatch",
];
const EVERY_MS = 300_000;

/**
 * An endless feed of a simulated tenant: two hours of history, then live, in the order of arrival. At least one fault is
 * going on at any time from a few minutes before `now`.
 */
export function* demoFeed({ seed, now }: { seed: number; now: EpochMs }): Generator<Emission> {
  const tenant = tenantOf(seed);
  const random = new Random(seed * 17 + 3);
  const begin = now - HISTORY_MS;
  const faults = demoFaults({ seed, now }, tenant);
  const planned = planDecoys({ tenant, random, from: begin, to: now + 12 * 3_600_000 }, DECOYS);
  const decoys = planned.filter(({ calls, kind }) => calls === undefined && !CONSTANT.has(kind));
  const controls = faults
    .flatMap(({ records }) => records)
    .flatMap((control) => renderControl(tenant, control, random));
  for (let from = begin, round = 0; ; from += CHUNK_MS, round++) {
    const to = from + CHUNK_MS;
    const drafts: Draft[] = [];
    for (const draft of traffic(tenant, { from, to, salt: round + 1 })) {
      disturb(draft, faults, decoys, random);
      drafts.push(draft);
    }
    const rendered = [
      ...drafts.flatMap((draft) => renderCall(tenant, draft, random)),
      ...directTraffic(tenant, { from, to, salt: round + 1 }),
      ...controls.filter(({ at }) => at >= from && at < to),
    ].toSorted((a, b) => a.at - b.at);
    yield* emit(rendered, random);
  }
}

const SHOWS = 144;

/**
 * The faults of a feed, one after another, overlapping by a minute or more, for half a day; then the show is over but
 * traffic goes on. A fault that comes again is the same one.
 */
export function demoFaults({ seed, now }: { seed: number; now: EpochMs }, tenant = tenantOf(seed)): readonly Fault[] {
  const makers = new Map(ALL_FAULTS);
  const lasting = new Random(seed * 17 + 3);
  const shown = SHOWN.flatMap((cause, i) => {
    const make = (from: number, to: number): Fault | undefined =>
      makers.get(cause)?.({ tenant, random: new Random(seed * 31 + i), from, to, end: to });
    return make(now, now + EVERY_MS) === undefined ? [] : [make];
  });
  return Array.from({ length: SHOWS }, (_, i) => {
    const from = now - 200_000 + i * EVERY_MS;
    const to = from + lasting.int(360, 540) * 1_000;
    const fault = shown[i % shown.length]?.(from, to);
    return fault === undefined ? undefined : { ...fault, to: Math.min(fault.to, to) };
  }).filter((fault) => fault !== undefined);
}

const tenantOf = (seed: number): Tenant => ({ ...buildTenant(seed), rate: RATE });

const DECOYS = 6;
/** Decoys that refuse calls all the time would hide the show. */
const CONSTANT: ReadonlySet<string> = new Set(["never-succeeded", "hard-down-api"]);
const BATCH = 8;

function* emit(rendered: readonly Rendered[], random: Random): Generator<Emission> {
  for (let i = 0; i < rendered.length; i += BATCH) {
    const part = rendered.slice(i, i + BATCH);
    const last = part.at(-1);
    if (last === undefined) return;
    // Simulated times are Unix milliseconds like real ones.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const arrival = Math.round(last.at + 1_500) as EpochMs;
    yield {
      arrival,
      partition: String(random.int(0, PARTITIONS - 1)),
      body: JSON.stringify({ records: part.map(({ record }) => record) }),
    };
  }
}
