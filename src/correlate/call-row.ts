import { endsWithLower } from "../lib/ends-with.ts";
import type { Call, Inference, Provenance } from "../model/call.ts";
import * as row from "../model/event-table.ts";
import { createEventTable, DOUBLES, type EventTable, WORDS } from "../model/event-table.ts";
import { createNames, type Names, nameText } from "../model/names.ts";
import { type Instant, instantFromTicks } from "../model/time.ts";
import { isPlainStatus } from "../normalize/event-row.ts";
import { buildCall } from "./call.ts";
import type { CallPlaces } from "./call-places.ts";
import { passedAuthorization } from "./outcome.ts";
import { gatewayAt, operationAt } from "./row-event.ts";

/**
 * A closed call as its rows tell it, without any object: what it came to, and its operations that are compared apart. One
 * is filled again for each call; valid as long as the rows are.
 */
export interface CallRow {
  table: EventTable;
  names: Names;
  /** Places of the gateway request (-1 where there is none) and of the operations. */
  gateway: number;
  operations: readonly number[];
  time: Instant;
  /** `refused` is also a look-alike: only the call itself tells them apart. */
  outcome: "succeeded" | "refused" | "other";
  /** Place of the operation that decided the call; -1 where it has none. */
  decisive: number;
  /** Places of further operations that are compared apart, in the first `furtherCount`; none of them was refused. */
  readonly further: Int32Array;
  furtherCount: number;
  match: Call["match"];
  /** Of an inferred match. */
  inference: Inference | undefined;
  provenance: Provenance;
  /** There when the call was refused, or looks as if. */
  call: Call | undefined;
}

/** Operations of one call that are compared apart, after the first. */
const FURTHER = 3;

export const createCallRow = (): CallRow => ({
  table: createEventTable(1),
  names: createNames(0),
  gateway: -1,
  operations: [],
  time: instantFromTicks(0),
  outcome: "other",
  decisive: -1,
  further: new Int32Array(FURTHER),
  furtherCount: 0,
  match: "gateway-only",
  inference: undefined,
  provenance: "unknown",
  call: undefined,
});

/** Reads a call that has a gateway request or an operation. */
export function readCall(into: CallRow, { table, names, gateway, operations, inference }: CallPlaces): void {
  into.table = table;
  into.names = names;
  into.gateway = gateway;
  into.operations = operations;
  const first = gateway >= 0 ? gateway : operations[0];
  if (first === undefined) throw new Error("a call needs a gateway request or an operation");
  into.time = instantFromTicks(table.doubles[DOUBLES * first + row.TIME_D] ?? 0);
  into.decisive = decisiveOf(table, names, operations);
  into.match = gateway < 0 ? "data-plane-only" : operations.length > 0 ? "exact" : "gateway-only";
  into.inference = inference;
  if (inference !== undefined) into.match = "inferred";
  into.outcome = outcomeOf(into);
  into.furtherCount = operations.length < 2 ? 0 : fillFurther(into);
  into.call = into.outcome === "refused" ? callOf(into) : undefined;
  into.provenance = into.call === undefined ? provenanceOf(into) : into.call.identity.provenance;
}

function callOf({ table, names, gateway, operations, inference }: CallRow): Call {
  const call = buildCall(
    gateway < 0 ? undefined : gatewayAt(table, gateway),
    operations.map((place) => operationAt(table, place, names)),
  );
  return inference === undefined ? call : { ...call, match: "inferred", inference };
}

const isRefusal = (status: number): boolean => status === 401 || status === 403;

/** Status of a row. */
export const statusAt = ({ words }: EventTable, place: number): number => words[WORDS * place + row.STATUS] ?? 0;

/** As `decisiveOperation` of a call. */
function decisiveOf(table: EventTable, names: Names, operations: readonly number[]): number {
  const first = operations[0] ?? -1;
  if (operations.length < 2) return first;
  let item = -1;
  for (const place of operations) {
    if (isRefusal(statusAt(table, place))) return place;
    if (item < 0 && nameText(names, table.words[WORDS * place + row.RESOURCE_TYPE] ?? 0) === "Document") item = place;
  }
  return item < 0 ? first : item;
}

/** As `callOutcome` and `operationOutcome`, as far as it decides whether an object is needed. */
function outcomeOf({ table, gateway, decisive }: CallRow): CallRow["outcome"] {
  if (gateway < 0) {
    const status = statusAt(table, decisive);
    return passedAuthorization(status) ? "succeeded" : isRefusal(status) ? "refused" : "other";
  }
  const status = statusAt(table, gateway);
  if (isPlainStatus(status)) return "succeeded";
  if (isRefusal(status) || isRefusal(table.words[WORDS * gateway + row.BACKEND_STATUS] ?? 0)) return "refused";
  return status >= 500 && decisive >= 0 && isRefusal(statusAt(table, decisive)) ? "refused" : "other";
}

/** As `trialsOf` after its first. */
function fillFurther({ table, operations, decisive, further }: CallRow): number {
  let count = 0;
  for (const place of operations) {
    if (count >= FURTHER) break;
    if (isRefusal(statusAt(table, place)) || isAlike(table, place, decisive)) continue;
    let isKnown = false;
    for (let i = 0; i < count; i++) isKnown ||= isAlike(table, place, further[i] ?? -1);
    if (!isKnown) further[count++] = place;
  }
  return count;
}

function isAlike({ words }: EventTable, a: number, b: number): boolean {
  const x = WORDS * a;
  const y = WORDS * b;
  return (
    words[x + row.OPERATION] === words[y + row.OPERATION] &&
    words[x + row.CONTAINER] === words[y + row.CONTAINER] &&
    words[x + row.OWNER] === words[y + row.OWNER] &&
    words[x + row.CREDENTIAL] === words[y + row.CREDENTIAL] &&
    words[x + row.PRINCIPAL] === words[y + row.PRINCIPAL]
  );
}

/** As `identityOf` a call that was not refused. */
function provenanceOf({ table, names, gateway, decisive }: CallRow): Provenance {
  const { words } = table;
  if (gateway < 0) {
    if ((words[WORDS * decisive + row.PRINCIPAL] ?? 0) !== 0) return "validated";
    const credential = nameText(names, words[WORDS * decisive + row.CREDENTIAL] ?? 0);
    return credential !== undefined && endsWithLower(credential, "key") ? "key" : "unknown";
  }
  const traits = words[WORDS * gateway + row.TRAITS] ?? 0;
  if ((traits & row.CLAIMS_VALIDATED) !== 0) return "validated";
  if ((words[WORDS * gateway + row.SUBSCRIPTION] ?? 0) !== 0) return "key";
  return (traits & row.HAS_CLAIMS) === 0 ? "unknown" : "claimed";
}
