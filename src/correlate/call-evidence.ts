import type { Claims, GatewayError } from "../model/event.ts";
import * as row from "../model/event-table.ts";
import { DOUBLES, type EventTable, WORDS } from "../model/event-table.ts";
import type { CallEvidence, Cell, Row } from "../model/evidence.ts";
import { keyText } from "../model/key128.ts";
import { type Names, nameText } from "../model/names.ts";
import { type CallRow, statusAt } from "./call-row.ts";
import { idAt, ownIdsAt } from "./row-event.ts";

/** A closed call as rows of evidence; valid for longer than the rows it was read from. */
export function callEvidence(call: CallRow): CallEvidence {
  const { table, names, operations } = call;
  const ids = idsOf(call);
  const [id = ""] = ids;
  return {
    time: call.time,
    call: callRow(call, id),
    operations: operations.map((place) => operationRow(table, place, names, id)),
    ids: [...ids],
  };
}

/** Whether an id, lower-cased, leads to a call. */
export const hasId = (call: CallRow, id: string): boolean => idsOf(call).has(id);

/** All ids that lead to a call, its own first. */
export function idsOf({ table, gateway, operations }: CallRow): Set<string> {
  const ids = new Set([idAt(table, gateway < 0 ? (operations[0] ?? -1) : gateway)]);
  if (gateway >= 0) for (const own of ownIdsAt(table, gateway)) ids.add(own);
  for (const place of operations) ids.add(idAt(table, place));
  return ids;
}

const isRefusal = (status: number): boolean => status === 401 || status === 403;

/** In the order of `CALL_COLUMNS`. */
function callRow(call: CallRow, id: string): Row {
  const { table, gateway, operations, decisive } = call;
  const outcome = call.call?.outcome;
  const refusal = outcome?.kind === "refused" || outcome?.kind === "look-alike" ? outcome : undefined;
  let refused = 0;
  for (const place of operations) if (isRefusal(statusAt(table, place))) refused += 1;
  return [
    id,
    call.time,
    call.match,
    outcome?.kind ?? call.outcome,
    statusAt(table, gateway < 0 ? decisive : gateway) || null,
    refusal?.layer ?? null,
    refusal?.reason ?? null,
    call.provenance,
    ...gatewayCells(call),
    operations.length,
    refused,
    ...decisiveCells(call),
    call.inference?.probability ?? null,
    call.inference?.candidates ?? null,
  ];
}

/** From `caller_app` to `truncated`. */
const NO_GATEWAY: readonly Cell[] = [...Array<null>(27).fill(null), false, ...Array<null>(5).fill(null), false];

function gatewayCells({ table, names, gateway }: CallRow): readonly Cell[] {
  if (gateway < 0) return NO_GATEWAY;
  const { words, doubles } = table;
  const at = WORDS * gateway;
  const text = (word: number): Cell => nameText(names, words[at + word] ?? 0) ?? null;
  const number = (double: number): Cell => numberOf(doubles[DOUBLES * gateway + double]);
  const traits = words[at + row.TRAITS] ?? 0;
  const object = table.objects.get(gateway);
  const request = object?.kind === "gateway-request" ? object : undefined;
  return [
    text(row.APP_ID),
    text(row.OBJECT_ID),
    text(row.SUBSCRIPTION),
    text(row.PRODUCT),
    text(row.ADDRESS),
    text(row.USER_AGENT),
    tokenState(traits),
    text(row.ISSUER),
    text(row.AUDIENCE),
    text(row.TOKEN_VERSION),
    text(row.KEY_ID),
    text(row.SCOPES),
    text(row.ROLES),
    number(row.ISSUED_D),
    number(row.EXPIRES_D),
    text(row.OWNER),
    text(row.RESOURCE),
    text(row.REGION),
    text(row.GATEWAY_HOST),
    text(row.API),
    text(row.API_REVISION),
    text(row.OPERATION),
    text(row.METHOD),
    request?.url ?? null,
    ...policyCells(request?.error),
    text(row.BACKEND),
    (traits & row.COSMOS_BACKEND) !== 0,
    words[at + row.BACKEND_STATUS] || null,
    words[at + row.SUB_STATUS] || null,
    request?.backendActivityId ?? backendId(table, gateway, traits),
    number(row.TOTAL_MS_D),
    number(row.BACKEND_MS_D),
    (traits & row.TRUNCATED) !== 0,
  ];
}

const policyCells = (error: GatewayError | undefined): readonly [Cell, Cell] =>
  error === undefined ? [null, null] : [error.source || null, error.message || null];

function tokenState(traits: number): Claims["state"] | null {
  if ((traits & row.HAS_CLAIMS) === 0) return null;
  return (traits & row.CLAIMS_VALIDATED) === 0 ? "unverified" : "validated";
}

const backendId = ({ words }: EventTable, gateway: number, traits: number): string | null =>
  (traits & row.HAS_BACKEND_KEY) === 0 ? null : keyText(words, WORDS * gateway + row.BACKEND_KEY);

const numberOf = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value;

const NO_OPERATION: readonly Cell[] = Array<null>(8).fill(null);

/** Whom Cosmos DB knew is told with the operation alone where no id joined it: the call has no principal by a guess. */
function decisiveCells({ table, names, decisive, inference }: CallRow): readonly Cell[] {
  if (decisive < 0) return NO_OPERATION;
  const at = WORDS * decisive;
  const text = (word: number): Cell => nameText(names, table.words[at + word] ?? 0) ?? null;
  return [
    text(row.OWNER),
    text(row.DATABASE),
    text(row.CONTAINER),
    text(row.OPERATION),
    statusAt(table, decisive),
    ...(inference === undefined ? [text(row.CREDENTIAL), text(row.PRINCIPAL), text(row.ROLE_ASSIGNMENT)] : NO_ONE),
  ];
}

const NO_ONE: readonly Cell[] = [null, null, null];

/** In the order of `OPERATION_COLUMNS`. */
function operationRow(table: EventTable, place: number, names: Names, callId: string): Row {
  const { words, doubles } = table;
  const at = WORDS * place;
  const text = (word: number): Cell => nameText(names, words[at + word] ?? 0) ?? null;
  const number = (double: number): Cell => numberOf(doubles[DOUBLES * place + double]);
  return [
    callId,
    doubles[DOUBLES * place + row.TIME_D] ?? 0,
    idAt(table, place),
    text(row.OWNER) ?? "",
    text(row.RESOURCE),
    text(row.REGION),
    text(row.OPERATION) ?? "",
    text(row.RESOURCE_TYPE),
    text(row.DATABASE),
    text(row.CONTAINER),
    statusAt(table, place),
    number(row.DURATION_D),
    number(row.CHARGE_D),
    number(row.RESPONSE_BYTES_D),
    text(row.ADDRESS),
    text(row.USER_AGENT),
    text(row.CREDENTIAL),
    text(row.PRINCIPAL),
    text(row.ROLE_ASSIGNMENT),
    text(row.PARTITION),
  ];
}
