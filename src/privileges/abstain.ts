import type { Abstention } from "../model/privilege.ts";
import { formatInstant } from "../model/time.ts";
import { BATCH, needOf, UNMAPPED, useName } from "./actions.ts";
import { type Exposure, GRACE_DAYS, isEnough } from "./exposure.ts";
import { type Holder, reachOf, type UseFact } from "./holder.ts";
import { heldAt } from "./least.ts";
import { lossText } from "./losses.ts";

type Judged = Pick<Holder, "kind" | "grants" | "uses" | "exposure" | "clients" | "roles"> & {
  /** Of a group, those of its members that were seen. */
  readonly members: number;
  /** Principals without a grant that the holder's grants would let in, and whose applied assignment no log tells. */
  readonly maybeMembers: number;
};

/** Why what was not used is not surely unneeded; each in a sentence. */
export function abstentionsOf(holder: Judged, beyond: readonly UseFact[]): readonly Abstention[] {
  if (holder.grants.length === 0) return [];
  return [
    ...exposureNotes(holder.exposure),
    ...newGrant(holder),
    ...groupNote(holder),
    ...beyondNote(beyond),
    ...unknownDefinition(holder),
    ...innerOperations(holder),
    ...deniedWithin(holder),
    ...sharedIdentity(holder),
    ...tooMany(holder),
  ];
}

function exposureNotes(exposure: Exposure | undefined): readonly Abstention[] {
  if (exposure === undefined)
    return [
      {
        id: "not-enough-exposure",
        says: "No data-plane log of the account was seen since the grants are as they are.",
      },
    ];
  const { days, longestPeriod, quarterEnd } = exposure;
  const wanted = Math.max(30, 2 * longestPeriod);
  const parts = [
    ...(days < wanted ? [`${days} of at least ${wanted} days were observed`] : []),
    ...(quarterEnd ? [] : ["no end of a quarter is among the observed days"]),
  ];
  return [
    ...(isEnough(exposure) ? [] : [{ id: "not-enough-exposure", says: `${sentence(parts.join(" and "))}.` } as const]),
    ...gapTexts(exposure, "record of the account").map((says) => ({ id: "log-gap", says }) as const),
  ];
}

/** Days that are not observed though they lie between observed ones, or have records. */
export function gapTexts({ gaps, lost, from, to }: Exposure, what: string): readonly string[] {
  const between = [...lost.keys()].filter((day) => day > from && day < to).length;
  const missing = gaps.reduce((sum, gap) => sum + gap.to - gap.from + 1, 0) - between;
  return [
    ...(missing === 0 ? [] : [`${missing} days without any ${what} are not counted as observed.`]),
    ...(lost.size === 0
      ? []
      : [
          `${lost.size} ${lost.size === 1 ? "day is" : "days are"} not counted as observed, because records are missing (${lossText(lost.values())}).`,
        ]),
  ];
}

const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

function newGrant({ grants, exposure }: Judged): readonly Abstention[] {
  const newest = grants.map(({ since }) => since).filter((since) => since !== undefined);
  if (newest.length === 0 || (exposure !== undefined && exposure.to - exposure.from + 1 >= GRACE_DAYS)) return [];
  const latest = newest.reduce((a, b) => (a > b ? a : b));
  return [
    {
      id: "new-grant",
      says: `A grant is from ${formatInstant(latest).slice(0, 10)}: new grants are not judged for ${GRACE_DAYS} days.`,
    },
  ];
}

function groupNote({ kind, members, maybeMembers }: Judged): readonly Abstention[] {
  const note = (says: string): readonly Abstention[] => [{ id: "group-grant", says }];
  if (kind === "group")
    return note(
      `A group holds the grant: ${members} of its members ${members === 1 ? "was" : "were"} seen, others may need more. Shrink it at the group.`,
    );
  if (maybeMembers === 0) return [];
  return note(
    `It was never seen itself, and ${maybeMembers} principals without a role are let in to what it permits: it may be a group that they are in.`,
  );
}

function beyondNote(beyond: readonly UseFact[]): readonly Abstention[] {
  const [first] = beyond.toSorted((a, b) => b.succeeded - a.succeeded);
  if (first === undefined) return [];
  const calls = beyond.reduce((sum, { succeeded }) => sum + succeeded, 0);
  return [
    {
      id: "grants-incomplete",
      says: `${calls} calls (${useName(first.action)} first) were let in that no known grant permits: the lists are old, or a group holds a grant.`,
    },
  ];
}

function unknownDefinition({ grants }: Judged): readonly Abstention[] {
  const unknown = grants.filter(({ isKnown }) => !isKnown);
  if (unknown.length === 0) return [];
  const ids = unknown.slice(0, 3).map(({ assignment }) => assignment.definition);
  return [
    {
      id: "unknown-definition",
      says: `What ${ids.join(", ")} grants is not known: the definition is deleted or was not listed.`,
    },
  ];
}

function innerOperations({ uses, grants }: Judged): readonly Abstention[] {
  const reach = grants.map(reachOf);
  const hidden = uses.filter(
    ({ action, scope }) => (action === BATCH || action === UNMAPPED) && heldAt(reach, scope) !== 0,
  );
  if (hidden.length === 0) return [];
  const calls = hidden.reduce((sum, { succeeded, other }) => sum + succeeded + other, 0);
  return calls === 0
    ? []
    : [
        {
          id: "inner-operations-unknown",
          says: `${calls} operations do not tell which actions they used: all that could have permitted them are kept.`,
        },
      ];
}

function deniedWithin({ uses, grants }: Judged): readonly Abstention[] {
  const reach = grants.map(reachOf);
  const denied = uses.filter(
    ({ denied: refused, succeeded, action, scope }) =>
      refused > 0 && succeeded === 0 && needOf(action, heldAt(reach, scope)) !== 0,
  );
  if (denied.length === 0) return [];
  const calls = denied.reduce((sum, one) => sum + one.denied, 0);
  return [
    {
      id: "denied-within-grant",
      says: `${calls} calls were refused although a grant permits them, and none was let in: the refusals are not about roles, or are older than the grant. They are no use.`,
    },
  ];
}

/** What an account takes (learn.microsoft.com/azure/cosmos-db/concepts-limits). */
const MOST_ASSIGNMENTS = 2_000;
const MOST_DEFINITIONS = 100;

function tooMany({ roles }: Judged): readonly Abstention[] {
  const assignments = roles.reduce((sum, { scopes }) => sum + scopes.length, 0);
  if (assignments <= MOST_ASSIGNMENTS && roles.length <= MOST_DEFINITIONS) return [];
  return [
    {
      id: "too-many-assignments",
      says: `The recommended roles need ${assignments} assignments of ${roles.length} definitions, and an account takes ${MOST_ASSIGNMENTS} of ${MOST_DEFINITIONS}: grant them on databases instead.`,
    },
  ];
}

const FAMILIES = 3;

/** One identity in several kinds of clients may be several workloads. */
function sharedIdentity({ clients, kind }: Judged): readonly Abstention[] {
  if (kind !== "principal") return [];
  const families = new Set(
    clients()
      .map(({ userAgent }) => userAgent)
      .filter((agent) => agent !== ""),
  );
  if (families.size < FAMILIES) return [];
  const names = [...families].toSorted().slice(0, FAMILIES);
  return [
    {
      id: "shared-identity",
      says: `${families.size} kinds of clients use it (${names.join(", ")} …): several workloads may share it. Give each its own identity first.`,
    },
  ];
}
