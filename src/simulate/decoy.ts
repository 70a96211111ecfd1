import type { Draft } from "./draft.ts";
import type { ControlRecord } from "./faults/fault.ts";
import type { Random } from "./random.ts";
import type { Tenant } from "./tenant.ts";

/** Something that looks like a fault and is none. */
export interface Decoy {
  readonly kind: string;
  /** Changes a call of the ordinary traffic. */
  readonly touch?: (draft: Draft, random: Random) => void;
  readonly span?: { readonly from: number; readonly to: number };
  /** Calls of its own, in any order. */
  readonly calls?: readonly Draft[];
  readonly records?: readonly ControlRecord[];
}

export interface DecoyPlan {
  readonly tenant: Tenant;
  readonly random: Random;
  readonly from: number;
  readonly to: number;
}

export type DecoyMaker = (plan: DecoyPlan) => Decoy;

/** Times of calls at a rate, from the beginning or somewhat later. */
export function* times(plan: DecoyPlan, perSecond: number): Generator<number> {
  const { random } = plan;
  const from = random.chance(0.5) ? plan.from : plan.from + random.next() * 0.4 * (plan.to - plan.from);
  for (let at = from + random.wait(perSecond) * 1_000; at < plan.to; at += random.wait(perSecond) * 1_000)
    yield Math.round(at);
}

/** A span of 10 to 30 minutes somewhere behind the first half hour. */
export function someSpan({ random, from, to }: DecoyPlan): { from: number; to: number } {
  const start = from + 1_800_000 + random.next() * Math.max(1, to - from - 4_500_000);
  return { from: start, to: start + random.int(10, 30) * 60_000 };
}

export const within = (span: { from: number; to: number }, draft: Draft): boolean =>
  draft.at >= span.from && draft.at < span.to;
