/** What the job reads of a record; a program of this kind trusts its input. */
export type RawRecord = RawGateway | RawCosmos;

interface RawGateway {
  readonly category: "GatewayLogs";
  readonly time: string;
  readonly resourceId: string;
  readonly correlationId: string;
  readonly callerIpAddress: string;
  readonly isRequestSuccess: boolean;
  readonly durationMs: number;
  readonly location: string;
  readonly properties: Readonly<
    Record<"method" | "url" | "cache" | "apiId" | "operationId" | "productId" | "apimSubscriptionId", string>
  > & {
    readonly responseCode: number;
    readonly responseSize: number;
    readonly backendMethod?: string;
    readonly backendUrl?: string;
    readonly backendResponseCode?: number;
    readonly backendTime?: number;
    readonly userId?: string;
    readonly lastError?: { readonly reason: string };
    readonly requestHeaders?: Readonly<Record<string, string>>;
    readonly backendResponseHeaders?: Readonly<Record<string, string>>;
    readonly traceRecords?: readonly { readonly metadata: { readonly oid: string; readonly scp: string } }[];
  };
}

interface RawCosmos {
  readonly category: "DataPlaneRequests";
  readonly time: string;
  readonly resourceId: string;
  readonly operationName: string;
  readonly properties: Readonly<Record<string, string>>;
}

export type Row = ReturnType<typeof gatewayRow> | ReturnType<typeof cosmosRow>;

/** A flat object of the columns that the DuckDB table has too. */
export const rowOf = (record: RawRecord): Row =>
  record.category === "GatewayLogs" ? gatewayRow(record) : cosmosRow(record);

function gatewayRow(record: RawGateway) {
  const { properties } = record;
  const claims = properties.traceRecords?.[0]?.metadata;
  return {
    kind: "gateway" as const,
    time: Date.parse(record.time),
    resource: record.resourceId,
    correlationId: record.correlationId,
    address: record.callerIpAddress,
    isSuccess: record.isRequestSuccess,
    duration: record.durationMs,
    location: record.location,
    method: properties.method,
    url: properties.url,
    status: properties.responseCode,
    size: properties.responseSize,
    cache: properties.cache,
    backendMethod: properties.backendMethod ?? null,
    backendUrl: properties.backendUrl ?? null,
    backendStatus: properties.backendResponseCode ?? null,
    backendTime: properties.backendTime ?? null,
    api: properties.apiId,
    operation: properties.operationId,
    product: properties.productId,
    subscription: properties.apimSubscriptionId,
    user: properties.userId ?? null,
    reason: properties.lastError?.reason ?? null,
    agent: properties.requestHeaders?.["User-Agent"] ?? null,
    activity: properties.backendResponseHeaders?.["x-ms-activity-id"] ?? null,
    principal: claims?.oid ?? null,
    scopes: claims?.scp ?? null,
  };
}

function cosmosRow({ time, resourceId, operationName, properties }: RawCosmos) {
  return {
    kind: "cosmos" as const,
    time: Date.parse(time),
    resource: resourceId,
    operation: operationName,
    activity: properties["activityId"] ?? null,
    resourceType: properties["requestResourceType"],
    path: properties["requestResourceId"],
    rid: properties["collectionRid"],
    container: `${properties["databaseName"]}/${properties["collectionName"]}`,
    status: Number(properties["statusCode"]),
    duration: Number(properties["duration"]),
    charge: Number(properties["requestCharge"]),
    requestLength: Number(properties["requestLength"]),
    responseLength: Number(properties["responseLength"]),
    address: properties["clientIpAddress"],
    credential: properties["authTokenType"],
    principal: properties["aadPrincipalId"] ?? null,
    role: properties["aadAppliedRoleAssignmentId"] ?? null,
    keyType: properties["keyType"] ?? null,
    agent: properties["userAgent"],
    subStatus: Number(properties["subStatusCode"]),
    partition: properties["partitionId"],
    region: properties["regionName"],
    mode: properties["connectionMode"],
  };
}
