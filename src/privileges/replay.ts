import { ACCOUNT_READ, permits, READ_METADATA } from "./actions.ts";
import { heldAt, type Reach } from "./least.ts";
import { KEPT_DAYS, type Ledger, visitUses } from "./ledger.ts";
import type { Scope } from "../model/grant.ts";

/** What would have become of past calls under other grants. */
export interface Replay {
  /** Calls that were let in, or that failed for another reason than a refusal. */
  readonly calls: number;
  readonly wouldBeDenied: number;
  /** The uses that would be denied, most calls first, at most `EXAMPLES`. */
  readonly examples: readonly DeniedUse[];
  /** Denied calls by day, of the days that have any, newest last. */
  readonly byDay: readonly { readonly day: number; readonly calls: number }[];
}

export interface DeniedUse {
  readonly use: number;
  readonly calls: number;
  readonly firstDay: number;
  readonly lastDay: number;
}

const EXAMPLES = 10;

/**
 * Runs the signers' past uses in an account against `proposed` grants; `held` is what they hold now. A use beyond what is
 * held now was let in by something else: no proposal takes it away, and it is not counted.
 */
export function replay(
  ledger: Ledger,
  who: { readonly signers: ReadonlySet<number>; readonly account: number },
  { held, proposed }: { readonly held: readonly Reach[]; readonly proposed: readonly Reach[] },
): Replay {
  const verdicts = judgeUses(ledger, who, { held, proposed });
  const denied = new Float64Array(verdicts.length);
  const first = new Int32Array(verdicts.length).fill(2 ** 31 - 1);
  const last = new Int32Array(verdicts.length).fill(-1);
  const days = new Float64Array(KEPT_DAYS);
  let calls = 0;
  visitUses(ledger, (day, use, { succeeded, other }) => {
    const verdict = verdicts[use];
    if (verdict === UNRELATED) return;
    const tried = succeeded + other;
    calls += tried;
    if (verdict === PERMITTED || tried === 0) return;
    denied[use] = (denied[use] ?? 0) + tried;
    if (day < (first[use] ?? 0)) first[use] = day;
    if (day > (last[use] ?? 0)) last[use] = day;
    const at = ledger.newestDay - day;
    days[at] = (days[at] ?? 0) + tried;
  });
  const examples = [...denied.keys()]
    .filter((use) => (denied[use] ?? 0) > 0)
    .map((use) => ({ use, calls: denied[use] ?? 0, firstDay: first[use] ?? 0, lastDay: last[use] ?? 0 }))
    .toSorted((a, b) => b.calls - a.calls || a.use - b.use);
  return {
    calls,
    wouldBeDenied: examples.reduce((sum, one) => sum + one.calls, 0),
    examples: examples.slice(0, EXAMPLES),
    byDay: [...days.keys()]
      .flatMap((ago) => ((days[ago] ?? 0) > 0 ? [{ day: ledger.newestDay - ago, calls: days[ago] ?? 0 }] : []))
      .toReversed(),
  };
}

const UNRELATED = 0;
const PERMITTED = 1;
const DENIED = 2;

/** One verdict a use: rows are then only added up. */
function judgeUses(
  { uses, places, texts }: Ledger,
  { signers, account }: { readonly signers: ReadonlySet<number>; readonly account: number },
  { held, proposed }: { readonly held: readonly Reach[]; readonly proposed: readonly Reach[] },
): Uint8Array {
  const verdicts = new Uint8Array(uses.table.used);
  const masks = new Map<number, readonly [held: number, proposed: number]>();
  const anywhere = (grants: readonly Reach[]): number => grants.reduce((sum, { actions }) => sum | actions, 0);
  const metadata = [anywhere(held) & (1 << READ_METADATA), anywhere(proposed)] as const;
  for (let use = 0; use < verdicts.length; use++) {
    const placeAt = uses.place[use] ?? 0;
    const place = places[placeAt];
    if (place === undefined || place[0] !== account || !signers.has(uses.signer[use] ?? -1)) continue;
    const action = uses.action[use] ?? 0;
    let mask = action === ACCOUNT_READ ? metadata : masks.get(placeAt);
    if (mask === undefined) {
      const scope: Scope = { database: texts[place[1]] ?? "", container: texts[place[2]] ?? "" };
      masks.set(placeAt, (mask = [heldAt(held, scope), heldAt(proposed, scope)]));
    }
    const [now, then] = mask;
    if (!permits(now, action, now)) continue;
    verdicts[use] = permits(then, action, now) ? PERMITTED : DENIED;
  }
  return verdicts;
}
