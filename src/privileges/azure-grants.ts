import type { Change } from "../model/event.ts";
import type { AzureAssignment, AzureDefinition, AzureRecord } from "../model/grant.ts";
import { type Instant, instantFromTicks } from "../model/time.ts";

/** Assignments of Azure's own roles that lists tell, and how logs say that they changed. Plain data. */
export interface AzureRoles {
  readonly definitions: Map<string, AzureDefinition>;
  /** Of lists without a time, by id. */
  readonly assignments: Map<string, AzureAssignment>;
  /** Account → all that hold on it, of the last listing. */
  readonly listings: Map<string, AzureListing>;
  readonly changes: AzureChange[];
  /** Records and changes beyond what is kept. */
  beyond: number;
}

interface AzureListing {
  /** ARM id of the account, lower-cased. */
  readonly accountId: string;
  readonly at: Instant;
  readonly assignments: ReadonlyMap<string, AzureAssignment>;
  /** Assignment → the listing that had it for the first time, where an earlier one had not. */
  readonly since: ReadonlyMap<string, Instant>;
}

interface AzureChange {
  readonly time: Instant;
  /** ARM id of the assignment, lower-cased. */
  readonly id: string;
  readonly isGone: boolean;
  readonly result: Change["result"];
  /** What it gives; undefined where the record does not tell. */
  readonly gives: AzureAssignment | undefined;
}

/** An assignment that holds on an account. */
export interface AzureGrant {
  readonly assignment: AzureAssignment;
  /** When it was given, where a log or a listing tells. */
  readonly since: Instant | undefined;
}

const MAX_RECORDS = 200_000;
const MAX_CHANGES = 50_000;
/** Where compacting frees no room it is not tried for each of the next changes. */
const TRIED_EVERY = 1_000;
const MAX_LISTINGS = 1_000;

export const createAzureRoles = (): AzureRoles => ({
  definitions: new Map(),
  assignments: new Map(),
  listings: new Map(),
  changes: [],
  beyond: 0,
});

/** Adds a record of a list: of two with one id, the greater as text stays. */
export function addAzureRecord(azure: AzureRoles, record: AzureRecord): void {
  if (record.kind === "azure-definition") keep(azure, azure.definitions, record);
  else keep(azure, azure.assignments, record);
}

function keep<T extends AzureRecord>(azure: AzureRoles, kept: Map<string, T>, record: T): void {
  const known = kept.get(record.id);
  if (known === undefined && kept.size >= MAX_RECORDS) azure.beyond += 1;
  else if (known === undefined || JSON.stringify(known) < JSON.stringify(record)) kept.set(record.id, record);
}

/** All assignments that hold on an account, as they are at a time: what an earlier listing had beside them is gone. */
export function replaceAzure(
  azure: AzureRoles,
  listing: { readonly account: string; readonly accountId: string; readonly at: Instant },
  records: readonly AzureRecord[],
): void {
  const { account, accountId, at } = listing;
  const before = azure.listings.get(account);
  if (before === undefined && azure.listings.size >= MAX_LISTINGS) {
    azure.beyond += records.length;
    return;
  }
  const assignments = new Map<string, AzureAssignment>();
  const since = new Map<string, Instant>();
  for (const record of records) {
    if (record.kind === "azure-definition") {
      azure.definitions.set(record.id, record);
      continue;
    }
    assignments.set(record.id, record);
    const first = before?.since.get(record.id) ?? (before?.assignments.has(record.id) === false ? at : undefined);
    if (first !== undefined) since.set(record.id, first);
  }
  azure.listings.set(account, { accountId: accountId.toLowerCase(), at, assignments, since });
}

const ASSIGNMENT = /^(.{0,600}?)\/providers\/microsoft\.authorization\/roleassignments\/[^/]{1,64}$/;

/** Remembers a write or a deletion of an assignment of Azure's own roles; any other change is none of ours. */
export function noteAzureChange(
  azure: AzureRoles,
  { change, operation, action, details, resource, time, result }: Change,
): void {
  if (change !== "role-assignment" || !operation.startsWith("microsoft.authorization/roleassignments/")) return;
  const paths = [details.get("resource") ?? "", resource].map((text) => text.toLowerCase());
  const id = paths.find((text) => ASSIGNMENT.test(text));
  if (id === undefined) return;
  if (azure.changes.length >= MAX_CHANGES && azure.beyond % TRIED_EVERY === 0) compactChanges(azure);
  if (azure.changes.length >= MAX_CHANGES) {
    azure.beyond += 1;
    return;
  }
  const principal = details.get("principalId");
  const role = details.get("roleDefinitionId");
  const within = ASSIGNMENT.exec(id)?.[1] ?? "";
  const scope = (details.get("scope") ?? within).toLowerCase().replace(/\/+$/, "");
  const gives: AzureAssignment | undefined =
    principal === undefined || role === undefined
      ? undefined
      : {
          kind: "azure-assignment",
          id,
          principal,
          principalType: details.get("principalType") ?? "",
          definition: role.slice(role.lastIndexOf("/") + 1).toLowerCase(),
          scope: scope === "" ? "/" : scope,
        };
  azure.changes.push({ time, id, isGone: action === "delete", result, gives });
}

/** Of each assignment the last change stays, with what those before it told, and one that only began after it. */
function compactChanges({ changes }: AzureRoles): void {
  const last = new Map<string, AzureChange>();
  for (const change of settled(changes))
    last.set(change.id, { ...change, gives: change.gives ?? last.get(change.id)?.gives });
  const begun = new Map<string, AzureChange>();
  for (const change of changes.toSorted((a, b) => a.time - b.time))
    if (change.result === "started" && change.time > (last.get(change.id)?.time ?? BEFORE_ALL))
      begun.set(change.id, change);
  changes.splice(0, changes.length, ...last.values(), ...begun.values());
}

/** What holds on an account after all that was told. */
export interface Holding {
  readonly grants: readonly AzureGrant[];
  /** On management groups, of lists that do not tell which subscriptions those hold. */
  readonly unplaced: readonly AzureAssignment[];
  /** Assignments that a log says were made on the account or above it, and not to whom. */
  readonly untold: number;
}

const GROUPS = "/microsoft.management/managementgroups/";
const BEFORE_ALL = instantFromTicks(Number.NEGATIVE_INFINITY);

/** `accountId`: ARM id; a live listing of the account takes the place of lists without a time. */
export function azureGrantsOn(azure: AzureRoles, account: string, accountId: string): Holding {
  const listing = azure.listings.get(account);
  const id = (listing?.accountId ?? accountId).toLowerCase();
  const listed = listing === undefined ? [...azure.assignments.values()] : [...listing.assignments.values()];
  const held = new Map(
    listed
      .filter(({ scope }) => listing !== undefined || holds(scope, id))
      .map((assignment): [string, AzureGrant] => [
        assignment.id,
        { assignment, since: listing?.since.get(assignment.id) },
      ]),
  );
  const untold = new Set<string>();
  for (const change of settled(azure.changes)) {
    const { id: key, time, isGone, gives } = change;
    const isOld = time <= (listing?.at ?? BEFORE_ALL);
    const known = held.get(key);
    if (isGone && !isOld) {
      held.delete(key);
      untold.delete(key);
    } else if (!isGone && known !== undefined) held.set(key, { ...known, since: time });
    else if (!isGone && !isOld && gives !== undefined && holds(gives.scope, id))
      held.set(key, { assignment: gives, since: time });
    else if (!isGone && !isOld && gives === undefined && holds(ASSIGNMENT.exec(key)?.[1] ?? "", id)) untold.add(key);
  }
  const unplaced = listing === undefined ? listed.filter(({ scope }) => scope.includes(GROUPS)) : [];
  return { grants: [...held.values()], unplaced, untold: untold.size };
}

/** Changes that took place, in the order of their times, each with what its begin told. */
function settled(changes: readonly AzureChange[]): readonly AzureChange[] {
  const begun = new Map<string, AzureChange>();
  return changes
    .toSorted((a, b) => a.time - b.time)
    .flatMap((change) => {
      if (change.result === "failed") return [];
      if (change.result === "succeeded") return [{ ...change, gives: change.gives ?? begun.get(change.id)?.gives }];
      begun.set(change.id, change);
      return [];
    });
}

/** Whether an assignment on a scope is one on the resource, too: a subscription, a group, or the resource itself. */
const holds = (scope: string, resource: string): boolean =>
  scope === "/" || (resource !== "" && (resource === scope || (scope !== "" && resource.startsWith(`${scope}/`))));
