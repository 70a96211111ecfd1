import { shortId } from "../lib/hash.ts";
import type { Finding } from "../model/finding.ts";
import type { Evidence } from "../model/cause.ts";
import type { AzureAssignment } from "../model/grant.ts";
import type { Instant } from "../model/time.ts";
import { type AzureGrant, azureGrantsOn } from "./azure-grants.ts";
import { type AzureReach, azureReachOf } from "./azure-reach.ts";
import { causeOf, dateOf } from "./finding-of.ts";
import type { Privileges } from "./privileges.ts";

const SHOWN = 10;

/** One finding an account: who reaches its data without a data-plane role. */
export function indirectAccess({ roles, azure, keysListed }: Privileges, now: Instant): readonly Finding[] {
  return [...accountIds(roles, azure)].flatMap(([account, id]) => {
    const { grants, unplaced, untold } = azureGrantsOn(azure, account, id);
    const reachOf = ({ definition }: AzureAssignment): AzureReach | undefined =>
      azureReachOf(azure.definitions, definition);
    const own = grants
      .flatMap(({ assignment, since }): Reaching[] => {
        const reach = reachOf(assignment);
        return reach === undefined || reach.ways.length === 0 ? [] : [{ assignment, since, reach }];
      })
      .toSorted(byPrincipal);
    if (own.length === 0) return [];
    return [
      build(account, own, {
        now,
        untold,
        unplaced: unplaced.filter((one) => (reachOf(one)?.ways.length ?? 0) > 0).length,
        unknown: grants.filter(({ assignment }) => reachOf(assignment) === undefined).length,
        listed: keysListed.get(account),
      }),
    ];
  });
}

interface Reaching extends AzureGrant {
  readonly reach: AzureReach;
}

const ACCOUNT = /\/providers\/microsoft\.documentdb\/databaseaccounts\/([^/]{1,64})$/i;

/** Account name → its ARM id, of those whose roles are listed. */
function accountIds(
  { assignments, definitions }: Privileges["roles"],
  { listings, assignments: azure }: Privileges["azure"],
): ReadonlyMap<string, string> {
  const ids = new Map<string, string>();
  for (const { scope } of azure.values()) {
    const account = ACCOUNT.exec(scope)?.[1];
    if (account !== undefined) ids.set(account, scope);
  }
  for (const { account, accountId } of [...definitions.values(), ...assignments.values()])
    if (accountId !== "") ids.set(account, accountId);
  for (const [account, { accountId }] of listings) ids.set(account, accountId);
  return ids;
}

const byPrincipal = ({ assignment: a }: Reaching, { assignment: b }: Reaching): number =>
  a.principal < b.principal ? -1 : a.principal > b.principal ? 1 : a.id < b.id ? -1 : 1;

interface Around {
  readonly now: Instant;
  /** Assignments on management groups that would reach the data. */
  readonly unplaced: number;
  readonly untold: number;
  /** Assignments of roles that are neither listed nor known. */
  readonly unknown: number;
  readonly listed: { readonly times: number; readonly last: Instant } | undefined;
}

function build(account: string, own: readonly Reaching[], around: Around): Finding {
  const { now, listed } = around;
  const principals = new Set(own.map(({ assignment }) => assignment.principal)).size;
  const given = own.flatMap(({ since }) => since ?? []);
  return {
    id: `F-${shortId(`indirect-data-access|${account}`, 10)}`,
    kind: "indirect-data-access",
    severity: "medium",
    status: "open",
    title: `${principals} ${principals === 1 ? "principal reaches" : "principals reach"} all data of ${account} through roles that are for management.`,
    subject: { account },
    onset: given.length === own.length ? given.reduce((a, b) => (a < b ? a : b)) : now,
    end: null,
    detectedAt: now,
    counts: { calls: 0, refused: 0, status: { "401": 0, "403": 0 }, usualRate: 0 },
    layer: "cosmos",
    splits: [],
    cause: causeOf("management-role-reaches-data", 0.9, [
      ...own.slice(0, SHOWN).map(evidenceOf),
      ...notesOf(own.length, around),
      {
        says:
          listed === undefined
            ? "No log says that keys of this account were listed."
            : `Keys of this account were listed ${listed.times} times, last on ${dateOf(listed.last)}.`,
        fields: { listed: listed?.times ?? 0 },
      },
    ]),
    fix: {
      says: "Give those who manage the account Cosmos DB Operator, which may neither read keys nor give data-plane roles, and switch local authentication off so that a key reaches nothing.",
      commands: [],
    },
    privilege: null,
    samples: { refused: [], succeeded: [] },
  };
}

function evidenceOf({ assignment, reach, since }: Reaching): Evidence {
  const { principal, principalType, scope } = assignment;
  const given = since === undefined ? "" : ` It was given on ${dateOf(since)}.`;
  return {
    says: `${principal}${principalType === "" ? "" : ` (${principalType})`}: ${reach.name} on ${scope} may ${listText(reach.ways)}.${given}`,
    fields: { principal, role: reach.name },
  };
}

const listText = (parts: readonly string[]): string =>
  parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1) ?? ""}`;

function notesOf(count: number, { unplaced, untold, unknown }: Around): readonly Evidence[] {
  const more = count - SHOWN;
  return [
    ...(more > 0 ? [{ says: `And ${more} more assignments.`, fields: { assignments: count } }] : []),
    ...(unplaced > 0
      ? [
          {
            says: `${unplaced} ${unplaced === 1 ? "assignment on a management group is" : "assignments on management groups are"} not counted: whether the account is in one of them is not told.`,
            fields: { unplaced },
          },
        ]
      : []),
    ...(untold > 0 ? [{ says: `A log says that ${untold} more were made, and not to whom.`, fields: { untold } }] : []),
    ...(unknown > 0
      ? [
          {
            says: `What ${unknown} more assignments permit is not known: their roles are in no list (az role definition list).`,
            fields: { unknown },
          },
        ]
      : []),
  ];
}
