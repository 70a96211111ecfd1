import { networkOf, userAgentFamily } from "../correlate/network.ts";
import { passedAuthorization } from "../correlate/outcome.ts";
import * as row from "../model/event-table.ts";
import { type EventTable, timeOf, WORDS } from "../model/event-table.ts";
import { type Names, nameText } from "../model/names.ts";
import { type Instant, instantFromTicks } from "../model/time.ts";
import type { UseTotal } from "../model/use-total.ts";
import { useOf } from "./actions.ts";
import { isIgnored } from "./agents.ts";
import { addCalls, type Caller, callerSlot, clientIn } from "./client-table.ts";
import { RowMemo, STEP } from "./row-memo.ts";
import {
  type Applied,
  appliedOf,
  countApplied,
  countUse,
  dayOf,
  type Ledger,
  observe,
  placeId,
  textId,
  useId,
  type UseOutcome,
} from "./ledger.ts";

/** Signers that are no object id of Entra's are told from them by these beginnings. */
export const KEY_SIGNER = "key:";
export const TOKEN_SIGNER = "token:";
export const UNKNOWN_SIGNER = "unknown:";

/** Words of a row that tell who it was, and under which role assignment. */
const WHO = [row.OWNER, row.PRINCIPAL, row.CREDENTIAL, row.ROLE_ASSIGNMENT] as const;
/** Words of a row that tell what was done where. */
const WHAT = [row.OWNER, row.DATABASE, row.CONTAINER, row.OPERATION, row.RESOURCE_TYPE] as const;
/** Not looked at yet, in a memo of name ids. */
const UNREAD = -1;

/** What rows of a name table came to: belongs to one table of names, and is made anew when that is. */
export class UseReader {
  readonly #ledger: Ledger;
  readonly #names: Names;
  readonly #who: RowMemo<Who>;
  readonly #what: RowMemo<What>;
  /** Text id of an address' network and of a user agent's family, by name id. */
  #networks = new Int32Array(0);
  #agents = new Int32Array(0);
  /** Of the rows of a step. */
  readonly #whos: Who[] = [];
  readonly #whats: What[] = [];
  readonly #uses = new Int32Array(STEP);
  /** Of the row that is read. */
  readonly #use: { signer: number; place: number; action: number } = { signer: 0, place: 0, action: 0 };
  readonly #counted: Counted = {
    status: 0,
    time: instantFromTicks(0),
    calls: 1,
    network: -1,
    agent: -1,
    outcome: "other",
  };

  constructor(ledger: Ledger, names: Names) {
    this.#ledger = ledger;
    this.#names = names;
    this.#who = new RowMemo(WHO, names.seed);
    this.#what = new RowMemo(WHAT, names.seed);
  }

  /** Counts rows in their order: the first `count` of `places`, data-plane operations of agents that are not ignored. */
  readAll(table: EventTable, places: Int32Array, count: number): void {
    const { length } = this.#names.texts;
    this.#networks = covering(this.#networks, length);
    this.#agents = covering(this.#agents, length);
    for (let from = 0; from < count; from += STEP) {
      const step = places.subarray(from, Math.min(count, from + STEP));
      this.#lookUp(table, step);
      this.#count(table, step);
    }
  }

  #lookUp({ words }: EventTable, places: Int32Array): void {
    const ledger = this.#ledger;
    const [whos, whats, use] = [this.#whos, this.#whats, this.#use];
    for (let i = 0; i < places.length; i++) {
      const at = WORDS * (places[i] ?? 0);
      whos[i] = this.#who.get(words, at) ?? this.#who.put(words, at, whoOf(ledger, this.#operation(words, at), 0));
      whats[i] = this.#what.get(words, at) ?? this.#what.put(words, at, whatOf(ledger, this.#operation(words, at)));
    }
    for (let i = 0; i < places.length; i++) {
      use.signer = whos[i]?.signer ?? -1;
      use.place = whats[i]?.place ?? -1;
      use.action = whats[i]?.action ?? 0;
      this.#uses[i] = useId(ledger, use);
    }
  }

  #count(table: EventTable, places: Int32Array): void {
    const { words } = table;
    const counted = this.#counted;
    for (let i = 0; i < places.length; i++) {
      const place = places[i] ?? 0;
      const at = WORDS * place;
      const who = this.#whos[i];
      if (who === undefined) return;
      counted.agent = this.#remembered(this.#agents, words[at + row.USER_AGENT] ?? 0, familyText);
      counted.network = this.#remembered(this.#networks, words[at + row.ADDRESS] ?? 0, networkOf);
      counted.status = words[at + row.STATUS] ?? 0;
      counted.time = timeOf(table, place);
      countFound(this.#ledger, who, this.#uses[i] ?? -1, counted);
    }
  }

  #remembered(memo: Int32Array, name: number, read: (text: string) => string): number {
    const known = memo[name] ?? UNREAD;
    if (known !== UNREAD) return known;
    const id = textId(this.#ledger, read(this.#names.texts[name] ?? ""));
    memo[name] = id;
    return id;
  }

  #operation(words: Int32Array, at: number): Operation {
    const text = (word: number): string | undefined => nameText(this.#names, words[at + word] ?? 0);
    return {
      account: text(row.OWNER) ?? "",
      operation: text(row.OPERATION) ?? "",
      resourceType: text(row.RESOURCE_TYPE) ?? "",
      database: text(row.DATABASE),
      container: text(row.CONTAINER),
      credential: text(row.CREDENTIAL),
      principal: text(row.PRINCIPAL),
      roleAssignment: text(row.ROLE_ASSIGNMENT),
    };
  }
}

const familyText = (userAgent: string): string => userAgentFamily(userAgent) ?? "";

function covering(memo: Int32Array<ArrayBuffer>, count: number): Int32Array<ArrayBuffer> {
  if (count <= memo.length) return memo;
  const larger = new Int32Array(Math.max(1_024, 2 * count)).fill(UNREAD);
  larger.set(memo);
  return larger;
}

/** Counts a row of an aggregated table. */
export function readTotal(ledger: Ledger, total: UseTotal): void {
  const family = familyText(total.userAgent ?? "");
  if (total.calls === 0 || isIgnored(ledger, family, total.time)) return;
  const agent = textId(ledger, family);
  const network = textId(ledger, networkOf(total.clientAddress ?? ""));
  const grain = total.minutes === 5 ? 1 : 2;
  const who = whoOf(ledger, total, grain);
  const use = useId(ledger, { signer: who.signer, ...whatOf(ledger, total), grain });
  countFound(ledger, who, use, { ...total, network, agent, outcome: "other" });
}

/** Whose operation is counted. */
interface Who extends Caller {
  readonly account: number;
  readonly signer: number;
  readonly roleAssignment: string | undefined;
  /** `assignment|signer` as text ids, once it was looked for; undefined also where none was applied. */
  pair: string | undefined;
  /** What is counted of the role assignment, as of an oldest day: undefined where none was applied, or there are too many. */
  applied: Applied | undefined;
  appliedAs: number;
  /** The day that was noted last as observed. */
  day: number;
  /** Its slot in the table of clients; -1 where it has none yet. */
  slot: number;
  /** Network and agent of the client that was counted last, and its place in the table of clients: -1 where there is no room for it. */
  network: number;
  agent: number;
  clientPlace: number;
}

interface What {
  readonly place: number;
  readonly action: number;
}

interface Counted {
  status: number;
  time: Instant;
  calls: number;
  /** The client, as text ids; -1 where it cannot be told apart. */
  network: number;
  agent: number;
  outcome: UseOutcome;
}

interface Operation {
  readonly account: string;
  readonly operation: string;
  readonly resourceType: string;
  readonly database?: string | undefined;
  readonly container?: string | undefined;
  readonly credential?: string | undefined;
  readonly principal?: string | undefined;
  readonly roleAssignment?: string | undefined;
}

function whoOf(ledger: Ledger, operation: Operation, grain: number): Who {
  const signer = textId(ledger, signerOf(operation));
  const account = textId(ledger, operation.account);
  return {
    account,
    signer,
    grain,
    roleAssignment: operation.roleAssignment,
    pair: undefined,
    applied: undefined,
    appliedAs: Number.NaN,
    day: -1,
    slot: -1,
    network: -1,
    agent: -1,
    clientPlace: -1,
  };
}

const whatOf = (ledger: Ledger, operation: Operation): What => ({
  place: placeId(ledger, operation.account, operation.database ?? "", operation.container ?? ""),
  action: useOf(operation.operation, operation.resourceType),
});

/** Logs may name an assignment by its ARM id. */
const assignmentId = (text: string): string => text.slice(text.lastIndexOf("/") + 1);

function signerOf({ credential, principal }: Operation): string {
  const kind = credential?.toLowerCase();
  if (kind?.endsWith("masterkey") === true) return `${KEY_SIGNER}${credential}`;
  if (kind === "resourcetoken") return `${TOKEN_SIGNER}${credential}`;
  return principal ?? `${UNKNOWN_SIGNER}${credential ?? ""}`;
}

function countFound(ledger: Ledger, who: Who, use: number, counted: Counted): void {
  if (who.roleAssignment !== undefined)
    who.pair ??= `${textId(ledger, assignmentId(who.roleAssignment))}|${who.signer}`;
  const isLetIn = passedAuthorization(counted.status);
  counted.outcome = isLetIn ? "succeeded" : failureOf(counted.status);
  if (!countUse(ledger, use, counted)) return;
  const day = dayOf(counted.time);
  if (who.day !== day) observe(ledger, who.account, day);
  who.day = day;
  if (counted.network >= 0 && counted.agent >= 0) countClientOf(ledger, who, counted);
  if (who.pair === undefined || !isLetIn) return;
  if (who.appliedAs !== ledger.oldestDay) who.applied = appliedOf(ledger, who.pair);
  who.appliedAs = ledger.oldestDay;
  countApplied(ledger, who.applied, counted);
}

function countClientOf(ledger: Ledger, who: Who, { network, agent, time, calls }: Counted): void {
  const { clients } = ledger;
  if (who.network !== network || who.agent !== agent) {
    if (who.slot < 0) who.slot = callerSlot(clients, who);
    who.clientPlace = clientIn(clients, { caller: who, slot: who.slot }, network, agent);
    who.network = network;
    who.agent = agent;
  }
  if (who.clientPlace < 0) ledger.clientsBeyond += calls;
  else addCalls(clients, who.clientPlace, time, calls);
}

/** Cosmos answers what it let in with success, or says that an item is missing or in conflict; this is none of them. */
function failureOf(status: number): UseOutcome {
  if (status === 401) return "denied401";
  return status === 403 ? "denied403" : "other";
}
