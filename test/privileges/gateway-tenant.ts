/** A gateway of a small tenant: what lists tell of it, and its calls by day. Turned into records as Azure writes them. */
export interface GatewaySpec {
  readonly apis?: readonly string[];
  /** API → its operations. */
  readonly operations?: Readonly<Record<string, readonly string[]>>;
  /** Product → its APIs. */
  readonly products?: Readonly<Record<string, readonly string[]>>;
  /** Subscription → its scope (`/apis`, `/apis/a`, `/products/p`). */
  readonly subscriptions?: Readonly<Record<string, string>>;
  /** Subscription → when it was made. */
  readonly created?: Readonly<Record<string, string>>;
  readonly suspended?: readonly string[];
  readonly calls: readonly GatewayCallSpec[];
}

interface GatewayCallSpec {
  readonly subscription?: string;
  readonly product?: string;
  readonly api: string;
  readonly operation?: string;
  readonly from: string;
  readonly days: number;
  readonly every?: number;
  readonly status?: number;
}

const SERVICE =
  "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/rg-shop/providers/Microsoft.ApiManagement/service/apim-shop";
const DAY_MS = 86_400_000;
let serial = 0;

function callRecords(spec: GatewayCallSpec): readonly object[] {
  const begin = Date.parse(`${spec.from}T12:00:00Z`);
  const every = spec.every ?? 1;
  return Array.from({ length: Math.ceil(spec.days / every) }, (_, i) => ({
    time: new Date(begin + i * every * DAY_MS).toISOString(),
    resourceId: SERVICE.toUpperCase(),
    category: "GatewayLogs",
    operationName: "Microsoft.ApiManagement/GatewayLogs",
    callerIpAddress: "203.0.113.7",
    correlationId: `88888888-0000-4000-8000-${String((serial += 1)).padStart(12, "0")}`,
    properties: {
      method: "GET",
      responseCode: spec.status ?? 200,
      apiId: spec.api,
      operationId: spec.operation ?? "get",
      ...(spec.product === undefined ? {} : { productId: spec.product }),
      ...(spec.subscription === undefined ? {} : { apimSubscriptionId: spec.subscription }),
    },
  }));
}

const named = (path: string, properties: object): object => ({
  id: `${SERVICE}/${path}`,
  name: path.slice(path.lastIndexOf("/") + 1),
  properties,
});

/** Lists as `az` prints them, each a file; and the log. */
export function gatewayFiles(spec: GatewaySpec): ReadonlyMap<string, string> {
  const entries = <T>(record: Readonly<Record<string, T>> = {}): readonly (readonly [string, T])[] =>
    Object.entries(record);
  const lists = new Map<string, readonly object[]>([
    ["apis.json", (spec.apis ?? []).map((api) => named(`apis/${api}`, { displayName: api }))],
    [
      "api-operations.json",
      entries(spec.operations).flatMap(([api, list]) =>
        list.map((operation) => named(`apis/${api}/operations/${operation}`, { method: "GET" })),
      ),
    ],
    ["products.json", entries(spec.products).map(([product]) => named(`products/${product}`, { state: "published" }))],
    [
      "product-apis.json",
      entries(spec.products).flatMap(([product, list]) =>
        list.map((api) => named(`products/${product}/apis/${api}`, { displayName: api })),
      ),
    ],
    [
      "subscriptions.json",
      entries(spec.subscriptions).map(([name, scope]) =>
        named(`subscriptions/${name}`, {
          scope: `${SERVICE}${scope}`,
          state: spec.suspended?.includes(name) === true ? "suspended" : "active",
          createdDate: spec.created?.[name] ?? null,
        }),
      ),
    ],
  ]);
  const files = new Map<string, string>();
  for (const [name, list] of lists) if (list.length > 0) files.set(name, JSON.stringify({ value: list }));
  files.set(
    "gateway.ndjson",
    spec.calls
      .flatMap(callRecords)
      .map((record) => JSON.stringify(record))
      .join("\n"),
  );
  return files;
}
