import { type Column, COLUMNS, COMPARED, dimensionOf } from "../detect/columns.ts";
import type { Detection, RefusalFacts } from "../detect/detection.ts";
import { type Rows, valueAt } from "../detect/rows.ts";
import type { Dimension } from "../model/call.ts";
import { refusedPlaces } from "./finding-detail.ts";
import type { Tracked } from "./same-fault.ts";

/** One value of a dimension: how much of the refused and of the succeeded calls have it, 0 to 1. */
export interface Difference {
  readonly dimension: Dimension;
  readonly value: string;
  readonly refused: number;
  readonly succeeded: number;
  /** Text of refused tokens, which nobody vouched for. */
  readonly claimed: boolean;
}

/** A finding's refused calls beside those of the same callers' same operations that succeeded since the onset. */
export interface Comparison {
  readonly refused: number;
  readonly succeeded: number;
  /** One value a dimension, most different first; dimensions that neither side logs are left out. */
  readonly differences: readonly Difference[];
}

/** What a token says of itself. */
const TOKEN: ReadonlySet<Column> = new Set<Column>([
  "appId",
  "principal",
  "issuer",
  "audience",
  "tokenVersion",
  "keyId",
  "scopes",
  "roles",
  "tokenAge",
]);

/** What a refusal itself brings about, but for the token's age: both kinds of calls have one. */
const isShown = (column: Column, i: number): boolean => COMPARED[i] === true || column === "tokenAge";

export function compareCalls(detection: Detection, tracked: Tracked): Comparison {
  const rows = detection.symptoms.get(tracked.symptom)?.rows;
  if (rows === undefined) return { refused: 0, succeeded: 0, differences: [] };
  const refused = refusedPlaces(rows, tracked);
  const succeeded = sameCallers(detection, tracked, new Set(refused.map((place) => rows.unit[place] ?? -1)));
  const claimed = refused.some((place) => rows.facts[place]?.claimed === true);
  const [r, s] = [weigh(rows, refused), weigh(detection.succeeded, succeeded)];
  const found =
    r === 0 || s === 0
      ? []
      : COLUMNS.flatMap((column, i) => {
          if (!isShown(column, i)) return [];
          const [inRefused, inSucceeded] = [tally(rows, refused, i), tally(detection.succeeded, succeeded, i)];
          const top = mostDifferent(inRefused, inSucceeded, { r, s });
          const value = top === undefined ? undefined : detection.dictionaries[i]?.values[top.id];
          if (top === undefined || value === undefined) return [];
          const one = { dimension: dimensionOf(column), value, refused: top.refused, succeeded: top.succeeded };
          return [{ ...one, claimed: claimed && TOKEN.has(column) }];
        });
  return { refused: Math.round(r), succeeded: Math.round(s), differences: ranked(found) };
}

/** Calls that succeeded since the onset, of the units (caller and operation) that were refused. */
function sameCallers(detection: Detection, { finding, lastRefused }: Tracked, units: ReadonlySet<number>): number[] {
  const { succeeded } = detection;
  const places: number[] = [];
  for (let place = 0; place < succeeded.count; place++) {
    const time = succeeded.time[place] ?? 0;
    if (time >= finding.onset && time <= lastRefused && units.has(succeeded.unit[place] ?? -1)) places.push(place);
  }
  return places;
}

const weigh = (rows: Rows<unknown>, places: readonly number[]): number =>
  places.reduce((sum, place) => sum + (rows.weight[place] ?? 0), 0);

function tally(rows: Rows<RefusalFacts | undefined>, places: readonly number[], column: number): Map<number, number> {
  const counts = new Map<number, number>();
  for (const place of places) {
    const id = valueAt(rows, place, column);
    if (id >= 0) counts.set(id, (counts.get(id) ?? 0) + (rows.weight[place] ?? 0));
  }
  return counts;
}

interface Shares {
  readonly id: number;
  readonly refused: number;
  readonly succeeded: number;
}

/** The value that the refused calls have more often; a dimension that one side does not log tells no difference. */
function mostDifferent(
  refused: ReadonlyMap<number, number>,
  succeeded: ReadonlyMap<number, number>,
  { r, s }: { readonly r: number; readonly s: number },
): Shares | undefined {
  if (succeeded.size === 0) return undefined;
  let best: Shares | undefined;
  for (const [id, weight] of refused) {
    const shares = { id, refused: weight / r, succeeded: (succeeded.get(id) ?? 0) / s };
    if (best === undefined || gap(shares) > gap(best)) best = shares;
  }
  return best;
}

const gap = ({ refused, succeeded }: Pick<Shares, "refused" | "succeeded">): number => refused - succeeded;

/** Most different first; of a network and the address in it, the one that differs more. */
function ranked(found: readonly Difference[]): readonly Difference[] {
  const byDimension = new Map<Dimension, Difference>();
  for (const one of found) {
    const known = byDimension.get(one.dimension);
    if (known === undefined || gap(one) > gap(known)) byDimension.set(one.dimension, one);
  }
  return [...byDimension.values()].toSorted((a, b) => gap(b) - gap(a));
}
