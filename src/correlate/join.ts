import type { DataPlaneOperation, GatewayRequest } from "../model/event.ts";
import { type DurationMs, type Instant, plusMs } from "../model/time.ts";

/** A call that may still be joined by more events. */
interface Entry {
  readonly order: number;
  readonly openedAt: Instant;
  gateway: GatewayRequest | undefined;
  readonly operations: DataPlaneOperation[];
  readonly keys: string[];
}

/** What a closed entry leaves behind. */
export interface Joined {
  readonly gateway: GatewayRequest | undefined;
  readonly operations: readonly DataPlaneOperation[];
}

/** Exact joins in progress: by the gateway's correlation id, by the activity id that the backend returned, by the user's own. */
export interface Join {
  readonly window: DurationMs;
  readonly limit: number;
  readonly byKey: Map<string, Entry>;
  /** In order of arrival, which is event time: the oldest entries come first. */
  readonly open: Map<number, Entry>;
  next: number;
  /** Entries closed early because `limit` was reached. */
  evicted: number;
  /** Operations of one call beyond what a call keeps. */
  overflow: number;
}

/** `window`: how long after its first event a call waits for the others, in event time. */
export const createJoin = (window: DurationMs, limit: number): Join => ({
  window,
  limit,
  byKey: new Map(),
  open: new Map(),
  next: 0,
  evicted: 0,
  overflow: 0,
});

/** More operations than this belong to a caller that reuses one id, not to one request. */
const OPERATIONS_PER_CALL = 256;

export function addGateway(join: Join, gateway: GatewayRequest): void {
  const keys = [gateway.correlationId, gateway.backendActivityId, gateway.ownId].filter((key) => key !== undefined);
  const found = keys
    .map((key) => join.byKey.get(key))
    .filter((entry) => entry !== undefined && entry.gateway === undefined);
  const [first, ...others] = [...new Set(found)];
  const entry = first ?? open(join, gateway.time);
  for (const other of others) if (other !== undefined) merge(join, entry, other);
  entry.gateway = gateway;
  for (const key of keys) register(join, entry, key);
}

export function addOperation(join: Join, operation: DataPlaneOperation): void {
  const entry = join.byKey.get(operation.activityId) ?? open(join, operation.time);
  if (entry.operations.length >= OPERATIONS_PER_CALL) {
    join.overflow += 1;
    return;
  }
  entry.operations.push(operation);
  register(join, entry, operation.activityId);
}

/** Closes what waits no longer at `now` (and what is too much), oldest first. */
export function closeUntil(join: Join, now: Instant): readonly Joined[] {
  const closed: Joined[] = [];
  for (const entry of join.open.values()) {
    const crowded = join.open.size > join.limit;
    const waits = plusMs(entry.openedAt, join.window) > now;
    if (waits && !crowded) break;
    if (waits) join.evicted += 1;
    closed.push(close(join, entry));
  }
  return closed;
}

function open(join: Join, at: Instant): Entry {
  const entry: Entry = {
    order: join.next,
    openedAt: at,
    gateway: undefined,
    operations: [],
    keys: [],
  };
  join.open.set(join.next, entry);
  join.next += 1;
  return entry;
}

function close(join: Join, entry: Entry): Joined {
  join.open.delete(entry.order);
  for (const key of entry.keys) if (join.byKey.get(key) === entry) join.byKey.delete(key);
  return { gateway: entry.gateway, operations: entry.operations };
}

function register(join: Join, entry: Entry, key: string): void {
  if (join.byKey.get(key) === entry) return;
  if (join.byKey.has(key) && entry.gateway !== undefined && join.byKey.get(key)?.gateway !== undefined) return;
  join.byKey.set(key, entry);
  entry.keys.push(key);
}

function merge(join: Join, into: Entry, from: Entry): void {
  into.operations.push(...from.operations);
  join.open.delete(from.order);
  for (const key of from.keys) register(join, into, key);
}
