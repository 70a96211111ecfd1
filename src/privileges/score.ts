import type { Scope } from "../model/grant.ts";
import { ACTION_WEIGHTS, bitsOf } from "./actions.ts";
import { heldAt, type Reach } from "./least.ts";

/** How likely an action is to be used, as a rate a day: Gamma-distributed with shape `alpha` and rate `beta` in days. */
export interface Prior {
  readonly alpha: number;
  readonly beta: number;
}

/** Half a use in a month: where there are too few peers to learn from. */
const FIRST_PRIOR: Prior = { alpha: 0.5, beta: 30 };
const LEAST_PEERS = 20;

/**
 * The prior that fits what peers do, by the method of moments: each granted (action, container) of each principal has been
 * used on `used` of `observed` days.
 */
export function fitPrior(peers: readonly { readonly used: number; readonly observed: number }[]): Prior {
  const seen = peers.filter(({ observed }) => observed > 0);
  if (seen.length < LEAST_PEERS) return FIRST_PRIOR;
  const rates = seen.map(({ used, observed }) => used / observed);
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const variance = rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / rates.length;
  const days = seen.reduce((sum, { observed }) => sum + observed, 0) / seen.length;
  const between = variance - mean / days;
  if (mean === 0 || between <= 0) return FIRST_PRIOR;
  const beta = clamp(mean / between, 1, 1_000);
  return { alpha: clamp(mean * beta, 0.05, 5), beta };
}

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));

/** Days ahead for which an action that is taken away must not be missed: a quarter. */
const HORIZON_DAYS = 90;

/** Probability that an action without use in so many observed days is not used in the next quarter either. */
export const unneeded = ({ alpha, beta }: Prior, days: number): number =>
  ((beta + days) / (beta + days + HORIZON_DAYS)) ** alpha;

export interface Score {
  /** 0 to 100. */
  readonly score: number;
  /** Weighted share of what is granted and not needed, 0 to 1, before `confidence`. */
  readonly excess: number;
  /** 0 to 1: containers granted among those known, on a logarithmic scale. */
  readonly reach: number;
  /** Weight of the worst action that is granted and not needed. */
  readonly worst: number;
}

const NOTHING_GRANTED: Score = { score: 0, excess: 0, reach: 0, worst: 0 };

/**
 * `100 × (0.7 × excess × confidence + 0.3 × reach × worst)` over the known containers of an account, with
 * `reach = ln(1 + granted) / ln(1 + known)`; docs/privileges.md has it with an example.
 */
export function scoreOf(
  grants: readonly Reach[],
  needs: readonly Reach[],
  { containers, confidence }: { readonly containers: readonly Scope[]; readonly confidence: number },
): Score {
  if (grants.length === 0) return NOTHING_GRANTED;
  let [granted, over, worst, reached] = [0, 0, 0, 0];
  for (const container of containers) {
    const held = heldAt(grants, container);
    if (held === 0) continue;
    const extra = held & ~heldAt(needs, container);
    reached += 1;
    granted += weightOf(held);
    over += weightOf(extra);
    worst = Math.max(worst, ...bitsOf(extra).map((bit) => ACTION_WEIGHTS[bit] ?? 0));
  }
  const excess = granted === 0 ? 0 : over / granted;
  const reach = containers.length === 0 ? 0 : Math.log1p(reached) / Math.log1p(containers.length);
  const score = 100 * (0.7 * excess * confidence + 0.3 * reach * worst);
  return { score: Math.round(10 * score) / 10, excess, reach, worst };
}

const weightOf = (actions: number): number => bitsOf(actions).reduce((sum, bit) => sum + (ACTION_WEIGHTS[bit] ?? 0), 0);
