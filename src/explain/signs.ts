import { writesSecret } from "../correlate/changes.ts";
import { entry } from "../lib/entry.ts";
import type { Sign } from "../model/event.ts";
import { type DurationMs, msBetween, plusMs } from "../model/time.ts";
import type { Span } from "./span.ts";

/** Alike signs near a rise: the same identity and answer, or the same secret and answer. */
export interface SignSeen {
  /** The first of them. */
  readonly sign: Sign;
  readonly count: number;
  /** That the sign-ins came from, 20 at most. */
  readonly addresses: ReadonlySet<string>;
  /** Of the first one before the onset; negative after it. */
  readonly lagMs: DurationMs;
}

const BEFORE_MS: DurationMs = 86_400_000;
const BEHIND_MS: DurationMs = 600_000;
const KEPT = 40;
const MOST_ADDRESSES = 20;

/** Groups the signs from a day before the rise to its end; those that began nearest to the onset first. */
export function signsNear(signs: readonly Sign[], span: Span): readonly SignSeen[] {
  const from = plusMs(span.from, -BEFORE_MS);
  const to = plusMs(span.to, BEHIND_MS);
  const groups = new Map<string, { readonly sign: Sign; count: number; readonly addresses: Set<string> }>();
  for (const sign of signs) {
    if (sign.time < from || sign.time > to) continue;
    const group = entry(groups, keyOf(sign), () => ({ sign, count: 0, addresses: new Set<string>() }));
    group.count += 1;
    const address = sign.kind === "sign-in" ? sign.address : undefined;
    if (address !== undefined && group.addresses.size < MOST_ADDRESSES) group.addresses.add(address);
  }
  return [...groups.values()]
    .map(({ sign, count, addresses }) => ({ sign, count, addresses, lagMs: msBetween(span.from, sign.time) }))
    .toSorted((a, b) => Math.abs(a.lagMs) - Math.abs(b.lagMs))
    .slice(0, KEPT);
}

/** Every write of a secret stands for itself: the last one before the onset is the one that counts. */
function keyOf(sign: Sign): string {
  if (sign.kind === "sign-in") return `${sign.appId ?? ""}|${sign.principal ?? ""}|${sign.errorCode}`;
  const what = `${sign.vault}|${sign.operation}|${sign.secret ?? ""}|${sign.principal ?? ""}|${sign.status}`;
  return writesSecret(sign) ? `${what}|${sign.time}` : what;
}
