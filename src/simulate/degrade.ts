import { unitHash } from "../lib/hash.ts";
import type { Rendered } from "./operation.ts";
import { derivedGuid } from "./random.ts";

/** What a tenant's logs may lack. */
export const LACKS = [
  "nothing",
  "sub-status",
  "claims",
  "bodies",
  "join",
  "changes",
  "data-plane",
  "nine calls of ten",
] as const;
export type Lack = (typeof LACKS)[number];

type Bag = Readonly<Record<string, unknown>>;

const isBag = (value: unknown): value is Bag => typeof value === "object" && value !== null && !Array.isArray(value);

const without = (bag: Bag, ...names: readonly string[]): Bag =>
  Object.fromEntries(Object.entries(bag).filter(([name]) => !names.includes(name.toLowerCase())));

const CHANGES: ReadonlySet<string> = new Set([
  "Administrative",
  "ControlPlaneRequests",
  "AuditEvent",
  "ServicePrincipalSignInLogs",
]);

/** The same logs of a tenant that does not log one thing; the same for the same records. */
export function degrade(records: readonly Rendered[], lack: Lack): readonly Rendered[] {
  switch (lack) {
    case "nothing":
      return records;
    case "sub-status":
      return records.map((rendered) => withoutHeader(rendered, "x-ms-substatus"));
    case "claims":
      return records.map((rendered) => mapped(rendered, (properties) => without(properties, "tracerecords")));
    case "bodies":
      return records.map((rendered) => mapped(rendered, (properties) => without(properties, "backendresponsebody")));
    case "join":
      return records.map(unjoined);
    case "changes":
      return records.filter(({ category }) => !CHANGES.has(category));
    case "data-plane":
      return records.filter(({ category }) => category !== "DataPlaneRequests");
    case "nine calls of ten":
      return records.filter(isSampled);
  }
}

function mapped(rendered: Rendered, change: (properties: Bag) => Bag): Rendered {
  const { properties } = rendered.record;
  if (rendered.category !== "GatewayLogs" || !isBag(properties)) return rendered;
  return { ...rendered, record: { ...rendered.record, properties: change(properties) } };
}

const withoutHeader = (rendered: Rendered, name: string): Rendered =>
  mapped(rendered, (properties) => {
    const headers = properties["backendResponseHeaders"];
    return isBag(headers) ? { ...properties, backendResponseHeaders: without(headers, name) } : properties;
  });

/** The activity id that an operation has instead where Cosmos DB's log lacks the join. */
export const ownActivityId = (activityId: string): string => derivedGuid(`own ${activityId}`);

/** All ids by which the logs may know a call and its operations, whatever they lack. */
export function idsInLogs(callId: string): readonly string[] {
  const activityIds = [callId, derivedGuid(callId)];
  return [...activityIds, ...activityIds.map(ownActivityId)];
}

/** Cosmos DB gives its operations ids of its own, and no answer tells them. */
function unjoined(rendered: Rendered): Rendered {
  const { properties } = rendered.record;
  if (rendered.category !== "DataPlaneRequests" || !isBag(properties))
    return mapped(withoutHeader(rendered, "x-ms-activity-id"), withoutActivityId);
  const activityId = ownActivityId(String(properties["activityId"]));
  return { ...rendered, record: { ...rendered.record, properties: { ...properties, activityId } } };
}

function withoutActivityId(properties: Bag): Bag {
  const body = properties["backendResponseBody"];
  return typeof body === "string"
    ? { ...properties, backendResponseBody: body.replace(/ActivityId: [0-9a-f-]+, /, "") }
    : properties;
}

const KEPT = 0.1;

/** The gateway's diagnostics sample by call; Cosmos DB's do not. */
const isSampled = ({ category, record }: Rendered): boolean =>
  category !== "GatewayLogs" || unitHash(String(record["correlationId"]), 1) < KEPT;
