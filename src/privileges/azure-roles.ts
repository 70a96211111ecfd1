import { shortId } from "../lib/hash.ts";
import type { Finding } from "../model/finding.ts";
import type { AzureAssignment } from "../model/grant.ts";
import { formatInstant, type Instant } from "../model/time.ts";
import { causeOf } from "./finding-of.ts";
import type { Privileges } from "./privileges.ts";

/**
 * Roles of Azure itself that reach the data although they are for management: by reading keys, or by giving data-plane roles.
 * Source: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
 */
const REACHING: ReadonlyMap<string, { readonly name: string; readonly how: string }> = new Map([
  [
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    { name: "Owner", how: "may list the keys and give itself any data-plane role" },
  ],
  [
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
    { name: "Contributor", how: "may list the keys and give itself any data-plane role" },
  ],
  [
    "5bd9cd88-fe45-4216-938b-f97437e15450",
    { name: "DocumentDB Account Contributor", how: "may list the keys and give itself any data-plane role" },
  ],
  [
    "b78c5d69-af96-48a3-bf8d-a8b4d589de94",
    { name: "Azure AI Administrator", how: "may list the keys and give itself any data-plane role" },
  ],
  [
    "fbdf93bf-df7d-467e-a4d2-9458aa1360c8",
    { name: "Cosmos DB Account Reader Role", how: "may list the read-only keys" },
  ],
  [
    "512ef07a-840c-48d2-9be4-9a30a75a5c70",
    { name: "Defender Cloud Secrets Posture", how: "may list the keys and connection strings" },
  ],
]);

const SHOWN = 10;
const GROUPS = "/microsoft.management/managementgroups/";

/** One finding an account: who reaches its data without a data-plane role. */
export function indirectAccess({ roles, keysListed }: Privileges, now: Instant): readonly Finding[] {
  const reaching = [...roles.azure.values()].filter(({ definition }) => REACHING.has(definition));
  if (reaching.length === 0) return [];
  return [...accountIds(roles)].flatMap(([account, id]) => {
    const own = reaching.filter(({ scope }) => holds(scope, id)).toSorted(byPrincipal);
    const unplaced = reaching.filter(({ scope }) => scope.includes(GROUPS)).length;
    return own.length === 0 ? [] : [build(account, own, { now, unplaced, listed: keysListed.get(account) })];
  });
}

/** Account name → its ARM id, lower-cased, of those whose data-plane roles are listed. */
function accountIds({ assignments, definitions }: Privileges["roles"]): ReadonlyMap<string, string> {
  const ids = new Map<string, string>();
  for (const { account, accountId } of [...definitions.values(), ...assignments.values()])
    if (accountId !== "") ids.set(account, accountId.toLowerCase());
  return ids;
}

/** Whether an assignment on a scope is one on the resource, too: a subscription, a group, or the resource itself. */
const holds = (scope: string, resource: string): boolean =>
  scope === "/" || resource === scope || resource.startsWith(`${scope}/`);

const byPrincipal = (a: AzureAssignment, b: AzureAssignment): number =>
  a.principal < b.principal ? -1 : a.principal > b.principal ? 1 : a.id < b.id ? -1 : 1;

interface Around {
  readonly now: Instant;
  /** Assignments on management groups: no list tells which subscriptions those hold. */
  readonly unplaced: number;
  readonly listed: { readonly times: number; readonly last: Instant } | undefined;
}

function build(account: string, own: readonly AzureAssignment[], { now, unplaced, listed }: Around): Finding {
  const principals = new Set(own.map(({ principal }) => principal)).size;
  const more = own.length - SHOWN;
  return {
    id: `F-${shortId(`indirect-data-access|${account}`, 10)}`,
    kind: "indirect-data-access",
    severity: "medium",
    status: "open",
    title: `${principals} ${principals === 1 ? "principal reaches" : "principals reach"} all data of ${account} through roles that are for management.`,
    subject: { account },
    onset: now,
    end: null,
    detectedAt: now,
    counts: { calls: 0, refused: 0, status: { "401": 0, "403": 0 }, usualRate: 0 },
    layer: "cosmos",
    splits: [],
    cause: causeOf("management-role-reaches-data", 0.9, [
      ...own.slice(0, SHOWN).map(({ principal, principalType, definition, scope }) => ({
        says: `${principal}${principalType === "" ? "" : ` (${principalType})`}: ${REACHING.get(definition)?.name ?? ""} on ${scope} ${REACHING.get(definition)?.how ?? ""}.`,
        fields: { principal, role: REACHING.get(definition)?.name ?? "" },
      })),
      ...(unplaced > 0
        ? [
            {
              says: `${unplaced} assignments on management groups are not counted: whether the account is in one of them is not told.`,
              fields: { unplaced },
            },
          ]
        : []),
      ...(more > 0 ? [{ says: `And ${more} more assignments.`, fields: { assignments: own.length } }] : []),
      {
        says:
          listed === undefined
            ? "No log says that keys of this account were listed."
            : `Keys of this account were listed ${listed.times} times, last on ${formatInstant(listed.last).slice(0, 10)}.`,
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
