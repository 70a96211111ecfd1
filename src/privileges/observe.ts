import { networkOf, userAgentFamily } from "../correlate/network.ts";
import { passedAuthorization } from "../correlate/outcome.ts";
import * as row from "../model/event-table.ts";
import { type EventTable, kindOf, OPERATION_KIND, timeOf, WORDS } from "../model/event-table.ts";
import { type Names, nameText } from "../model/names.ts";
import type { UseTotal } from "../model/use-total.ts";
import { useOf } from "./actions.ts";
import {
  countApplied,
  countClient,
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

/** What the operations of a tool that probes on our behalf call themselves: their use is no one's need. */
const OWN_AGENTS: ReadonlySet<string> = new Set(["scopetrail"]);

/** Words of a row that tell which use it is. */
const TELLING = [
  row.OWNER,
  row.DATABASE,
  row.CONTAINER,
  row.PRINCIPAL,
  row.CREDENTIAL,
  row.OPERATION,
  row.RESOURCE_TYPE,
  row.ROLE_ASSIGNMENT,
  row.ADDRESS,
  row.USER_AGENT,
] as const;
const SLOTS = 4_096;
const CACHED = TELLING.length + 1;

/** What rows of a name table came to: belongs to one table of names, and is made anew when that is. */
export class UseReader {
  readonly #ledger: Ledger;
  readonly #names: Names;
  readonly #keys = new Int32Array(CACHED * SLOTS).fill(-1);
  readonly #found: (Found | undefined)[] = Array.from({ length: SLOTS });

  constructor(ledger: Ledger, names: Names) {
    this.#ledger = ledger;
    this.#names = names;
  }

  /** Counts the data-plane operations among the rows from `first` on. */
  read(table: EventTable, first = 0): void {
    for (let place = first; place < table.count; place++)
      if (kindOf(table, place) === OPERATION_KIND) this.#count(table, place);
  }

  #count(table: EventTable, place: number): void {
    const status = table.words[WORDS * place + row.STATUS] ?? 0;
    const found = this.#lookUp(table.words, WORDS * place);
    if (found !== undefined) countFound(this.#ledger, found, { status, time: timeOf(table, place), calls: 1 });
  }

  #lookUp(words: Int32Array, at: number): Found | undefined {
    let hash = 0;
    for (const word of TELLING) hash = Math.imul(hash ^ (words[at + word] ?? 0), 0x9e3779b1) ^ (hash >>> 15);
    const slot = (hash >>> 8) & (SLOTS - 1);
    const base = CACHED * slot;
    let isKnown = this.#keys[base] === 1;
    for (let i = 0; isKnown && i < TELLING.length; i++)
      isKnown = this.#keys[base + i + 1] === words[at + (TELLING[i] ?? 0)];
    if (isKnown) return this.#found[slot];
    const text = (word: number): string | undefined => nameText(this.#names, words[at + word] ?? 0);
    const found = find(
      this.#ledger,
      {
        account: text(row.OWNER) ?? "",
        operation: text(row.OPERATION) ?? "",
        resourceType: text(row.RESOURCE_TYPE) ?? "",
        database: text(row.DATABASE),
        container: text(row.CONTAINER),
        credential: text(row.CREDENTIAL),
        principal: text(row.PRINCIPAL),
        roleAssignment: text(row.ROLE_ASSIGNMENT),
        clientAddress: text(row.ADDRESS),
        userAgent: text(row.USER_AGENT),
      },
      0,
    );
    this.#keys[base] = 1;
    TELLING.forEach((word, i) => {
      this.#keys[base + i + 1] = words[at + word] ?? 0;
    });
    this.#found[slot] = found;
    return found;
  }
}

/** Counts a row of an aggregated table. */
export function readTotal(ledger: Ledger, total: UseTotal): void {
  const found = find(ledger, total, total.minutes === 5 ? 1 : 2);
  if (found !== undefined && total.calls > 0) countFound(ledger, found, total);
}

/** Where an operation is counted. */
interface Found {
  readonly account: number;
  readonly use: number;
  readonly client: string;
  readonly grain: number;
  /** Undefined where no role assignment was applied. */
  readonly applied: string | undefined;
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
  readonly clientAddress?: string | undefined;
  readonly userAgent?: string | undefined;
}

/** Undefined for an operation of our own. */
function find(ledger: Ledger, operation: Operation, grain: number): Found | undefined {
  const agent = userAgentFamily(operation.userAgent ?? "");
  if (agent !== undefined && OWN_AGENTS.has(agent)) return undefined;
  const signer = textId(ledger, signerOf(operation));
  const place = placeId(ledger, operation.account, operation.database ?? "", operation.container ?? "");
  const account = textId(ledger, operation.account);
  const network = operation.clientAddress === undefined ? "" : networkOf(operation.clientAddress);
  const client = textId(ledger, `${network}\u0000${agent ?? ""}`);
  return {
    account,
    use: useId(ledger, { signer, place, action: useOf(operation.operation, operation.resourceType), grain }),
    client: `${account}|${signer}|${client}`,
    grain,
    applied:
      operation.roleAssignment === undefined
        ? undefined
        : `${textId(ledger, assignmentId(operation.roleAssignment))}|${signer}`,
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
  { account, use, client, grain, applied }: Found,
  { status, time, calls }: { readonly status: number; readonly time: UseTotal["time"]; readonly calls: number },
): void {
  countUse(ledger, use, { time, outcome: outcomeOf(status), calls });
  if (use < 0) return;
  observe(ledger, account, dayOf(time));
  countClient(ledger, client, { time, calls, grain });
  if (applied !== undefined && passedAuthorization(status)) countApplied(ledger, applied, { time, calls });
}

/** Cosmos answers what it let in with success, or says that an item is missing or in conflict. */
function outcomeOf(status: number): UseOutcome {
  if (passedAuthorization(status)) return "succeeded";
  if (status === 401) return "denied401";
  return status === 403 ? "denied403" : "other";
}
