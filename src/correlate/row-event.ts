import type { DataPlaneOperation, GatewayRequest, Shape } from "../model/event.ts";
import * as row from "../model/event-table.ts";
import { DOUBLES, type EventTable, timeOf, WORDS } from "../model/event-table.ts";
import { keyText } from "../model/key128.ts";
import { type Names, nameText } from "../model/names.ts";
import { epochMs, instantFromTicks } from "../model/time.ts";
import { type Mutable, put } from "../normalize/values.ts";

const SHAPES: readonly Shape[] = ["event-hub", "table", "azure-diagnostics"];

const known = (value: number | undefined): number | undefined =>
  value === undefined || Number.isNaN(value) ? undefined : value;

/** The data-plane operation that a row is. */
export function operationAt(table: EventTable, place: number, names: Names): DataPlaneOperation {
  const object = table.objects.get(place);
  if (object?.kind === "data-plane-operation") return object;
  const { words, doubles } = table;
  const at = WORDS * place;
  const text = (word: number): string | undefined => nameText(names, words[at + word] ?? 0);
  const number = (double: number): number | undefined => known(doubles[DOUBLES * place + double]);
  const event: Mutable<DataPlaneOperation> = {
    kind: "data-plane-operation",
    shape: SHAPES[((words[at + row.TRAITS] ?? 0) >> row.SHAPE_SHIFT) & 3] ?? "table",
    time: instantFromTicks(doubles[DOUBLES * place + row.TIME_D] ?? 0),
    resource: text(row.RESOURCE) ?? "",
    dedupKey: dedupKeyAt(table, place, names),
    activityId: keyText(words, at + row.KEY),
    account: text(row.OWNER) ?? "",
    operation: text(row.OPERATION) ?? "",
    resourceType: text(row.RESOURCE_TYPE) ?? "",
    status: words[at + row.STATUS] ?? 0,
  };
  put(event, "database", text(row.DATABASE));
  put(event, "container", text(row.CONTAINER));
  put(event, "durationMs", number(row.DURATION_D));
  put(event, "requestCharge", number(row.CHARGE_D));
  put(event, "responseBytes", number(row.RESPONSE_BYTES_D));
  put(event, "clientAddress", text(row.ADDRESS));
  put(event, "userAgent", text(row.USER_AGENT));
  put(event, "region", text(row.REGION));
  put(event, "credential", text(row.CREDENTIAL));
  put(event, "principal", text(row.PRINCIPAL));
  put(event, "roleAssignment", text(row.ROLE_ASSIGNMENT));
  put(event, "partitionId", text(row.PARTITION));
  return event;
}

/** The gateway request beside a row; a row that a call's outcome depends on has one. */
export function gatewayAt(table: EventTable, place: number): GatewayRequest {
  const object = table.objects.get(place);
  if (object?.kind !== "gateway-request") throw new Error(`row ${place} has no gateway request beside it`);
  return object;
}

/** The id of a row's call: its correlation id or activity id. */
export function idAt(table: EventTable, place: number): string {
  const object = table.objects.get(place);
  if (object?.kind === "gateway-request") return object.correlationId;
  if (object?.kind === "data-plane-operation") return object.activityId;
  return keyText(table.words, WORDS * place + row.KEY);
}

/** Further ids of a gateway request that lead to its call: of the backend's answer, and the user's own. */
export function ownIdsAt(table: EventTable, place: number): readonly string[] {
  const object = table.objects.get(place);
  const request = object?.kind === "gateway-request" ? object : undefined;
  const traits = table.words[WORDS * place + row.TRAITS] ?? 0;
  const ids: string[] = [];
  if ((traits & row.HAS_BACKEND_KEY) !== 0)
    ids.push(request?.backendActivityId ?? keyText(table.words, WORDS * place + row.BACKEND_KEY));
  if ((traits & row.HAS_OWN_KEY) !== 0) ids.push(request?.ownId ?? keyText(table.words, WORDS * place + row.OWN_KEY));
  return ids;
}

/** Same for the same record whatever route or shape it came by; as the event's own. */
export function dedupKeyAt(table: EventTable, place: number, names: Names): string {
  const object = table.objects.get(place);
  if (object !== undefined) return object.dedupKey;
  const { words, doubles } = table;
  const at = WORDS * place;
  const text = (word: number): string => nameText(names, words[at + word] ?? 0) ?? "";
  const number = (double: number): number | string => known(doubles[DOUBLES * place + double]) ?? "";
  const status = words[at + row.STATUS] ?? 0;
  const id = keyText(words, at + row.KEY);
  const ms = epochMs(instantFromTicks(doubles[DOUBLES * place + row.TIME_D] ?? 0));
  if (((words[at + row.TRAITS] ?? 0) & row.KIND) === row.GATEWAY_KIND)
    return `gateway|${text(row.OWNER)}|${id}|${ms}|${status}`;
  const same = [
    text(row.OWNER),
    id,
    ms,
    status,
    text(row.OPERATION).toLowerCase(),
    number(row.DURATION_D),
    number(row.CHARGE_D),
    number(row.RESPONSE_BYTES_D),
    text(row.RESOURCE_TYPE).toLowerCase(),
    text(row.DATABASE),
    text(row.CONTAINER),
  ];
  return `operation|${same.join("|")}`;
}

/** Event time, then content: the same set of events has one order, however it was delivered. */
export function compareRows(table: EventTable, a: number, b: number, names: Names): number {
  const difference = timeOf(table, a) - timeOf(table, b);
  return difference === 0 ? compareContent(names)(table, a, table, b) : difference;
}

/** Order of two rows of one instant. */
export const compareContent =
  (names: Names) =>
  (tableA: EventTable, a: number, tableB: EventTable, b: number): number => {
    const keyA = dedupKeyAt(tableA, a, names);
    const keyB = dedupKeyAt(tableB, b, names);
    return keyA < keyB ? -1 : keyA > keyB ? 1 : 0;
  };
