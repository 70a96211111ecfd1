import { addKey, createTable64, findKey, slotsOf, type Table64 } from "../lib/table64.ts";
import { type Instant, instantFromTicks } from "../model/time.ts";
import { mixed } from "./mixed.ts";

/** From which network and with which agent callers came, a few numbers each. Plain data. */
export interface ClientTable {
  readonly callers: Table64;
  /** A caller's client that was met last, by the caller's slot. */
  newest: Int32Array;
  readonly clients: Table64;
  /** Three a client: network and agent as text ids, and the caller's client before it, -1 at the first. */
  ids: Int32Array;
  /** Three a client: calls, and ticks of the first and of the last of them. */
  counts: Float64Array;
}

/** Whose clients: text ids, and of which grain the log is. */
export interface Caller {
  readonly account: number;
  readonly signer: number;
  readonly grain: number;
}

export interface ClientCalls {
  readonly network: number;
  readonly agent: number;
  readonly calls: number;
  readonly first: Instant;
  readonly last: Instant;
}

/** Clients of all callers. */
export const MAX_CLIENTS = 1 << 16;
const FIRST = 64;
const COLUMNS = 3;
/** A text id is below 2 ^ 20; this part of a network's is beside the caller's slot. */
const LOW_BITS = 6;
const AGENT_BITS = 20;

export const createClientTable = (): ClientTable => ({
  callers: createTable64(),
  newest: new Int32Array(FIRST),
  clients: createTable64(),
  ids: new Int32Array(COLUMNS * FIRST),
  counts: new Float64Array(COLUMNS * FIRST),
});

/** The client of a caller, a new one without calls where it is none yet; -1 where there are too many. */
export const clientOf = (table: ClientTable, caller: Caller, network: number, agent: number): number =>
  clientIn(table, { caller, slot: callerSlot(table, caller) }, network, agent);

/** A caller and its slot, which it keeps; -1 where it has none yet. */
export interface CallerIn {
  readonly caller: Caller;
  readonly slot: number;
}

/** As `clientOf`, of a caller whose slot is known. */
export function clientIn(
  table: ClientTable,
  { caller, slot: whose }: CallerIn,
  network: number,
  agent: number,
): number {
  const { clients } = table;
  const high = highWord(whose < 0 ? table.callers.used : whose, network);
  const low = lowWord(high, network, agent);
  const known = whose < 0 ? -1 : findKey(clients, high, low);
  if (known >= 0) return known;
  if (clients.size >= MAX_CLIENTS) return -1;
  const owner = whose < 0 ? addCaller(table, caller) : whose;
  const client = addKey(clients, high, low);
  if (table.counts.length < COLUMNS * slotsOf(clients)) grow(table);
  const { ids, counts } = table;
  const at = COLUMNS * client;
  ids[at] = network;
  ids[at + 1] = agent;
  ids[at + 2] = table.newest[owner] ?? -1;
  counts[at] = 0;
  counts[at + 1] = Number.POSITIVE_INFINITY;
  counts[at + 2] = Number.NEGATIVE_INFINITY;
  table.newest[owner] = client;
  return client;
}

export function addCalls({ counts }: ClientTable, client: number, time: Instant, calls: number): void {
  const at = COLUMNS * client;
  counts[at] = (counts[at] ?? 0) + calls;
  if (time < (counts[at + 1] ?? 0)) counts[at + 1] = time;
  if (time > (counts[at + 2] ?? 0)) counts[at + 2] = time;
}

export function clientsOfCaller(table: ClientTable, caller: Caller): readonly ClientCalls[] {
  const { ids, counts } = table;
  const found: ClientCalls[] = [];
  const whose = callerSlot(table, caller);
  for (let at = whose < 0 ? -1 : (table.newest[whose] ?? -1); at >= 0; at = ids[COLUMNS * at + 2] ?? -1) {
    const client = COLUMNS * at;
    found.push({
      network: ids[client] ?? 0,
      agent: ids[client + 1] ?? 0,
      calls: counts[client] ?? 0,
      first: instantFromTicks(counts[client + 1] ?? 0),
      last: instantFromTicks(counts[client + 2] ?? 0),
    });
  }
  return found.toReversed();
}

const callerKey = ({ account, signer, grain }: Caller): readonly [high: number, low: number] => {
  const high = (account << 2) | grain;
  return [high, mixed(signer ^ mixed(high))];
};

export const callerSlot = ({ callers }: ClientTable, caller: Caller): number => findKey(callers, ...callerKey(caller));

function addCaller(table: ClientTable, caller: Caller): number {
  const slot = addKey(table.callers, ...callerKey(caller));
  if (table.newest.length < slotsOf(table.callers)) {
    const { newest } = table;
    table.newest = new Int32Array(slotsOf(table.callers));
    table.newest.set(newest);
  }
  table.newest[slot] = -1;
  return slot;
}

// All of a client's numbers, in 64 bits: two keys are one only where all of their parts are.
const highWord = (owner: number, network: number): number => (owner << (AGENT_BITS - LOW_BITS)) | (network >> LOW_BITS);
const lowWord = (high: number, network: number, agent: number): number =>
  mixed((((network & ((1 << LOW_BITS) - 1)) << AGENT_BITS) | agent) ^ mixed(high));

function grow(table: ClientTable): void {
  const { ids, counts } = table;
  const room = COLUMNS * slotsOf(table.clients);
  table.ids = new Int32Array(room);
  table.ids.set(ids);
  table.counts = new Float64Array(room);
  table.counts.set(counts);
}

/** What earlier versions kept: network and agent as one number → calls. */
type OldClients = ReadonlyMap<number, { readonly calls: number; readonly first: Instant; readonly last: Instant }>;

/** The table, of what an earlier version kept too: by grain, and by `account|signer` as text ids. */
export function clientTableOf(kept: ClientTable | readonly ReadonlyMap<string, OldClients>[]): ClientTable {
  if ("callers" in kept) return kept;
  const table = createClientTable();
  for (const [grain, ofGrain] of kept.entries())
    for (const [whose, clients] of ofGrain) {
      const [account = -1, signer = -1] = whose.split("|").map(Number);
      putOld(table, { account, signer, grain }, clients);
    }
  return table;
}

function putOld(table: ClientTable, caller: Caller, clients: OldClients): void {
  for (const [key, { calls, first, last }] of clients) {
    const client = clientOf(table, caller, Math.floor(key / 2 ** AGENT_BITS), key % 2 ** AGENT_BITS);
    if (client < 0) continue;
    addCalls(table, client, first, 0);
    addCalls(table, client, last, calls);
  }
}
