import { networkOf, userAgentFamily } from "../correlate/network.ts";
import { passedAuthorization } from "../correlate/outcome.ts";
import * as row from "../model/event-table.ts";
import { type EventTable, timeOf, WORDS } from "../model/event-table.ts";
import { type Names, nameText } from "../model/names.ts";
import type { UseTotal } from "../model/use-total.ts";
import { useOf } from "./actions.ts";
import { isIgnored } from "./agents.ts";
import { RowMemo } from "./row-memo.ts";
import {
  addCalls,
  type Calls,
  type ClientCalls,
  clientKey,
  clientsFor,
  countApplied,
  clientOf,
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

/** Words of a row that tell which use it is, and under which role assignment. */
const TELLING = [
  row.OWNER,
  row.DATABASE,
  row.CONTAINER,
  row.PRINCIPAL,
  row.CREDENTIAL,
  row.OPERATION,
  row.RESOURCE_TYPE,
  row.ROLE_ASSIGNMENT,
] as const;
/** Not looked at yet, in a memo of name ids. */
const UNREAD = -1;

/** What rows of a name table came to: belongs to one table of names, and is made anew when that is. */
export class UseReader {
  readonly #ledger: Ledger;
  readonly #names: Names;
  readonly #memo: RowMemo<Found>;
  /** Text id of an address' network and of a user agent's family, by name id. */
  #networks = new Int32Array(0);
  #agents = new Int32Array(0);

  constructor(ledger: Ledger, names: Names) {
    this.#ledger = ledger;
    this.#names = names;
    this.#memo = new RowMemo(TELLING, names.seed);
  }

  /** Counts the row, which is a data-plane operation of an agent that is not ignored. */
  readOne(table: EventTable, place: number): void {
    const { length } = this.#names.texts;
    this.#networks = covering(this.#networks, length);
    this.#agents = covering(this.#agents, length);
    const at = WORDS * place;
    const agent = this.#remembered(this.#agents, table.words[at + row.USER_AGENT] ?? 0, familyText);
    const network = this.#remembered(this.#networks, table.words[at + row.ADDRESS] ?? 0, networkOf);
    const status = table.words[at + row.STATUS] ?? 0;
    const what = { status, time: timeOf(table, place), calls: 1 };
    const found = this.#memo.get(table.words, at, 0, () => this.#find(table.words, at));
    countFound(this.#ledger, found, { network, agent }, what);
  }

  #remembered(memo: Int32Array, name: number, read: (text: string) => string): number {
    const known = memo[name] ?? UNREAD;
    if (known !== UNREAD) return known;
    const id = textId(this.#ledger, read(this.#names.texts[name] ?? ""));
    memo[name] = id;
    return id;
  }

  #find(words: Int32Array, at: number): Found {
    const text = (word: number): string | undefined => nameText(this.#names, words[at + word] ?? 0);
    const operation = {
      account: text(row.OWNER) ?? "",
      operation: text(row.OPERATION) ?? "",
      resourceType: text(row.RESOURCE_TYPE) ?? "",
      database: text(row.DATABASE),
      container: text(row.CONTAINER),
      credential: text(row.CREDENTIAL),
      principal: text(row.PRINCIPAL),
      roleAssignment: text(row.ROLE_ASSIGNMENT),
    };
    return find(this.#ledger, operation, 0);
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
  const found = find(ledger, total, total.minutes === 5 ? 1 : 2);
  countFound(ledger, found, { network, agent }, total);
}

/** Where an operation is counted. */
interface Found {
  readonly account: number;
  readonly use: number;
  /** Its clients by network and agent, as a number: what `countClient` keeps. */
  readonly clients: Map<number, ClientCalls>;
  /** Undefined where no role assignment was applied. */
  readonly applied: string | undefined;
  /** The day that was noted last as observed. */
  day: number;
  /** The client that was counted last, and its calls. */
  client: number;
  calls: ClientCalls | undefined;
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

function find(ledger: Ledger, operation: Operation, grain: number): Found {
  const signer = textId(ledger, signerOf(operation));
  const place = placeId(ledger, operation.account, operation.database ?? "", operation.container ?? "");
  const account = textId(ledger, operation.account);
  const action = useOf(operation.operation, operation.resourceType);
  return {
    account,
    use: useId(ledger, { signer, place, action, grain }),
    clients: clientsFor(ledger, `${account}|${signer}`, grain),
    applied:
      operation.roleAssignment === undefined
        ? undefined
        : `${textId(ledger, assignmentId(operation.roleAssignment))}|${signer}`,
    day: -1,
    client: -1,
    calls: undefined,
  };
}

/** Logs may name an assignment by its ARM id. */
const assignmentId = (text: string): string => text.slice(text.lastIndexOf("/") + 1);

function signerOf({ credential, principal }: Operation): string {
  const kind = credential?.toLowerCase();
  if (kind?.endsWith("masterkey") === true) return `${KEY_SIGNER}${credential}`;
  if (kind === "resourcetoken") return `${TOKEN_SIGNER}${credential}`;
  return principal ?? `${UNKNOWN_SIGNER}${credential ?? ""}`;
}

function countFound(
  ledger: Ledger,
  found: Found,
  { network, agent }: { readonly network: number; readonly agent: number },
  { status, time, calls }: { readonly status: number; readonly time: UseTotal["time"]; readonly calls: number },
): void {
  if (!countUse(ledger, found.use, { time, outcome: outcomeOf(status), calls })) return;
  const day = dayOf(time);
  if (found.day !== day) observe(ledger, found.account, day);
  found.day = day;
  if (network >= 0 && agent >= 0) countClientOf(ledger, found, clientKey(network, agent), { time, calls });
  if (found.applied !== undefined && passedAuthorization(status)) countApplied(ledger, found.applied, { time, calls });
}

function countClientOf(ledger: Ledger, found: Found, client: number, counted: Calls): void {
  if (found.client !== client) found.calls = clientOf(ledger, found.clients, client, counted);
  found.client = client;
  if (found.calls === undefined) ledger.clientsBeyond += counted.calls;
  else addCalls(found.calls, counted);
}

/** Cosmos answers what it let in with success, or says that an item is missing or in conflict. */
function outcomeOf(status: number): UseOutcome {
  if (passedAuthorization(status)) return "succeeded";
  if (status === 401) return "denied401";
  return status === 403 ? "denied403" : "other";
}
