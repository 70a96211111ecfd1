import type { Rendered } from "../../src/simulate/operation.ts";

/** A gateway's call as its log alone tells it. */
export interface LoggedCall {
  readonly id: string;
  /** Unix milliseconds. */
  readonly at: number;
  readonly refused: boolean;
  /** `dimension=value` each. */
  readonly values: readonly string[];
}

type Bag = Readonly<Record<string, unknown>>;
const isBag = (value: unknown): value is Bag => typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** Dimensions of the gateway's log by the names of its properties, and of the claims trace. */
const PROPERTIES = {
  api: "apiId",
  operation: "operationId",
  apiRevision: "apiRevision",
  product: "productId",
  subscription: "apimSubscriptionId",
  backend: "backendId",
} as const;
const CLAIMS = {
  app: "appId",
  iss: "issuer",
  aud: "audience",
  kid: "keyId",
  rol: "roles",
  ver: "tokenVersion",
} as const;

function claimsOf(properties: Bag): readonly string[] {
  const [trace] = Array.isArray(properties["traceRecords"]) ? properties["traceRecords"] : [];
  const metadata: unknown = isBag(trace) ? trace["metadata"] : undefined;
  const list: readonly unknown[] = Array.isArray(metadata) ? metadata : [];
  const bag = isBag(metadata)
    ? metadata
    : Object.fromEntries(list.flatMap((one) => (isBag(one) ? [[String(one["name"]), one["value"]] as const] : [])));
  return Object.entries(CLAIMS).flatMap(([claim, dimension]) => {
    const value = text(bag[claim]);
    return value === undefined ? [] : [`${dimension}=${value}`];
  });
}

/** The calls of a corpus in the order of time, with the values that splits are searched in. */
export function callsOf(records: readonly Rendered[]): readonly LoggedCall[] {
  return records
    .filter(({ category }) => category === "GatewayLogs")
    .map(({ at, record }) => {
      const properties = isBag(record["properties"]) ? record["properties"] : {};
      const address = text(record["callerIpAddress"]) ?? "";
      const own = Object.entries(PROPERTIES).flatMap(([dimension, name]) => {
        const value = text(properties[name]);
        return value === undefined ? [] : [`${dimension}=${value}`];
      });
      const network = `callerNetwork=${address.slice(0, address.lastIndexOf("."))}.0/24`;
      const region = text(record["location"]);
      return {
        id: String(record["correlationId"]),
        at,
        refused: properties["responseCode"] === 401 || properties["responseCode"] === 403,
        values: [...own, network, ...(region === undefined ? [] : [`region=${region}`]), ...claimsOf(properties)],
      };
    });
}
