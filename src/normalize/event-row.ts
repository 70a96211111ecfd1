import { hostOf } from "../lib/host.ts";
import type { Claims, DataPlaneOperation, Event, GatewayRequest, Shape } from "../model/event.ts";
import * as row from "../model/event-table.ts";
import { type EventTable, WORDS } from "../model/event-table.ts";
import { writeKey } from "../model/key128.ts";
import { nameId, type Names } from "../model/names.ts";
import { isCosmosBackend } from "./cosmos-backend.ts";

/** By their number in a row's traits. */
export const SHAPES: readonly Shape[] = ["event-hub", "table", "azure-diagnostics"];

/** Writes an event as the last row of a table; beside it stays whole what the row alone does not tell, but the category. */
export function putEvent(table: EventTable, names: Names, event: Event, category?: string): number {
  const place = row.addRow(table);
  const at = WORDS * place;
  table.doubles[row.DOUBLES * place + row.TIME_D] = event.time;
  table.words[at + row.RESOURCE] = nameId(names, event.resource);
  const shape = SHAPES.indexOf(event.shape) << row.SHAPE_SHIFT;
  if (event.kind === "gateway-request") putGateway(table, names, { place, event, shape });
  else if (event.kind === "data-plane-operation") putOperation(table, names, { place, event, shape });
  else {
    table.words[at + row.TRAITS] = row.OTHER_KIND | row.HAS_OBJECT | shape;
    table.words[at + row.CATEGORY] = nameId(names, category);
    table.objects.set(place, event);
  }
  return place;
}

interface Put<E> {
  readonly place: number;
  readonly event: E;
  /** Flags so far. */
  readonly shape: number;
}

/** A request that was answered well is told by its row alone. */
export const isPlainStatus = (status: number): boolean => status > 0 && status < 400;

function putGateway(
  { words, doubles, objects }: EventTable,
  names: Names,
  { place, event, shape }: Put<GatewayRequest>,
) {
  const at = WORDS * place;
  let traits = row.GATEWAY_KIND | shape;
  let isGuid = writeKey(words, at + row.KEY, event.correlationId, names.seed);
  if (event.backendActivityId !== undefined) {
    isGuid = writeKey(words, at + row.BACKEND_KEY, event.backendActivityId, names.seed) && isGuid;
    traits |= row.HAS_BACKEND_KEY;
  }
  if (event.ownId !== undefined) {
    isGuid = writeKey(words, at + row.OWN_KEY, event.ownId, names.seed) && isGuid;
    traits |= row.HAS_OWN_KEY;
  }
  const backend = event.backendId ?? (event.backendUrl === undefined ? undefined : hostOf(event.backendUrl));
  const texts: readonly (readonly [number, string | undefined])[] = [
    [row.OWNER, event.service],
    [row.REGION, event.region],
    [row.USER_AGENT, event.userAgent],
    [row.ADDRESS, event.callerAddress],
    [row.OPERATION, event.operation],
    [row.API, event.api],
    [row.API_REVISION, event.apiRevision],
    [row.PRODUCT, event.product],
    [row.SUBSCRIPTION, event.subscription],
    [row.BACKEND, backend],
    [row.GATEWAY_HOST, event.gatewayHost],
    [row.METHOD, event.method],
  ];
  for (const [word, text] of texts) words[at + word] = nameId(names, text);
  words[at + row.STATUS] = event.status;
  words[at + row.BACKEND_STATUS] = event.backendStatus ?? 0;
  words[at + row.SUB_STATUS] = event.subStatus ?? 0;
  const first = row.DOUBLES * place;
  doubles[first + row.EXPIRES_D] = event.claims?.expires ?? Number.NaN;
  doubles[first + row.ISSUED_D] = event.claims?.issued ?? Number.NaN;
  doubles[first + row.TOTAL_MS_D] = event.totalMs ?? Number.NaN;
  doubles[first + row.BACKEND_MS_D] = event.backendMs ?? Number.NaN;
  if (event.claims !== undefined) traits |= putClaims(words, at, names, event.claims);
  if (event.truncated) traits |= row.TRUNCATED;
  if (isCosmosBackend(event)) traits |= row.COSMOS_BACKEND;
  if (!isGuid) traits |= row.KEY_IS_HASH;
  if (!isGuid || !isPlainStatus(event.status)) {
    traits |= row.HAS_OBJECT;
    objects.set(place, event);
  }
  words[at + row.TRAITS] = traits;
}

function putClaims(words: Int32Array, at: number, names: Names, claims: Claims): number {
  const texts: readonly (readonly [number, string | undefined])[] = [
    [row.APP_ID, claims.appId],
    [row.OBJECT_ID, claims.objectId],
    [row.ISSUER, claims.issuer],
    [row.AUDIENCE, claims.audience],
    [row.TOKEN_VERSION, claims.version],
    [row.KEY_ID, claims.keyId],
    [row.SCOPES, claims.scopes],
    [row.ROLES, claims.roles],
  ];
  for (const [word, text] of texts) words[at + word] = nameId(names, text);
  return row.HAS_CLAIMS | (claims.state === "validated" ? row.CLAIMS_VALIDATED : 0);
}

function putOperation(
  { words, doubles, objects }: EventTable,
  names: Names,
  { place, event, shape }: Put<DataPlaneOperation>,
) {
  const at = WORDS * place;
  const isGuid = writeKey(words, at + row.KEY, event.activityId, names.seed);
  const texts: readonly (readonly [number, string | undefined])[] = [
    [row.OWNER, event.account],
    [row.REGION, event.region],
    [row.USER_AGENT, event.userAgent],
    [row.ADDRESS, event.clientAddress],
    [row.OPERATION, event.operation],
    [row.RESOURCE_TYPE, event.resourceType],
    [row.DATABASE, event.database],
    [row.CONTAINER, event.container],
    [row.CREDENTIAL, event.credential],
    [row.PRINCIPAL, event.principal],
    [row.ROLE_ASSIGNMENT, event.roleAssignment],
    [row.PARTITION, event.partitionId],
  ];
  for (const [word, text] of texts) words[at + word] = nameId(names, text);
  words[at + row.STATUS] = event.status;
  const first = row.DOUBLES * place;
  doubles[first + row.DURATION_D] = event.durationMs ?? Number.NaN;
  doubles[first + row.CHARGE_D] = event.requestCharge ?? Number.NaN;
  doubles[first + row.RESPONSE_BYTES_D] = event.responseBytes ?? Number.NaN;
  if (!isGuid) objects.set(place, event);
  words[at + row.TRAITS] = row.OPERATION_KIND | shape | (isGuid ? 0 : row.KEY_IS_HASH | row.HAS_OBJECT);
}
