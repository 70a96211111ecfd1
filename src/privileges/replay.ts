import { highestBit, lowestBit } from "../lib/bits.ts";
import { ACCOUNT_READ, permits, READ_METADATA } from "./actions.ts";
import { PERIOD } from "./day-rows.ts";
import { heldAt, type Reach } from "./least.ts";
import { KEPT_DAYS, type Ledger, visitUses } from "./ledger.ts";
import { type Scope, scopeText } from "../model/grant.ts";
import type { UseFact } from "./holder.ts";

/** What would have become of past calls under other grants. */
export interface Replay {
  /** Calls that were let in, or that failed for another reason than a refusal. */
  readonly calls: number;
  readonly wouldBeDenied: number;
  /** The uses that would be denied, most calls first, at most `EXAMPLES`. */
  readonly examples: readonly DeniedUse[];
  /** Denied calls by day, of the days that have any, newest last; of folded days `until` the last of their period. */
  readonly byDay: readonly { readonly day: number; readonly until: number; readonly calls: number }[];
}

export interface DeniedUse {
  readonly use: number;
  readonly calls: number;
  readonly firstDay: number;
  readonly lastDay: number;
}

const EXAMPLES = 10;

const mostCalls = (a: DeniedUse, b: DeniedUse): number => b.calls - a.calls || a.use - b.use;

interface Who {
  readonly signers: ReadonlySet<number>;
  readonly account: number;
}

/** What is held now, and what would be. */
interface Both {
  readonly held: readonly Reach[];
  readonly proposed: readonly Reach[];
}

/**
 * Runs the signers' past uses in an account against proposed grants. A use beyond what is
 * held now was let in by something else: no proposal takes it away, and it is not counted.
 */
export function replay(ledger: Ledger, who: Who, grants: Both): Replay {
  const verdicts = judgeUses(ledger, who, grants);
  const denied = new Float64Array(verdicts.length);
  const first = new Int32Array(verdicts.length).fill(2 ** 31 - 1);
  const last = new Int32Array(verdicts.length).fill(-1);
  const days = new Float64Array(KEPT_DAYS + PERIOD);
  const periods = new Map<number, number>();
  let calls = 0;
  visitUses(ledger, (day, use, { succeeded, other }, bits) => {
    const verdict = verdicts[use];
    if (verdict === UNRELATED) return;
    const tried = succeeded + other;
    calls += tried;
    if (verdict === PERMITTED || tried === 0) return;
    denied[use] = (denied[use] ?? 0) + tried;
    const until = bits === 0 ? day : day + highestBit(bits);
    const from = bits === 0 ? day : day + lowestBit(bits);
    if (from < (first[use] ?? 0)) first[use] = from;
    if (until > (last[use] ?? 0)) last[use] = until;
    const at = ledger.newestDay - day;
    if (bits === 0) days[at] = (days[at] ?? 0) + tried;
    else periods.set(day, (periods.get(day) ?? 0) + tried);
  });
  const examples = [...denied.keys()]
    .filter((use) => (denied[use] ?? 0) > 0)
    .map((use) => ({ use, calls: denied[use] ?? 0, firstDay: first[use] ?? 0, lastDay: last[use] ?? 0 }))
    .toSorted(mostCalls);
  return {
    calls,
    wouldBeDenied: examples.reduce((sum, one) => sum + one.calls, 0),
    examples: examples.slice(0, EXAMPLES),
    byDay: [
      ...[...periods].map(([day, sum]) => ({ day, until: day + PERIOD - 1, calls: sum })),
      ...[...days.keys()].flatMap((ago) => {
        const day = ledger.newestDay - ago;
        return (days[ago] ?? 0) > 0 ? [{ day, until: day, calls: days[ago] ?? 0 }] : [];
      }),
    ].toSorted((a, b) => a.day - b.day),
  };
}

const UNRELATED = 0;
const PERMITTED = 1;
const DENIED = 2;

/** One verdict a use: rows are then only added up. */
function judgeUses({ uses, places, texts }: Ledger, { signers, account }: Who, grants: Both): Uint8Array {
  const verdicts = new Uint8Array(uses.table.used);
  const judge = judgeOf(grants);
  for (let use = 0; use < verdicts.length; use++) {
    const place = places[uses.place[use] ?? 0];
    if (place === undefined || place[0] !== account || !signers.has(uses.signer[use] ?? -1)) continue;
    const scope = { database: texts[place[1]] ?? "", container: texts[place[2]] ?? "" };
    verdicts[use] = judge(uses.action[use] ?? 0, scope);
  }
  return verdicts;
}

/** The verdict on an action at a place. */
function judgeOf({ held, proposed }: Both): (action: number, scope: Scope) => number {
  const anywhere = (grants: readonly Reach[]): number => grants.reduce((sum, { actions }) => sum | actions, 0);
  const metadata = [anywhere(held) & (1 << READ_METADATA), anywhere(proposed)] as const;
  const masks = new Map<string, readonly [held: number, proposed: number]>();
  return (action, scope) => {
    const key = scopeText(scope);
    const known = masks.get(key) ?? [heldAt(held, scope), heldAt(proposed, scope)];
    masks.set(key, known);
    const [now, then] = action === ACCOUNT_READ ? metadata : known;
    if (!permits(now, action, now)) return UNRELATED;
    return permits(then, action, now) ? PERMITTED : DENIED;
  };
}

/** As `replay`, from what the rows of each use add up to: for a holder among many. */
export function replayFacts(uses: readonly UseFact[], grants: Both): Omit<Replay, "byDay"> {
  const judge = judgeOf(grants);
  const judged = uses.map((use) => ({ use, verdict: judge(use.action, use.scope), calls: use.succeeded + use.other }));
  const denied = judged.filter(({ verdict, calls }) => verdict === DENIED && calls > 0);
  const sum = (list: typeof judged): number => list.reduce((total, { calls }) => total + calls, 0);
  return {
    calls: sum(judged.filter(({ verdict }) => verdict !== UNRELATED)),
    wouldBeDenied: sum(denied),
    examples: denied
      .map(({ use, calls }) => ({ use: use.use, calls, firstDay: use.days[0] ?? 0, lastDay: use.days.at(-1) ?? 0 }))
      .toSorted(mostCalls)
      .slice(0, EXAMPLES),
  };
}
