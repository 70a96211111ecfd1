import { type Column, columnIndex } from "../detect/columns.ts";
import { entry } from "../lib/entry.ts";
import { type DurationMs, TICKS_PER_MS } from "../model/time.ts";
import { factsOf, idIn, type Window } from "./window.ts";

/** Refusals that a reason needs to be looked at apart. */
const MIN_REFUSED = 5;

/** A row that says nothing is of its unit's reason no longer than this before and after the rows that say it. */
const AROUND_MS: DurationMs = 600_000;

/**
 * Refused rows told apart by what the log says of them, where it says different things: a write to a region that takes none
 * and a missing role both answer 403. A row that says nothing goes with what its unit's other rows say about then, unless
 * it differs from them in how Cosmos DB was reached and the log would have said it. Gives, for each reason, the rows of
 * all the others.
 */
export function reasonsApart(window: Window): readonly Set<number>[] {
  const reasons = reasonsOf(window);
  const quiet = quietValues(window, reasons);
  const groups = new Map<string, number[]>();
  for (let row = 0; row < window.refused; row++) {
    const reason = toldOf(window, row) === undefined && isQuiet(window, quiet, row) ? "" : (reasons[row] ?? "");
    entry(groups, reason, () => [] as number[]).push(row);
  }
  const large = [...groups]
    .filter(([, rows]) => rows.length >= MIN_REFUSED)
    .toSorted((a, b) => b[1].length - a[1].length);
  if (large.length < 2) return [new Set()];
  return large.map(([reason]) => new Set([...groups].flatMap(([other, rows]) => (other === reason ? [] : rows))));
}

/** What the log says of a refusal; a missing key and a wrong one are two things, though they have one cause. */
function toldOf(window: Window, row: number): string | undefined {
  const facts = factsOf(window, row);
  return facts?.told === KEY ? (facts.reason ?? KEY) : facts?.told;
}

/** The reason of a refused subscription key. */
const KEY = "SubscriptionKey";

/** By refused row, what it says or else what its unit's other rows say about then; empty where nothing does. */
function reasonsOf(window: Window): readonly string[] {
  const byUnit = mostToldByUnit(window);
  return Array.from(
    { length: window.refused },
    (_, row) => toldOf(window, row) ?? reasonAbout(byUnit.get(window.unit[row] ?? -1), window.time[row] ?? 0),
  );
}

/** How Cosmos DB is reached: what is logged of a refusal does not depend on it. */
const WAYS: readonly Column[] = ["clientNetwork", "cosmosPrincipal", "credential"];
/** What is logged depends on these. */
const LOGGED_BY: readonly Column[] = ["api", "region", "gatewayHost"];
const MIN_QUIET = 20;
const HARDLY = 0.05;
const SELDOM = 0.1;

interface Count {
  told: number;
  silent: number;
}

/** By column, values whose refusals say nothing where the same gateway and API log what is said of the others. */
function quietValues(window: Window, reasons: readonly string[]): ReadonlyMap<Column, ReadonlySet<number>> {
  const rows = [...reasons.keys()].filter((row) => reasons[row] !== "");
  if (!rows.some((row) => toldOf(window, row) === undefined)) return new Map();
  const logging = (row: number): string => LOGGED_BY.map((column) => idIn(window, column, row)).join();
  const count = <K>(among: readonly number[], keyOf: (row: number) => K): Map<K, Count> => {
    const counts = new Map<K, Count>();
    for (const row of among) {
      const one = entry(counts, keyOf(row), () => ({ told: 0, silent: 0 }));
      if (toldOf(window, row) === undefined) one.silent += 1;
      else one.told += 1;
    }
    return counts;
  };
  const quietIn = (column: Column): ReadonlySet<number> => {
    const ids = window.raw[columnIndex(column)] ?? [];
    const byValue = count(rows, (row) => ids[row] ?? -1);
    const isSilent = ({ told, silent }: Count): boolean => silent >= MIN_QUIET && told <= HARDLY * silent;
    const silent = new Set([...byValue].flatMap(([value, one]) => (value !== -1 && isSilent(one) ? [value] : [])));
    const others = count(
      rows.filter((row) => !silent.has(ids[row] ?? -1)),
      logging,
    );
    const isLogged = (row: number): boolean => {
      const other = others.get(logging(row));
      return other !== undefined && other.told >= MIN_QUIET && other.silent <= SELDOM * other.told;
    };
    const logged = count(rows.filter(isLogged), (row) => ids[row] ?? -1);
    return new Set([...silent].filter((value) => (logged.get(value)?.silent ?? 0) >= MIN_QUIET));
  };
  return new Map(WAYS.map((column) => [column, quietIn(column)]));
}

const isQuiet = (window: Window, quiet: ReadonlyMap<Column, ReadonlySet<number>>, row: number): boolean =>
  [...quiet].some(([column, values]) => values.has(idIn(window, column, row)));

/** A reason with how often and between which times it was told. */
interface Told {
  readonly reason: string;
  readonly count: number;
  readonly from: number;
  readonly to: number;
}

function reasonAbout(told: Told | undefined, time: number): string {
  if (told === undefined) return "";
  const around = AROUND_MS * TICKS_PER_MS;
  return time >= told.from - around && time <= told.to + around ? told.reason : "";
}

function mostToldByUnit(window: Window): ReadonlyMap<number, Told> {
  const units = new Map<number, Map<string, Told>>();
  for (let row = 0; row < window.refused; row++) {
    const reason = toldOf(window, row);
    if (reason === undefined) continue;
    const time = window.time[row] ?? 0;
    const unit = entry(units, window.unit[row] ?? -1, () => new Map<string, Told>());
    const told = unit.get(reason) ?? { reason, count: 0, from: time, to: time };
    unit.set(reason, { reason, count: told.count + 1, from: Math.min(told.from, time), to: Math.max(told.to, time) });
  }
  const mostOf = (unit: ReadonlyMap<string, Told>): readonly Told[] =>
    [...unit.values()].toSorted((a, b) => b.count - a.count).slice(0, 1);
  return new Map([...units].flatMap(([unit, told]) => mostOf(told).map((most) => [unit, most] as const)));
}
