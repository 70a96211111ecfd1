import { createDice, type Dice } from "./dice.ts";
import { createTraffic, type Draft, type OperationDraft } from "./draft.ts";
import { decimal, renderGateway, renderOperation } from "./render.ts";
import type { Spec } from "./spec.ts";
import { createTenant, OPERATIONS, type Tenant } from "./tenant.ts";

export type Category = "gateway" | "cosmos";

/** What is in a corpus, known from how it was made. */
export interface Contents {
  readonly records: number;
  readonly matches: number;
  /** Calls in all: each gateway record, and each operation without one. */
  readonly calls: number;
  readonly charge: number;
  readonly callers: number;
}

/** Gives every record of a corpus to `take`, in the order of arrival. */
export function generateArrivals(spec: Spec, take: (category: Category, line: string) => void): Contents {
  const tenant = createTenant(spec.seed, spec.callers);
  const dice = createDice(spec.seed + 1);
  const traffic = createTraffic(spec, tenant, dice);
  const belt = createBelt(spec, take);
  const seen = new Set<number>();
  let matches = 0;
  let charge = 0;
  for (let i = 0; i < spec.calls; i++) {
    const draft = traffic.next();
    belt.advance(draft.at);
    belt.put("gateway", draft.at, { line: renderGateway(tenant, draft, dice), delay: dice.real() * 0.2 });
    const operation = draft.isMatched
      ? operationOf(draft, dice)
      : directOperation(draft.at, traffic.caller(), tenant, dice);
    belt.put("cosmos", operation.at, { line: renderOperation(tenant, operation, dice), delay: dice.real() * 0.97 });
    seen.add(draft.caller);
    if (operation.isDirect) seen.add(operation.caller);
    matches += draft.isMatched ? 1 : 0;
    charge += Number(operation.charge);
  }
  belt.advance(Number.POSITIVE_INFINITY);
  return { records: 2 * spec.calls, matches, calls: 2 * spec.calls - matches, charge, callers: seen.size };
}

const chargeOf = (dice: Dice): string => decimal(1 + dice.real() * 20, dice);

const operationOf = (draft: Draft, dice: Dice): OperationDraft => ({
  at: draft.at + dice.below(draft.totalMs),
  activityId: draft.activityId ?? "",
  container: draft.container,
  operation: draft.operation,
  status: draft.status === 503 ? 449 : draft.status,
  caller: draft.caller,
  isDirect: false,
  charge: chargeOf(dice),
});

const directOperation = (at: number, caller: number, tenant: Tenant, dice: Dice): OperationDraft => ({
  at,
  activityId: dice.guid(),
  container: dice.pick(tenant.containers),
  operation: dice.pick(OPERATIONS),
  status: dice.chance(0.02) ? 429 : 200,
  caller,
  isDirect: true,
  charge: chargeOf(dice),
});

/** An operation begins this long after its call at most. */
const LONGEST_CALL_MS = 200;

interface Arrival {
  readonly category: Category;
  readonly line: string;
}

/** Holds records until they arrive; slots are a hundredth of the longest delay, or a second if that is shorter. */
function createBelt(spec: Spec, take: (category: Category, line: string) => void) {
  const slotMs = Math.max(1, Math.min(1_000, spec.delaySeconds * 10));
  const slots: Arrival[][] = Array.from(
    { length: Math.ceil((spec.delaySeconds * 1_000 + LONGEST_CALL_MS) / slotMs) + 2 },
    () => [],
  );
  let now = 0;
  const slotOf = (ms: number): number => Math.floor((ms - spec.beginMs) / slotMs);
  return {
    put(category: Category, at: number, { line, delay }: { readonly line: string; readonly delay: number }): void {
      const slot = Math.max(now, slotOf(at + delay * spec.delaySeconds * 1_000));
      slots[Math.min(slot, now + slots.length - 1) % slots.length]?.push({ category, line });
    },
    /** Lets go what arrives before the slot of `ms`. */
    advance(ms: number): void {
      const until = Math.min(slotOf(ms), now + slots.length);
      for (; now < until; now++) {
        const slot = slots[now % slots.length] ?? [];
        for (const { category, line } of slot) take(category, line);
        slot.length = 0;
      }
    },
  };
}
