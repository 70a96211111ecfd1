import { columnIndex } from "../detect/columns.ts";
import { areAmong, type Dimension } from "../model/call.ts";
import type { Counts, Split } from "../model/finding.ts";
import { msBetween } from "../model/time.ts";
import { rowsWithin } from "./observation.ts";
import type { Context } from "./context.ts";
import { type Explanation, MANY_PARTS } from "./rise.ts";
import { type Condition, NO_RULE } from "./rule.ts";
import { endsInCommon, type Rise, unite } from "./span.ts";
import { splitOf } from "./splits.ts";

/**
 * One fault can show on several parts of the traffic: rises of one cause that begin and end together are one. The
 * attribute that all parts share is the best split, where it separates well enough.
 */
export function mergeTogether(context: Context, explanations: readonly Explanation[]): readonly Explanation[] {
  const groups: Explanation[][] = [];
  for (const explanation of explanations) {
    const group = groups.find(([first]) => first !== undefined && together(first, explanation));
    if (group === undefined) groups.push([explanation]);
    else group.push(explanation);
  }
  return groups.flatMap((group) => {
    const [first, ...others] = group.toSorted(
      (a, b) => Number(a.told === undefined) - Number(b.told === undefined) || b.counts.refused - a.counts.refused,
    );
    if (first === undefined) return [];
    return others.length === 0 ? [first] : [mergeGroup(context, first, others)];
  });
}

const ECHO_MS = 60_000;

/** Refusals that the log says nothing of, beside told ones of the same account that begin and end with them. */
function isEcho(told: Explanation, quiet: Explanation): boolean {
  if (told.symptom !== quiet.symptom || told.layer !== "cosmos") return false;
  if (told.told === undefined || quiet.told !== undefined) return false;
  const shared = told.ranked.cause.id === "service-identity-hiccup" ? "cosmosRegion" : "cosmosAccount";
  if (told.common[shared] === undefined || quiet.common[shared] !== told.common[shared]) return false;
  const most = Math.max(ECHO_MS, 6 * told.gapMs, 6 * quiet.gapMs);
  return (
    Math.abs(msBetween(told.span.from, quiet.span.from)) <= most &&
    Math.abs(msBetween(told.span.to, quiet.span.to)) <= most
  );
}

function together(a: Explanation, b: Explanation): boolean {
  if (isEcho(a, b) || isEcho(b, a)) return true;
  const { id } = a.ranked.cause;
  if (id !== b.ranked.cause.id || a.layer !== b.layer) return false;
  if (id === "unknown" && attributes(a) !== attributes(b) && !covers(a, b) && !covers(b, a)) return false;
  if (id === "signing-key-rollover" && [a, b].every(areCallers))
    return inSameApi(a, b) && inSameKey(a, b) && overlap(a, b);
  if (id === "signing-key-rollover" && isOneKey(a, b) && gapBetween(a, b) <= REFRESH_MS) return true;
  if ([a, b].every(areCallers) && isOneApplication(a, b) && overlap(a, b)) return true;
  return endsInCommon(a, b) === 2;
}

const CALLER: ReadonlySet<string> = new Set<Dimension>([
  "callerNetwork",
  "appId",
  "principal",
  "subscription",
  "userAgentFamily",
]);

/** Only who calls one API separates: callers come to a new signing key one after the other, as their tokens are renewed. */
const areCallers = ({ splits }: Explanation): boolean =>
  Object.keys(splits[0]?.where ?? {}).every((name) => CALLER.has(name) || name === "api");

const inSameApi = (a: Explanation, b: Explanation): boolean => a.common.api === b.common.api;

/** As far as the key is logged. */
const inSameKey = (a: Explanation, b: Explanation): boolean =>
  a.common.keyId === undefined || b.common.keyId === undefined || a.common.keyId === b.common.keyId;

const isOneKey = (a: Explanation, b: Explanation): boolean =>
  a.common.keyId !== undefined && a.common.keyId === b.common.keyId;

/** Instances of one application that are refused for what the application does, each from when its own token was due. */
const isOneApplication = (a: Explanation, b: Explanation): boolean =>
  a.ranked.names.includes("appId") && a.common.appId !== undefined && a.common.appId === b.common.appId;

/** Gateways come to know a new signing key one after the other. */
const REFRESH_MS = 300_000;

/** Time from the end of one to the beginning of the other; negative where they overlap. */
const gapBetween = (a: Explanation, b: Explanation): number =>
  Math.max(msBetween(b.span.from, a.span.to), msBetween(a.span.from, b.span.to));

const ALL = 0.95;

/** All calls with what separates one are refused, and those of the other are among them. */
function covers({ splits: [split] }: Explanation, { common }: Explanation): boolean {
  if (split === undefined || split.refusedInside < ALL) return false;
  return Object.keys(split.where).length > 0 && areAmong(split.where, common);
}

const overlap = (a: Explanation, b: Explanation): boolean => a.span.from < b.span.to && b.span.from < a.span.to;

/** What separates, without its values. */
const attributes = (of: Explanation | undefined): string => Object.keys(of?.splits[0]?.where ?? {}).join();

function mergeGroup(context: Context, first: Explanation, others: readonly Explanation[]): Explanation {
  const all = [first, ...others];
  const span = unite(all.flatMap(({ span: one }) => one.stretches));
  const shared = sharedSplit(context, all, span);
  return {
    ...first,
    span,
    splits: [...(shared === undefined ? [] : [shared]), ...all.flatMap(({ splits }) => splits)],
    counts: sumOf(countedOnce(all).map(({ counts }) => counts)),
    samples: {
      refused: all.flatMap(({ samples }) => samples.refused.slice(0, 3)).slice(0, 8),
      succeeded: all.flatMap(({ samples }) => samples.succeeded.slice(0, 2)).slice(0, 5),
    },
    refusedCalls: new Set(all.flatMap(({ refusedCalls }) => [...refusedCalls])),
    lullMs: all.reduce((lull, one) => Math.min(lull, one.lullMs), first.lullMs),
    gapMs: all.reduce((gap, one) => Math.min(gap, one.gapMs), first.gapMs),
  };
}

const WORTH = 0.1;
/** Of one that names the cause only together with others. */
const WORTH_IN_PART = 0.5;
/** Of an API, which names no cause by itself; and where so many parts share it that each of them says little. */
const WORTH_OF_API = 0.5;
const WORTH_OF_API_FOR_MANY = 0.25;
/**
 * An attribute that comes first stays first unless another is refused that much more; one that comes after what the parts
 * are values of must be refused as much as they are.
 */
const AS_GOOD = 0.85;

/** The split over the clearest of the cause's attributes that all parts have in common, else over their API. */
function sharedSplit(context: Context, all: readonly Explanation[], span: Rise): Split | undefined {
  const [first] = all;
  const best = Math.max(...all.map(({ splits }) => splits[0]?.refusedInside ?? 0));
  const rows = rowsWithin(context.window, span);
  const inCommon = (names: readonly Dimension[], least: number): readonly Split[] => {
    const conditions = names.flatMap((name) => whereOf(context, all, name) ?? []);
    if (conditions.length < names.length) return [];
    const rule = { ...NO_RULE, conditions };
    const split = splitOf({ window: context.window, rows, dictionaries: context.detection.dictionaries }, rule);
    return split.refusedInside >= least * best ? [split] : [];
  };
  const worth = first?.ranked.alone === true ? WORTH : WORTH_IN_PART;
  const names = first?.ranked.names ?? [];
  const pairs = names.flatMap((name, i) => names.slice(i + 1).map((other) => [name, other]));
  const before = areValues(all) ? names.findIndex((name) => name === attributes(first)) : names.length;
  const naming = [...names.map((name) => [name]), ...pairs].flatMap((some) =>
    inCommon(some, some.some((name) => names.indexOf(name) < before) ? worth : AS_GOOD),
  );
  const clearest = Math.max(...naming.map(({ refusedInside }) => refusedInside));
  const named = naming.find(({ refusedInside }) => refusedInside >= AS_GOOD * clearest);
  return (
    named ??
    (areValues(all) ? undefined : inCommon(["api"], all.length < MANY_PARTS ? WORTH_OF_API : WORTH_OF_API_FOR_MANY)[0])
  );
}

/** The value of an attribute that all parts have in common, as a condition. */
function whereOf(context: Context, all: readonly Explanation[], name: Dimension): Condition | undefined {
  const value = all[0]?.common[name];
  if (value === undefined || !all.every(({ common }) => common[name] === value)) return undefined;
  const column = columnIndex(name);
  return { column, value: context.detection.dictionaries[column]?.ids.get(value) ?? -1 };
}

/** Each part is another value of one attribute that names the cause: they are what there is to say. */
function areValues(all: readonly Explanation[]): boolean {
  const [first] = all;
  const which = attributes(first);
  return all.every((one) => attributes(one) === which) && (first?.ranked.names.some((name) => name === which) ?? false);
}

/** Parts that one log alone tells of are those that the other tells of: the log that tells of more counts. */
export function countedOnce<T extends Pick<Explanation, "seenBy" | "counts">>(all: readonly T[]): readonly T[] {
  const refusedBy = (side: Explanation["seenBy"]): number =>
    all.reduce((sum, { seenBy, counts }) => sum + (seenBy === side ? counts.refused : 0), 0);
  const fewer = refusedBy("gateway") < refusedBy("cosmos") ? "gateway" : "cosmos";
  return all.filter(({ seenBy }) => seenBy !== fewer);
}

function sumOf(list: readonly Counts[]): Counts {
  const sum = (pick: (counts: Counts) => number): number => list.reduce((total, counts) => total + pick(counts), 0);
  const calls = sum((counts) => counts.calls);
  return {
    calls,
    refused: sum((counts) => counts.refused),
    status: { "401": sum(({ status }) => status["401"]), "403": sum(({ status }) => status["403"]) },
    usualRate: calls === 0 ? 0 : Number((sum((counts) => counts.usualRate * counts.calls) / calls).toPrecision(4)),
  };
}
