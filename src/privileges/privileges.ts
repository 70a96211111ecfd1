import type { Change, Event, SignIn } from "../model/event.ts";
import { type EventTable, GATEWAY_KIND, kindOf, OPERATION_KIND } from "../model/event-table.ts";
import type { AzureRecord, InventoryRecord, RoleRecord } from "../model/grant.ts";
import type { BlindSpot } from "../model/finding.ts";
import type { Names } from "../model/names.ts";
import type { Instant } from "../model/time.ts";
import type { UseTotal } from "../model/use-total.ts";
import { addAzureRecord, type AzureRoles, createAzureRoles, noteAzureChange, replaceAzure } from "./azure-grants.ts";
import { Agents } from "./agents.ts";
import { AccessReader, createGatewayAccess, type GatewayAccess } from "./gateway-access.ts";
import { addGatewayRecord, createGatewayGrants, type GatewayGrants } from "./gateway-grants.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { createGatewayUse, GatewayReader, type GatewayUse } from "./gateway-use.ts";
import { createLosses, type Losses } from "./losses.ts";
import { readTotal, UseReader } from "./observe.ts";
import { unlistedAccess } from "./wide-access.ts";
import { addRole, createRoles, noteRoleChange, replaceRoles, type Roles } from "./roles.ts";

/** What is remembered of grants and of their use. Plain data; the order of what comes in does not matter. */
export interface Privileges {
  readonly ledger: Ledger;
  readonly roles: Roles;
  readonly azure: AzureRoles;
  readonly gateway: GatewayUse;
  gatewayAccess: GatewayAccess;
  readonly gatewayGrants: GatewayGrants;
  readonly losses: Losses;
  /** Account → times at which its keys were listed, at most `MAX_ACCOUNTS` accounts. */
  readonly keysListed: Map<string, KeysListed>;
  /** Application id → object id of its service principal, as sign-ins tell; at most `MAX_APPLICATIONS`. */
  readonly applications: Map<string, string>;
  /** Object id → what it is, as sign-ins and changes of roles tell; at most `MAX_APPLICATIONS`. */
  readonly kinds: Map<string, PrincipalType>;
}

export type PrincipalType = "service-principal" | "managed-identity" | "user" | "group";

interface KeysListed {
  times: number;
  last: Instant;
}

const MAX_ACCOUNTS = 10_000;
const MAX_APPLICATIONS = 100_000;

export const createPrivileges = (): Privileges => ({
  ledger: createLedger(),
  roles: createRoles(),
  azure: createAzureRoles(),
  gateway: createGatewayUse(),
  gatewayAccess: createGatewayAccess(),
  gatewayGrants: createGatewayGrants(),
  losses: createLosses(),
  keysListed: new Map(),
  applications: new Map(),
  kinds: new Map(),
});

/** Takes records of inventories, and operations that tables have added up: those beyond `until` are not believed. */
export function learnFacts(privileges: Privileges, facts: readonly Told[], until?: Instant): void {
  for (const { what } of facts) {
    if (what.kind === "role") learnRecord(privileges, what.role);
    else if (until !== undefined && what.total.time > until) privileges.ledger.ahead += what.total.calls;
    else readTotal(privileges.ledger, what.total);
  }
}

function learnRecord({ roles, azure, gatewayGrants }: Privileges, record: InventoryRecord): void {
  if (isRole(record)) addRole(roles, record);
  else if (isAzure(record)) addAzureRecord(azure, record);
  else addGatewayRecord(gatewayGrants, record);
}

const isRole = (record: InventoryRecord): record is RoleRecord =>
  record.kind === "definition" || record.kind === "assignment";
const isAzure = (record: InventoryRecord): record is AzureRecord =>
  record.kind === "azure-definition" || record.kind === "azure-assignment";

/** What a listing tells all of. */
export interface Lists {
  /** Name of the account, lower-cased. */
  readonly account: string;
  /** ARM id of the account. */
  readonly accountId: string;
  /** Roles of the account itself, or assignments of Azure's own roles that hold on it. */
  readonly of: "data-plane" | "azure";
}

/** Takes all roles of an account as they are at a time: what is not among them is gone. */
export function learnListing(
  privileges: Privileges,
  facts: readonly Told[],
  listing: Lists & { readonly at: Instant },
): void {
  const records = facts.flatMap(({ what }) => (what.kind === "role" ? [what.role] : []));
  if (listing.of === "azure") replaceAzure(privileges.azure, listing, records.filter(isAzure));
  else replaceRoles(privileges.roles, { account: listing.account, at: listing.at, records: records.filter(isRole) });
}

/** A fact that is no event of a moment. */
export interface Told {
  readonly what:
    | { readonly kind: "role"; readonly role: InventoryRecord }
    | { readonly kind: "total"; readonly total: UseTotal };
}

/** Readers of rows, by one table of names. */
export interface Readers {
  readonly operations: UseReader;
  readonly gateway: GatewayReader;
  readonly access: AccessReader;
  /** Tells what of all that is nobody's use. */
  readonly agents: Agents;
}

export const readersOf = ({ ledger, gateway, gatewayAccess }: Privileges, names: Names): Readers => ({
  operations: new UseReader(ledger, names),
  gateway: new GatewayReader(gateway, names),
  access: new AccessReader(gatewayAccess, ledger, names),
  agents: new Agents(ledger, names),
});

/** Takes a row that is no other event; false where it is one. */
export function learnRow(readers: Readers, table: EventTable, place: number): boolean {
  const kind = kindOf(table, place);
  if (kind !== OPERATION_KIND && kind !== GATEWAY_KIND) return false;
  if (readers.agents.isIgnored(table, place)) return true;
  one[0] = place;
  if (kind === OPERATION_KIND) readers.operations.readAll(table, one, 1);
  else readRequests(readers, table, one, 1);
  return true;
}

const one = new Int32Array(1);

function readRequests({ gateway, access }: Readers, table: EventTable, places: Int32Array, count: number): void {
  gateway.readAll(table, places, count);
  access.readAll(table, places, count);
}

/**
 * Takes operations, gateway requests, changes and sign-ins; `readers` read the rows by their names. What one reader keeps no
 * other does: each reads all of its rows in turn.
 */
export function learnRows(privileges: Privileges, readers: Readers, events: EventTable): void {
  const operations = new Int32Array(events.count);
  const requests = new Int32Array(events.count);
  let operationCount = 0;
  let requestCount = 0;
  for (let place = 0; place < events.count; place++) {
    const kind = kindOf(events, place);
    if ((kind !== OPERATION_KIND && kind !== GATEWAY_KIND) || readers.agents.isIgnored(events, place)) continue;
    if (kind === OPERATION_KIND) operations[operationCount++] = place;
    else requests[requestCount++] = place;
  }
  readers.operations.readAll(events, operations, operationCount);
  readRequests(readers, events, requests, requestCount);
  for (const event of events.objects.values()) learnEvent(privileges, event);
}

/** Takes a change or a sign-in; others tell nothing of privileges. */
export function learnEvent(privileges: Privileges, event: Event): void {
  if (event.kind === "change") learnChange(privileges, event);
  else if (event.kind === "sign-in") learnSignIn(privileges, event);
}

function learnChange(privileges: Privileges, event: Change): void {
  const { roles, keysListed } = privileges;
  noteRoleChange(roles, event);
  noteAzureChange(privileges.azure, event);
  learnKind(privileges, event.details.get("principalId"), typeOf(event.details.get("principalType") ?? ""));
  if (event.change !== "keys-listed" || event.result === "failed") return;
  const account = event.resource.slice(event.resource.lastIndexOf("/") + 1);
  const known = keysListed.get(account);
  if (known !== undefined) {
    known.times += 1;
    if (event.time > known.last) known.last = event.time;
  } else if (keysListed.size < MAX_ACCOUNTS) keysListed.set(account, { times: 1, last: event.time });
}

/** As Azure writes the type of a principal. */
function typeOf(text: string): PrincipalType | undefined {
  const type = text.toLowerCase();
  if (type === "serviceprincipal") return "service-principal";
  return type === "user" || type === "group" ? type : undefined;
}

/** A managed identity is a service principal, too: sign-ins tell which it is. */
function learnKind({ kinds }: Privileges, principal: string | undefined, type: PrincipalType | undefined): void {
  if (principal === undefined || type === undefined) return;
  const known = kinds.get(principal);
  if (known === undefined ? kinds.size < MAX_APPLICATIONS : known === "service-principal") kinds.set(principal, type);
}

/** An application has one service principal in a tenant: of two, the greater as text stays. */
function learnSignIn(privileges: Privileges, { appId, principal, identityKind }: SignIn): void {
  const { applications } = privileges;
  learnKind(privileges, principal, identityKind);
  if (appId === undefined || principal === undefined || identityKind !== "service-principal") return;
  const known = applications.get(appId);
  if (known === undefined && applications.size >= MAX_APPLICATIONS) return;
  if (known === undefined || known < principal) applications.set(appId, principal);
}

/** What could not be judged, and how to have it judged; `unjudged` holders of roles were left out. */
export function privilegeSpots(privileges: Privileges, unjudged: number): readonly BlindSpot[] {
  const { ledger, roles, azure, gateway, gatewayAccess, gatewayGrants } = privileges;
  const unlisted = [...ledger.observed.keys()]
    .map((account) => ledger.texts[account] ?? "")
    .filter((account) => !roles.listed.has(account));
  return [
    ...unlisted.slice(0, 20).map(
      (account): BlindSpot => ({
        id: "no-role-inventory",
        scope: `account:${account}`,
        says: `Who holds which role on ${account} is not known: no list of its role assignments was given.`,
        fix: "Add the outputs of `az cosmosdb sql role assignment list` and `az cosmosdb sql role definition list` to the files.",
      }),
    ),
    ...unlistedAccess(privileges),
    ...reached(
      "principals-limit",
      unjudged,
      "holders of roles have no findings: only those with the highest scores have",
    ),
    ...reached("ledger-limit", ledger.beyond, "operations were not counted in the usage ledger: it is full"),
    ...reached("ledger-ahead", ledger.ahead, "operations have a time that has not come yet and were not counted"),
    ...reached("clients-limit", ledger.clientsBeyond, "operations are of clients beyond those that are told apart"),
    ...reached(
      "gateway-use-limit",
      gateway.beyond + gatewayAccess.beyond,
      "calls are of callers and operations beyond those that are told apart",
    ),
    ...reached(
      "roles-limit",
      roles.beyond + azure.beyond + gatewayGrants.beyond,
      "role records and changes were given up: there are too many",
    ),
    ...reached(
      "role-conflict",
      roles.conflicts,
      "role records had an id that another record of a different content had",
    ),
  ];
}

const reached = (id: string, count: number, says: string): readonly BlindSpot[] =>
  count === 0
    ? []
    : [{ id, scope: "input", says: `${count} ${says}.`, fix: "Analyze fewer accounts, or newer lists, at once." }];
