import { hostOf } from "../lib/host.ts";
import type { Inference } from "../model/call.ts";
import type { GatewayRequest } from "../model/event.ts";
import * as row from "../model/event-table.ts";
import { DOUBLES, type EventTable, WORDS } from "../model/event-table.ts";
import { type Names, nameText } from "../model/names.ts";
import { type DurationMs, type Instant, instantFromTicks, msBetween, plusMs } from "../model/time.ts";
import { isCosmosHost } from "../normalize/cosmos-backend.ts";
import { type Closed, type Join, type OpenKind, openEntries, operationPlaces, requestPlace, seal } from "./join.ts";
import { type LoneOperation, type LoneRequest, pairUp } from "./pairing.ts";

interface Owned extends Inference {
  /** Open entry of the operation, and when it was opened: an entry is used again. */
  readonly operation: number;
  readonly openedAt: Instant;
}

/** Pairs whose calls are still open. Plain data: survives a structured clone. */
export interface Inferred {
  /** Less sure pairs stay apart. */
  threshold: number;
  /** By the entry of the request. */
  readonly owned: Map<number, Owned>;
  /** Entry of an operation → that of the request which owns it. */
  readonly owners: Map<number, number>;
  /** Entry of an operation that was told with its request → when it was opened. */
  readonly told: Map<number, Instant>;
  /** Entries that were decided before their turn, paired or not → when they were opened. */
  readonly decided: Map<number, Instant>;
  /** Calls that begin before were looked at. */
  until: Instant;
  /** Requests that could not be weighed: too many rivals, or too long. */
  crowded: number;
  /** Probabilities of all pairs that were told, and their number. */
  sum: number;
  count: number;
}

export const createInferred = (threshold: number): Inferred => ({
  threshold,
  owned: new Map(),
  owners: new Map(),
  told: new Map(),
  decided: new Map(),
  until: instantFromTicks(0),
  crowded: 0,
  sum: 0,
  count: 0,
});

/** Shares of the join's window: of what is decided at once, and of what is looked at for it. */
const BLOCK = 0.3;
const AHEAD = 0.4;
/** Requests or operations of one look. */
const MOST_LONE = 20_000;

export interface Rows {
  readonly table: EventTable;
  readonly names: Names;
}

/**
 * Pairs what no id joined, a block of event time before the first of it closes. By then whatever could join it has been
 * followed, so that the pairs depend on event time alone.
 */
export function inferDue(inferred: Inferred, join: Join, rows: Rows, now: Instant): void {
  const { oldest } = join;
  if (oldest < 0) return;
  const first = openedAt(join, oldest);
  if (first < inferred.until || plusMs(first, join.window) > now) return;
  const until = plusMs(first, BLOCK * join.window);
  const known = plusMs(first, AHEAD * join.window);
  inferred.until = until;
  const { operations, requests } = loneEntries(inferred, join, rows.table, known);
  if (operations.length === 0 || requests.length === 0) return;
  if (requests.length > MOST_LONE || operations.length > MOST_LONE) {
    inferred.crowded += requests.filter((entry) => openedAt(join, entry) < until).length;
    return;
  }
  const since = (entry: number): DurationMs => msBetween(openedAt(join, entry), first);
  const paired = pairUp({
    requests: requests.map((entry) => requestOf({ entry, at: since(entry) }, rows, requestPlace(join, entry))),
    operations: operations.map((entry) =>
      operationOf({ entry, at: since(entry) }, rows, operationPlaces(join, entry)[0] ?? -1),
    ),
    until: msBetween(until, first),
    known: msBetween(known, first),
  });
  inferred.crowded += paired.crowded;
  for (const entry of paired.decided) inferred.decided.set(entry, openedAt(join, entry));
  for (const { request, operation, probability, candidates } of paired.pairs) {
    if (probability < inferred.threshold) continue;
    inferred.owned.set(request, { operation, openedAt: openedAt(join, operation), probability, candidates });
    inferred.owners.set(operation, request);
  }
}

const openedAt = (join: Join, entry: number): Instant => instantFromTicks(join.openedAt[entry] ?? 0);

interface LoneEntries {
  readonly operations: readonly number[];
  readonly requests: readonly number[];
}

const NONE: LoneEntries = { operations: [], requests: [] };

/** Rows are looked at only where there is an operation without a request. An API that an id joins once needs no guesses. */
function loneEntries({ decided }: Inferred, join: Join, table: EventTable, known: Instant): LoneEntries {
  const inOrder = (kind: OpenKind, isLone: (entry: number) => boolean): readonly number[] =>
    openEntries(join, kind, known)
      .filter((entry) => decided.get(entry) !== openedAt(join, entry) && isLone(entry))
      .toSorted((a, b) => openedAt(join, a) - openedAt(join, b));
  const operations = inOrder("operations", (entry) => operationPlaces(join, entry).length === 1);
  if (operations.length === 0) return NONE;
  const requests = inOrder("request", (entry) => isAnswered(table, requestPlace(join, entry)));
  if (requests.length === 0) return NONE;
  const apiOf = (entry: number): number => table.words[WORDS * requestPlace(join, entry) + row.API] ?? 0;
  const joined = new Set(openEntries(join, "joined", known).map(apiOf));
  return { operations, requests: requests.filter((entry) => !joined.has(apiOf(entry))) };
}

/** Cosmos DB itself was called, and answered in a time that the log tells. */
function isAnswered({ words, doubles }: EventTable, place: number): boolean {
  const isCosmos = ((words[WORDS * place + row.TRAITS] ?? 0) & row.COSMOS_BACKEND) !== 0;
  const told = (double: number): boolean => !Number.isNaN(doubles[DOUBLES * place + double] ?? Number.NaN);
  return isCosmos && words[WORDS * place + row.BACKEND_STATUS] !== 0 && told(row.TOTAL_MS_D) && told(row.BACKEND_MS_D);
}

const COLLECTION = /^https?:\/\/[^/]+\/dbs\/([^/?]+)\/colls\/([^/?]+)/i;

interface Begun {
  readonly entry: number;
  readonly at: DurationMs;
}

function requestOf({ entry, at }: Begun, { table, names }: Rows, place: number): LoneRequest {
  const { words, doubles } = table;
  const text = (word: number): string | undefined => nameText(names, words[WORDS * place + word] ?? 0);
  const object = table.objects.get(place);
  const url = object?.kind === "gateway-request" ? object.backendUrl : undefined;
  const path = url === undefined ? null : COLLECTION.exec(url);
  return {
    entry,
    at,
    totalMs: doubles[DOUBLES * place + row.TOTAL_MS_D] ?? 0,
    backendMs: doubles[DOUBLES * place + row.BACKEND_MS_D] ?? 0,
    status: words[WORDS * place + row.BACKEND_STATUS] ?? 0,
    account: accountIn(url, text(row.BACKEND)),
    container: path === null ? undefined : `${path[1] ?? ""}/${path[2] ?? ""}`.toLowerCase(),
    what: `${text(row.API) ?? ""}|${text(row.OPERATION) ?? ""}|${text(row.METHOD) ?? ""}|${text(row.BACKEND) ?? ""}`,
  };
}

/** The account that a host of Cosmos DB names. */
function accountIn(url: GatewayRequest["backendUrl"], backend: string | undefined): string | undefined {
  const host = ((url === undefined ? undefined : hostOf(url)) ?? backend ?? "").toLowerCase();
  return isCosmosHost(host) ? host.split(".", 1)[0] : undefined;
}

function operationOf({ entry, at }: Begun, { table, names }: Rows, place: number): LoneOperation {
  const { words, doubles } = table;
  const text = (word: number): string => nameText(names, words[WORDS * place + word] ?? 0) ?? "";
  const duration = doubles[DOUBLES * place + row.DURATION_D] ?? 0;
  const container = `${text(row.DATABASE)}/${text(row.CONTAINER)}`.toLowerCase();
  return {
    entry,
    at,
    durationMs: Number.isNaN(duration) ? 0 : duration,
    status: words[WORDS * place + row.STATUS] ?? 0,
    account: text(row.OWNER).toLowerCase(),
    container,
    what: `${text(row.OWNER)}|${container}|${text(row.OPERATION)}`,
  };
}

/** An operation that is told with a request, by its places. */
export interface Told extends Inference {
  readonly operations: readonly number[];
}

/**
 * Takes what was inferred of a call that was just closed: the operation of a request; or "told" of an operation that was
 * told with its request. Once told, nothing joins the operation any more, so that it is told once: a record that comes later
 * finds it closed as its request is.
 */
export function takeInferred(
  inferred: Inferred,
  { join, table }: { readonly join: Join; readonly table: EventTable },
  closed: Closed,
): Told | "told" | undefined {
  const { owned, owners, told, decided } = inferred;
  if (decided.size === 0 && told.size === 0) return undefined;
  const { entry, gateway, operations } = closed;
  decided.delete(entry);
  disown(inferred, entry);
  const toldAt = told.get(entry);
  told.delete(entry);
  if (gateway < 0 && toldAt === openedAt(join, entry)) return "told";
  const own = owned.get(entry);
  if (own === undefined) return undefined;
  owned.delete(entry);
  owners.delete(own.operation);
  if (gateway < 0 || operations.length > 0 || !isStillAlone(join, own)) return undefined;
  told.set(own.operation, own.openedAt);
  seal(join, table, own.operation);
  inferred.sum += own.probability;
  inferred.count += 1;
  return { ...own, operations: operationPlaces(join, own.operation) };
}

/** An operation that closes before its request, which came out of order, is told alone. */
function disown({ owned, owners }: Inferred, operation: number): void {
  const request = owners.get(operation);
  if (request === undefined) return;
  owners.delete(operation);
  owned.delete(request);
}

/** An id that came late is surer. */
const isStillAlone = (join: Join, { operation, openedAt: at }: Owned): boolean =>
  openedAt(join, operation) === at && requestPlace(join, operation) < 0 && operationPlaces(join, operation).length > 0;
