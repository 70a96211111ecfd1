import type { CallRow } from "../correlate/call-row.ts";
import { addHash, beginHash, type HashPair } from "../lib/hash-pair.ts";
import type { Call } from "../model/call.ts";
import * as row from "../model/event-table.ts";
import { WORDS } from "../model/event-table.ts";
import { HASH_WORDS } from "../model/names.ts";
import { type DurationMs, type Instant, msBetween } from "../model/time.ts";

/** A refusal without any credential, held back until it is clear that nothing answers it. */
interface Held {
  readonly call: Call;
  /** Of client and operation. */
  readonly key: HashPair;
  answered: boolean;
}

/**
 * Clients that first ask without a credential and then with one get a 401 that means nothing. Such a refusal is held
 * back for a moment; another call of the same client and operation within it answers one refusal: one that was let in, or
 * that had a credential, whatever became of it then.
 */
export interface Challenges {
  readonly held: Held[];
  /** Keys of the call that was looked at last: by its client, and by its subscription. */
  readonly wanted: HashPair;
  readonly wantedByKey: HashPair;
  answered: number;
}

const ANSWER_MS: DurationMs = 1_500;
const BARE_SYMPTOMS: ReadonlySet<string> = new Set([
  "gateway:TokenNotPresent",
  "gateway:SubscriptionKey",
  "gateway:401",
  "backend:401",
]);

/** It had a key, though not one that is known. */
const WRONG_KEY = "SubscriptionKeyInvalid";
/** A token was asked for, which a subscription key does not stand for. */
const NO_TOKEN = "TokenNotPresent";

export const createChallenges = (): Challenges => ({
  held: [],
  wanted: { high: 0, low: 0 },
  wantedByKey: { high: 0, low: 0 },
  answered: 0,
});

/** True when the refusal is held back; `released` gives it out again unless it is answered. */
export function hold(state: Challenges, from: CallRow): boolean {
  const { call } = from;
  if (call === undefined) return false;
  const { outcome, gateway } = call;
  if (gateway === undefined || gateway.claims !== undefined) return false;
  if (gateway.subscription !== undefined && gateway.error?.reason !== NO_TOKEN) return false;
  if (outcome.kind !== "refused" || !BARE_SYMPTOMS.has(outcome.symptom)) return false;
  if (gateway.error?.reason === WRONG_KEY) return false;
  if (outcome.layer === "backend")
    answer(state, from, (held) => held.outcome.kind === "refused" && held.outcome.layer === "gateway");
  const key = { high: 0, low: 0 };
  if (gateway.subscription === undefined) writeKey(key, from, CLIENT);
  else writeKey(key, from, BY_KEY);
  state.held.push({ call, key, answered: false });
  return true;
}

/**
 * A call that is not held back answers the oldest refusal of the same client and operation; one that a backend refuses, that of
 * a gateway, which let it in.
 */
export function answer(
  { held, wanted, wantedByKey }: Challenges,
  from: CallRow,
  mayAnswer: (call: Call) => boolean = always,
): void {
  if (held.length === 0 || from.gateway < 0) return;
  writeKey(wanted, from, CLIENT);
  writeKey(wantedByKey, from, BY_KEY);
  for (const one of held) {
    if (one.answered || !mayAnswer(one.call) || !(isSame(one.key, wanted) || isSame(one.key, wantedByKey))) continue;
    if (msBetween(from.time, one.call.time) > ANSWER_MS) continue;
    one.answered = true;
    return;
  }
}

const always = (): boolean => true;

const NOTHING: readonly Call[] = [];

/** Refusals that nothing answered in time, oldest first. */
export function released(state: Challenges, now: Instant): readonly Call[] {
  if (state.held.length === 0) return NOTHING;
  const due: Call[] = [];
  while (state.held[0] !== undefined && msBetween(now, state.held[0].call.time) > ANSWER_MS) {
    const held = state.held.shift();
    if (held?.answered === true) state.answered += 1;
    else if (held !== undefined) due.push(held.call);
  }
  return due;
}

const isSame = (a: HashPair, b: HashPair): boolean => a.low === b.low && a.high === b.high;

/** What tells a client: its address and user agent, or its subscription, which a front door's many addresses hide. */
const CLIENT = { kind: 1, words: [row.ADDRESS, row.USER_AGENT] };
const BY_KEY = { kind: 2, words: [row.SUBSCRIPTION] };

function writeKey(key: HashPair, { table, names, gateway }: CallRow, by: typeof CLIENT): void {
  const at = WORDS * gateway;
  const { words } = table;
  const operation = words[at + row.OPERATION] ?? 0;
  beginHash(key, by.kind);
  const add = (name: number): void =>
    addHash(key, names.hashes[HASH_WORDS * name] ?? 0, names.hashes[HASH_WORDS * name + 1] ?? 0);
  for (const word of by.words) add(words[at + word] ?? 0);
  add(words[at + row.API] ?? 0);
  add(operation === 0 ? (words[at + row.METHOD] ?? 0) : operation);
}
