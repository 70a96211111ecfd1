import type { Call } from "../model/call.ts";
import { type DurationMs, type Instant, msBetween } from "../model/time.ts";

/** A refusal without any credential, held back until it is clear that no success answers it. */
interface Held {
  readonly call: Call;
  readonly key: string;
  answered: boolean;
}

/**
 * Clients that first ask without a credential and then with one get a 401 that means nothing. Such a refusal is held
 * back for a moment; a success of the same client and operation within it answers one refusal.
 */
export interface Challenges {
  readonly held: Held[];
  answered: number;
}

const ANSWER_MS: DurationMs = 1_500;
const BARE_SYMPTOMS: ReadonlySet<string> = new Set([
  "gateway:TokenNotPresent",
  "gateway:SubscriptionKey",
  "gateway:401",
  "backend:401",
]);

export const createChallenges = (): Challenges => ({ held: [], answered: 0 });

/** True when the refusal is held back; `released` gives it out again unless it is answered. */
export function hold(state: Challenges, call: Call): boolean {
  const { outcome, gateway } = call;
  if (gateway === undefined || gateway.claims !== undefined || gateway.subscription !== undefined) return false;
  if (outcome.kind !== "refused" || outcome.status !== 401 || !BARE_SYMPTOMS.has(outcome.symptom)) return false;
  state.held.push({ call, key: keyOf(call), answered: false });
  return true;
}

/** A success answers the oldest refusal of the same client and operation. */
export function answer(state: Challenges, call: Call): void {
  if (state.held.length === 0) return;
  const key = keyOf(call);
  const held = state.held.find(
    (one) => !one.answered && one.key === key && msBetween(call.time, one.call.time) <= ANSWER_MS,
  );
  if (held !== undefined) held.answered = true;
}

/** Refusals that nothing answered in time, oldest first. */
export function released(state: Challenges, now: Instant): readonly Call[] {
  const due: Call[] = [];
  while (state.held[0] !== undefined && msBetween(now, state.held[0].call.time) > ANSWER_MS) {
    const held = state.held.shift();
    if (held?.answered === true) state.answered += 1;
    else if (held !== undefined) due.push(held.call);
  }
  return due;
}

function keyOf({ gateway }: Call): string {
  if (gateway === undefined) return "";
  return `${gateway.callerAddress ?? ""}|${gateway.userAgent ?? ""}|${gateway.api ?? ""}|${gateway.operation ?? gateway.method ?? ""}`;
}
