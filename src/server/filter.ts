import type { Finding } from "../model/finding.ts";
import type { TimeRange } from "./range.ts";

/** One question by which findings can be narrowed; its name is the query parameter. */
export interface Facet {
  readonly name: string;
  readonly title: string;
  readonly of: (finding: Finding) => readonly string[];
  /** Words for values that are codes. */
  readonly words?: ReadonlyMap<string, string>;
}

const known = (value: string | undefined): readonly string[] => (value === undefined ? [] : [value]);
const split = (finding: Finding, dimension: "region" | "callerNetwork" | "backend"): readonly string[] => [
  ...new Set(finding.splits.flatMap(({ where }) => known(where[dimension]))),
];

/** In the order of a screen. Every value comes from findings: the list is as bounded as they are. */
export const FACETS: readonly Facet[] = [
  {
    name: "status",
    title: "State",
    of: ({ status }) => [status],
    words: new Map([
      ["open", "going on"],
      ["resolved", "ended"],
      ["muted", "muted"],
    ]),
  },
  { name: "severity", title: "Severity", of: ({ severity }) => [severity] },
  {
    name: "code",
    title: "Status code",
    of: ({ counts }) => (["401", "403"] as const).filter((code) => counts.status[code] > 0),
  },
  { name: "cause", title: "Cause", of: ({ cause }) => [cause.id] },
  {
    name: "layer",
    title: "Refused by",
    of: ({ layer }) => [layer],
    words: new Map([
      ["gateway", "the gateway"],
      ["backend", "the backend"],
      ["cosmos", "Cosmos DB"],
    ]),
  },
  { name: "api", title: "API", of: ({ subject }) => known(subject.api) },
  { name: "operation", title: "Operation", of: ({ subject }) => known(subject.operation) },
  { name: "principal", title: "Principal", of: ({ subject }) => known(subject.principal) },
  { name: "backend", title: "Backend", of: (finding) => split(finding, "backend") },
  { name: "region", title: "Region", of: (finding) => split(finding, "region") },
  { name: "network", title: "Caller network", of: (finding) => split(finding, "callerNetwork") },
];

export const LONGEST_SEARCH = 200;

/** What of the findings is asked for; an absent facet asks for all. */
export interface Filter {
  readonly values: ReadonlyMap<string, ReadonlySet<string>>;
  /** Text in title, id, cause, subject or samples; lower case. */
  readonly search: string;
  readonly range?: Pick<TimeRange, "from" | "to">;
}

export function filterOf(all: (name: string) => readonly string[] | undefined, range?: Filter["range"]): Filter {
  const values = new Map<string, ReadonlySet<string>>();
  for (const { name } of FACETS) {
    const asked = (all(name) ?? []).filter((value) => value !== "");
    if (asked.length > 0) values.set(name, new Set(asked));
  }
  const search = (all("q")?.[0] ?? "").trim().slice(0, LONGEST_SEARCH).toLowerCase();
  return { values, search, ...(range === undefined ? {} : { range }) };
}

const overlaps = ({ onset, end }: Finding, range: Filter["range"]): boolean =>
  range === undefined || (onset < range.to && (end === null || end >= range.from));

/** Whether a finding is asked for; `but` names a facet that is not looked at. */
export function isAsked(finding: Finding, { values, search, range }: Filter, but?: string): boolean {
  if (!overlaps(finding, range) || (search !== "" && !textOf(finding).includes(search))) return false;
  return FACETS.every(({ name, of }) => {
    const asked = values.get(name);
    return asked === undefined || name === but || of(finding).some((value) => asked.has(value));
  });
}

function textOf({ id, title, cause, subject, samples, splits }: Finding): string {
  const where = splits.flatMap((one) => Object.values(one.where));
  return [id, title, cause.id, ...Object.values(subject), ...where, ...samples.refused, ...samples.succeeded]
    .join("\n")
    .toLowerCase();
}

export interface FacetValue {
  readonly value: string;
  readonly says: string;
  /** Findings with it among those that the other facets ask for. */
  readonly count: number;
  readonly isAsked: boolean;
}

/** The values of a facet, most frequent first, those asked for always among them; at most `most`. */
export function facetValues(
  findings: readonly Finding[],
  filter: Filter,
  facet: Facet,
  most: number,
): readonly FacetValue[] {
  const asked = filter.values.get(facet.name) ?? new Set<string>();
  const counts = new Map([...asked].map((value) => [value, 0]));
  for (const finding of findings) {
    if (!isAsked(finding, filter, facet.name)) continue;
    for (const value of facet.of(finding)) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts]
    .map(([value, count]) => ({ value, count, says: facet.words?.get(value) ?? value, isAsked: asked.has(value) }))
    .toSorted((a, b) => Number(b.isAsked) - Number(a.isAsked) || b.count - a.count || a.value.localeCompare(b.value))
    .slice(0, Math.max(most, asked.size));
}
