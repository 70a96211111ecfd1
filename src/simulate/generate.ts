import type { DimensionValues } from "../model/call.ts";
import type { CauseId } from "../model/cause.ts";
import type { Decoy } from "./decoy.ts";
import { planDecoys } from "./decoys.ts";
import { directTraffic } from "./direct.ts";
import type { Draft } from "./draft.ts";
import { ALL_FAULTS } from "./faults/all.ts";
import type { Fault } from "./faults/fault.ts";
import { Random } from "./random.ts";
import type { Rendered } from "./operation.ts";
import { renderCall } from "./render.ts";
import { renderControl } from "./render-control.ts";
import { buildTenant, type Tenant } from "./tenant.ts";
import { traffic } from "./traffic.ts";
import { equivalents } from "./equivalents.ts";
import { agentCalls, harden, reshape, retriesOf } from "./hardship.ts";
import { RECIPES, type Scenario } from "./scenario.ts";

/** One injected fault as `truth.json` has it; times are ISO 8601. */
export interface TrueFault {
  readonly cause: CauseId;
  readonly where: DimensionValues;
  /** Other splits that separate the same calls as well, by construction of this corpus. */
  readonly acceptable: readonly DimensionValues[];
  readonly onset: string;
  readonly end: string | null;
  readonly calls: number;
  readonly refused: number;
  /** When the first and the 20th call were refused; null where there are fewer. */
  readonly first: string | null;
  readonly twentieth: string | null;
  readonly refusedIds: readonly string[];
}

/** Something that looks like a fault; times where it has a span of its own. */
export interface TrueDecoy {
  readonly kind: string;
  readonly from?: string;
  readonly to?: string;
  /** Calls of its own, beside the ordinary traffic. */
  readonly calls: number;
}

export interface Truth {
  readonly seed: number;
  readonly scenario: Scenario;
  readonly from: string;
  readonly to: string;
  readonly faults: readonly TrueFault[];
  readonly decoys: readonly TrueDecoy[];
}

export interface Corpus {
  readonly tenant: Tenant;
  /** In the order of event time. */
  readonly records: readonly Rendered[];
  readonly truth: Truth;
}

const FROM = Date.UTC(2026, 10, 25, 6);
const HOUR = 3_600_000;
const iso = (ms: number): string => new Date(ms).toISOString();
/** A fault that hit fewer calls cannot be told from noise, and is not in the truth. */
const REFUSED_TO_COUNT = 12;

/**
 * A labelled corpus: the same options give the same records. `from` is Unix milliseconds; `rate`: ordinary calls a second at
 * noon, where they are to be other than the tenant's.
 */
export function generate(options: {
  seed: number;
  scenario: Scenario;
  hours: number;
  from?: number;
  rate?: number;
}): Corpus {
  const { seed, scenario, hours, from = FROM } = options;
  const random = new Random(seed * 31_337 + 5);
  const span = { from, to: from + hours * HOUR };
  const recipe = RECIPES[scenario];
  const wanted = Math.min(2, recipe.faults[0]);
  const hardship = new Random(seed * 7_717 + 3);
  const built = tenantFor(seed, wanted, span);
  const tenant = withRate(recipe.isHard ? harden(built, hardship, recipe.rate) : built, options.rate);
  const planned = planFaults(tenant, random, { ...span, count: random.int(...recipe.faults), seed });
  const faults = recipe.isHard ? planned.map((fault, i) => reshape(fault, seed + i)) : planned;
  const decoys = planDecoys({ tenant, random, ...span }, random.int(...recipe.decoys));
  const extra = recipe.isHard && recipe.rate === undefined ? agentCalls(tenant, hardship, span) : [];
  const drafts = [...traffic(tenant, span), ...extra, ...decoys.flatMap(({ calls = [] }) => calls)]
    .filter(({ at }) => at < span.to)
    .toSorted((a, b) => a.at - b.at);
  for (const draft of drafts) disturb(draft, faults, decoys, random);
  if (recipe.isHard) drafts.push(...retriesOf(tenant, drafts, hardship));
  const controls = [...faults, ...decoys].flatMap(({ records = [] }) => records);
  const records = [
    ...drafts.flatMap((draft) => renderCall(tenant, draft, random)),
    ...directTraffic(tenant, { ...span, faults }),
    ...controls.flatMap((control) => renderControl(tenant, control, random)),
  ];
  return {
    tenant,
    records: records.toSorted((a, b) => a.at - b.at),
    truth: {
      seed,
      scenario,
      from: iso(span.from),
      to: iso(span.to),
      faults: faults
        .map((fault) => trueFault(fault, drafts, span.to))
        .filter(({ refused }) => refused >= REFUSED_TO_COUNT),
      decoys: decoys.map(trueDecoy),
    },
  };
}

const withRate = (tenant: Tenant, rate: number | undefined): Tenant =>
  rate === undefined ? tenant : { ...tenant, rate };

/** Causes that may be there before the logs begin, where refused calls and others take turns. */
const FROM_THE_START: ReadonlySet<CauseId> = new Set(["backend-grants-differ", "unknown"]);

/** Tenants looked at for one that can have the causes whose turn it is. */
const TENANTS = 60;

function tenantFor(seed: number, wanted: number, span: { from: number; to: number }): Tenant {
  const makers = Array.from({ length: wanted }, (_, i) => turnOf(seed + i)[1]);
  for (let salt = 0; salt < TENANTS; salt++) {
    const tenant = buildTenant(seed + salt * 1_000_003);
    const plan = { tenant, ...span, end: span.to };
    if (makers.every((make) => make({ ...plan, random: new Random(seed) }) !== undefined)) return tenant;
  }
  return buildTenant(seed);
}

function turnOf(turn: number): (typeof ALL_FAULTS)[number] {
  const entry = ALL_FAULTS[turn % ALL_FAULTS.length];
  if (entry === undefined) throw new Error("no faults");
  return entry;
}

/** Tries of one cause, each with a time and target of its own. */
const TRIES = 8;

/** Causes in turn over the seeds: the 20 seeds of a round inject each at least once, and others where more are asked for. */
function planFaults(
  tenant: Tenant,
  random: Random,
  plan: { from: number; to: number; count: number; seed: number },
): readonly Fault[] {
  const faults: Fault[] = [];
  for (let tried = 0; faults.length < plan.count && tried < 60; tried++) {
    const [cause, make] = turnOf(plan.seed + (tried < 2 ? tried : tried * 7));
    if (faults.some((other) => other.cause === cause)) continue;
    let fault: Fault | undefined;
    for (let i = 0; i < TRIES && fault === undefined; i++)
      fault = make({ tenant, random, ...someTime(random, plan, cause), end: plan.to });
    if (fault !== undefined) faults.push(fault);
  }
  return faults;
}

/** After 40 minutes of health, for 25 to 90 minutes or to the end. */
function someTime(random: Random, plan: { from: number; to: number }, cause: CauseId): { from: number; to: number } {
  const room = plan.to - plan.from - 40 * 60_000;
  const late = plan.from + 40 * 60_000 + random.next() * room * 0.6;
  const from = FROM_THE_START.has(cause) && random.chance(0.3) ? plan.from : late;
  const to = random.chance(0.25) ? plan.to : Math.min(plan.to, from + random.int(25, 90) * 60_000);
  return { from: Math.round(from), to: Math.round(to) };
}

/** Changes a call by decoys, then by the faults that hit it: the first refusal stays. */
export function disturb(draft: Draft, faults: readonly Fault[], decoys: readonly Decoy[], random: Random): void {
  for (const { touch } of decoys) touch?.(draft, random);
  for (const fault of faults) if (fault.always !== undefined && fault.affects(draft)) fault.always(draft, random);
  for (const fault of faults) {
    if (draft.at >= fault.to && draft.status < 400 && fault.affects(draft)) fault.afterwards?.(draft, random);
    if (draft.status >= 400 || draft.at < fault.from || draft.at >= fault.to || !fault.affects(draft)) continue;
    if (!random.chance(fault.severity(draft.at))) continue;
    fault.apply(draft, random);
    if (draft.status >= 400) draft.fault = fault.cause;
  }
}

function trueDecoy({ kind, calls = [], span }: Decoy): TrueDecoy {
  if (span === undefined) return { kind, calls: calls.length };
  return { kind, from: iso(span.from), to: iso(span.to), calls: calls.length };
}

const timeOf = (draft: Draft | undefined): string | null => (draft === undefined ? null : iso(draft.at));

function trueFault(fault: Fault, drafts: readonly Draft[], end: number): TrueFault {
  const during = drafts.filter(({ at }) => at >= fault.from && at < fault.to);
  const refused = during.filter((draft) => draft.fault === fault.cause).toSorted((a, b) => a.at - b.at);
  return {
    cause: fault.cause,
    where: fault.where,
    acceptable: equivalents(during, fault.cause),
    onset: iso(fault.from),
    end: fault.to >= end ? null : iso(fault.to),
    calls: during.filter((draft) => draft.fault === fault.cause || fault.affects(draft)).length,
    refused: refused.length,
    first: timeOf(refused[0]),
    twentieth: timeOf(refused[19]),
    refusedIds: refused.map(({ id }) => id),
  };
}
