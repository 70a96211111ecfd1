import type { GatewayRecord, GatewayScope } from "../model/gateway-inventory.ts";
import { asText, type Fields } from "./fields.ts";
import type { Unreadable } from "./normalized.ts";
import { parseInstant } from "./parse-time.ts";

const ID =
  /^(\/subscriptions\/[^/]{1,64}\/resourcegroups\/[^/]{1,128}\/providers\/microsoft\.apimanagement\/service\/([^/]{1,64}))\/(apis|products|subscriptions)\/([^/]{1,256})(?:\/(apis|operations)\/([^/]{1,256}))?$/i;

/** Names under which what lists of a gateway tell is counted. */
export type GatewayCategory =
  | "gatewayApis"
  | "gatewayOperations"
  | "gatewayProducts"
  | "gatewayProductApis"
  | "gatewaySubscriptions";

/** By the kinds in an ARM id. */
const CATEGORIES: ReadonlyMap<string, GatewayCategory> = new Map([
  ["apis", "gatewayApis"],
  ["apis/operations", "gatewayOperations"],
  ["products", "gatewayProducts"],
  ["products/apis", "gatewayProductApis"],
  ["subscriptions", "gatewaySubscriptions"],
]);

/** Which list of an API Management service the id is of; undefined for any other id. */
export function gatewayCategoryOf(id: string): GatewayCategory | undefined {
  const [, , , kind, , inner] = ID.exec(id) ?? [];
  return kind === undefined
    ? undefined
    : CATEGORIES.get([kind, ...(inner === undefined ? [] : [inner])].join("/").toLowerCase());
}

/**
 * An API, operation, product, API of a product or subscription, as `az apim … list` or a GET of the management interface
 * gives it. Keys of subscriptions are not read.
 */
export function normalizeGatewayRecord(fields: Fields): GatewayRecord | Unreadable {
  const id = asText(fields.top("id")) ?? "";
  const [, serviceId = "", service = "", , first = "", , second = ""] = ID.exec(id) ?? [];
  const owned = { service: service.toLowerCase(), serviceId };
  const category = gatewayCategoryOf(id) ?? "gatewaySubscriptions";
  switch (category) {
    case "gatewayApis":
      return { kind: "gateway-api", ...owned, api: apiName(first) };
    case "gatewayOperations":
      return { kind: "gateway-operation", ...owned, api: apiName(first), operation: second.toLowerCase() };
    case "gatewayProducts": {
      const isPublished = (fields.text("state") ?? "published").toLowerCase() !== "notpublished";
      return { kind: "gateway-product", ...owned, product: first.toLowerCase(), isPublished };
    }
    case "gatewayProductApis":
      return { kind: "gateway-product-api", ...owned, product: first.toLowerCase(), api: apiName(second) };
    case "gatewaySubscriptions":
      return subscription(fields, owned, first.toLowerCase());
  }
}

function subscription(
  fields: Fields,
  owned: Pick<GatewayRecord, "service" | "serviceId">,
  name: string,
): GatewayRecord | Unreadable {
  const scope = scopeOf(fields.text("scope") ?? "");
  if (scope === undefined)
    return {
      reason: "bad-scope",
      detail: "`scope` is none of all APIs, a product or an API: what it opens is not known.",
    };
  const isActive = (fields.text("state") ?? "active").toLowerCase() === "active";
  return {
    kind: "gateway-subscription",
    ...owned,
    subscription: name,
    scope,
    isActive,
    since: parseInstant(fields.text("createddate")),
  };
}

const SERVICE =
  /^\/subscriptions\/[^/]{1,64}\/resourcegroups\/[^/]{1,128}\/providers\/microsoft\.apimanagement\/service\/[^/]{1,64}/i;
const INNER = /^\/(products|apis)\/([^/]{1,256})$/i;

/** `/`, `/apis`, `/products/p`, `/apis/a`, each also behind the service's ARM id; undefined for anything else. */
function scopeOf(text: string): GatewayScope | undefined {
  const inner = text.trim().replace(SERVICE, "").replace(/\/+$/, "");
  if (inner === "") return text.trim() === "" ? undefined : { kind: "all" };
  if (inner.toLowerCase() === "/apis") return { kind: "all" };
  const [, kind, name = ""] = INNER.exec(inner) ?? [];
  if (kind === undefined) return undefined;
  return kind.toLowerCase() === "products"
    ? { kind: "product", product: name.toLowerCase() }
    : { kind: "api", api: apiName(name) };
}

/** Revisions of an API are one API. */
export const apiName = (text: string): string => text.toLowerCase().replace(/;rev=\d{1,6}$/, "");
