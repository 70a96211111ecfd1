import { writesSecret } from "../correlate/changes.ts";
import type { Sign } from "../model/event.ts";
import { type DurationMs, msBetween, plusMs } from "../model/time.ts";
import type { Span } from "./span.ts";

/** Alike signs near a rise: the same identity and answer, or the same secret and answer. */
export interface SignSeen {
  /** The first of them. */
  readonly sign: Sign;
  readonly count: number;
  /** Of the first one before the onset; negative after it. */
  readonly lagMs: DurationMs;
}

const BEFORE_MS: DurationMs = 86_400_000;
const BEHIND_MS: DurationMs = 600_000;
const KEPT = 40;

/** Groups the signs from a day before the rise to its end; those that began nearest to the onset first. */
export function signsNear(signs: readonly Sign[], span: Span): readonly SignSeen[] {
  const from = plusMs(span.from, -BEFORE_MS);
  const to = plusMs(span.to, BEHIND_MS);
  const groups = new Map<string, { sign: Sign; count: number }>();
  for (const sign of signs) {
    if (sign.time < from || sign.time > to) continue;
    const key = keyOf(sign);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { sign, count: 1 });
    else group.count += 1;
  }
  return [...groups.values()]
    .map(({ sign, count }) => ({ sign, count, lagMs: msBetween(span.from, sign.time) }))
    .toSorted((a, b) => Math.abs(a.lagMs) - Math.abs(b.lagMs))
    .slice(0, KEPT);
}

/** Every write of a secret stands for itself: the last one before the onset is the one that counts. */
function keyOf(sign: Sign): string {
  if (sign.kind === "sign-in") return `${sign.appId ?? ""}|${sign.principal ?? ""}|${sign.errorCode}`;
  const what = `${sign.vault}|${sign.operation}|${sign.secret ?? ""}|${sign.principal ?? ""}|${sign.status}`;
  return writesSecret(sign) ? `${what}|${sign.time}` : what;
}
