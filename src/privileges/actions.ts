import { lowestBit } from "../lib/bits.ts";

/**
 * Data actions of Cosmos DB's access control, and what one is worth to whoever should not have it, 0 to 1; the weights are
 * Scopetrail's own and are published with the score.
 * Source: https://learn.microsoft.com/azure/cosmos-db/reference-data-plane-security
 */
const ACTIONS = [
  ["readMetadata", 0],
  ["sqlDatabases/containers/items/create", 0.8],
  ["sqlDatabases/containers/items/read", 0.3],
  ["sqlDatabases/containers/items/replace", 0.8],
  ["sqlDatabases/containers/items/upsert", 0.8],
  ["sqlDatabases/containers/items/delete", 1],
  ["sqlDatabases/containers/executeQuery", 0.5],
  ["sqlDatabases/containers/readChangeFeed", 0.6],
  ["sqlDatabases/containers/executeStoredProcedure", 0.8],
  ["sqlDatabases/containers/manageConflicts", 0.5],
  ["sqlDatabases/containers/items/unmask", 1],
] as const;

const PREFIX = "Microsoft.DocumentDB/databaseAccounts/";

/** Full names, in the order of their bits in a mask of actions. */
export const ACTION_NAMES: readonly string[] = ACTIONS.map(([name]) => `${PREFIX}${name}`);
export const ACTION_WEIGHTS: readonly number[] = ACTIONS.map(([, weight]) => weight);
export const ALL_ACTIONS = 2 ** ACTIONS.length - 1;

// Bits of the actions that rules speak of.
export const READ_METADATA = 0;
export const CREATE = 1;
export const READ = 2;
export const REPLACE = 3;
export const UPSERT = 4;
export const DELETE = 5;
export const EXECUTE_QUERY = 6;
export const READ_CHANGE_FEED = 7;
export const EXECUTE_STORED_PROCEDURE = 8;
export const MANAGE_CONFLICTS = 9;
const UNMASK = 10;

// What an operation can come to beyond one data action.
/** Reads the account itself: `readMetadata` anywhere will do. */
export const ACCOUNT_READ = 11;
/** A transactional batch: the log does not tell its inner operations. */
export const BATCH = 12;
/** Management of databases, containers, throughput, procedures, users: no data action permits it. */
export const MANAGEMENT = 13;
/** An operation that is not known here. */
export const UNMAPPED = 14;

const USE_NAMES: readonly string[] = [
  ...ACTION_NAMES,
  "(read of the account)",
  "(batch: inner operations are not logged)",
  "(management: no data action)",
  "(operation not known)",
];

/** The data action's full name, or in brackets what the operation was. */
export const useName = (code: number): string => USE_NAMES[code] ?? "(operation not known)";

const ITEM: ReadonlyMap<string, number> = new Map([
  ["Read", READ],
  ["Head", READ],
  ["Create", CREATE],
  ["Replace", REPLACE],
  ["Update", REPLACE],
  ["Patch", REPLACE],
  ["Upsert", UPSERT],
  ["Delete", DELETE],
  ["Query", EXECUTE_QUERY],
  ["SqlQuery", EXECUTE_QUERY],
  ["QueryPlan", EXECUTE_QUERY],
  ["ReadFeed", READ_CHANGE_FEED],
  ["HeadFeed", READ_CHANGE_FEED],
  ["Batch", BATCH],
]);
const METADATA: ReadonlySet<string> = new Set(["Database", "Collection", "PartitionKeyRange", "Address"]);
const READS: ReadonlySet<string> = new Set(["Read", "ReadFeed", "Head", "HeadFeed", "Query", "SqlQuery", "QueryPlan"]);
const MANAGED: ReadonlySet<string> = new Set(["Offer", "User", "Permission", "Trigger", "UserDefinedFunction"]);

/** What a logged operation used: a data action's bit, or one of the codes beyond. */
export function useOf(operation: string, resourceType: string): number {
  if (resourceType === "Document") return ITEM.get(operation) ?? UNMAPPED;
  if (resourceType === "DatabaseAccount") return READS.has(operation) ? ACCOUNT_READ : MANAGEMENT;
  if (METADATA.has(resourceType)) return READS.has(operation) ? READ_METADATA : MANAGEMENT;
  if (resourceType === "StoredProcedure")
    return operation === "Execute" || operation === "ExecuteJavaScript" ? EXECUTE_STORED_PROCEDURE : MANAGEMENT;
  if (resourceType === "Conflict") return MANAGE_CONFLICTS;
  return MANAGED.has(resourceType) ? MANAGEMENT : UNMAPPED;
}

const BATCHED = mask(CREATE, READ, REPLACE, UPSERT, DELETE);

function mask(...bits: readonly number[]): number {
  return bits.reduce((sum, bit) => sum | (1 << bit), 0);
}

/**
 * Actions that a use needs where `held` is granted. An SDK reads metadata before any operation and the change feed with a
 * query: needed where they are held, as the use went well without them otherwise. What the log does not tell (the inner
 * operations of a batch, an operation not known here) needs whatever could have permitted it.
 */
export function needOf(use: number, held: number): number {
  const metadata = held & mask(READ_METADATA);
  if (use === MANAGEMENT) return 0;
  if (use === ACCOUNT_READ) return metadata;
  if (use === BATCH) return (held & BATCHED) === 0 ? 0 : (held & BATCHED) | metadata;
  if (use === UNMAPPED) return held;
  if ((held & mask(use)) === 0) return 0;
  const feed = use === EXECUTE_QUERY ? held & mask(READ_CHANGE_FEED) : 0;
  return mask(use) | metadata | feed;
}

/** What reads, and changes nothing. */
export const READ_ACTIONS = mask(READ_METADATA, READ, EXECUTE_QUERY, READ_CHANGE_FEED, UNMASK);

/** Whether a role permits a use that `held` permitted so far. */
export const permits = (role: number, use: number, held: number): boolean => {
  const need = needOf(use, held);
  return need !== 0 && (role & need) === need;
};

/**
 * The actions that a role's texts grant: names and wildcards, without case. `*` stands for any text, further segments among
 * it, as in Azure's other role definitions; for the built-in roles the narrower reading comes to the same.
 */
export function actionsOf(patterns: readonly string[]): number {
  let granted = 0;
  for (const pattern of patterns)
    ACTION_NAMES.forEach((name, bit) => {
      if (matches(pattern.toLowerCase(), name.toLowerCase())) granted |= 1 << bit;
    });
  return granted;
}

/** Whether a pattern with `*` for any text is of a name; both in the same case. */
export function matches(pattern: string, name: string): boolean {
  const parts = pattern.split("*");
  const [first = "", ...rest] = parts;
  if (rest.length === 0) return pattern === name;
  if (!name.startsWith(first)) return false;
  const last = rest.pop() ?? "";
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}

/** The bits of a mask, lowest first. */
export function bitsOf(granted: number): readonly number[] {
  const bits: number[] = [];
  for (let left = granted; left !== 0; left &= left - 1) bits.push(lowestBit(left));
  return bits;
}

/** Full names of a mask of actions. */
export const namesOf = (granted: number): readonly string[] => bitsOf(granted).map((bit) => ACTION_NAMES[bit] ?? "");
