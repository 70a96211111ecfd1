/** One gateway record as Event Hubs delivers it. */
export const gatewayLine = (id: string, over: Readonly<Record<string, unknown>> = {}): string => {
  const { time = "2026-11-25T12:00:00.1234567Z", callerIpAddress = "203.0.113.7", ...properties } = over;
  return JSON.stringify({
    category: "GatewayLogs",
    time,
    resourceId: "/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.APIMANAGEMENT/SERVICE/APIM-SHOP",
    correlationId: id,
    location: "West Europe",
    callerIpAddress,
    properties: {
      method: "GET",
      url: "https://apim-shop.azure-api.net/orders/1",
      responseCode: 200,
      backendResponseCode: 200,
      backendUrl: "https://shop.documents.azure.com/dbs/shop",
      apiId: "orders",
      operationId: "get-order",
      apimSubscriptionId: "team-a",
      ...properties,
    },
  });
};

/** One data-plane record as Event Hubs delivers it. */
export const operationLine = (id: string, over: Readonly<Record<string, unknown>> = {}): string => {
  const { time = "2026-11-25T12:00:00.2234567Z", operationName = "Read", ...properties } = over;
  return JSON.stringify({
    category: "DataPlaneRequests",
    time,
    resourceId: "/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.DOCUMENTDB/DATABASEACCOUNTS/SHOP",
    operationName,
    properties: {
      activityId: id,
      requestResourceType: "Document",
      databaseName: "shop",
      collectionName: "orders",
      statusCode: "200",
      duration: "1.5",
      requestCharge: "2.83",
      responseLength: "220",
      userAgent: "cosmos-netstandard-sdk/3.46",
      clientIpAddress: "198.51.100.4",
      authTokenType: "AadToken",
      aadPrincipalId: "dddddddd-0000-4000-8000-000000000001",
      ...properties,
    },
  });
};

export const callId = (n: number): string => `cccccccc-0000-4000-8000-${String(n).padStart(12, "0")}`;

/** Six calls: of two subscriptions, into two containers; one refused, one that Cosmos DB did not log, one without a gateway. */
export const LOGS = [
  gatewayLine(callId(1)),
  operationLine(callId(1)),
  gatewayLine(callId(2), { time: "2026-11-25T13:00:00Z", apimSubscriptionId: "team-b" }),
  operationLine(callId(2), { time: "2026-11-25T13:00:00.1Z", collectionName: "carts" }),
  gatewayLine(callId(3), { time: "2026-11-25T14:00:00Z", responseCode: 403, backendResponseCode: 403 }),
  operationLine(callId(3), { time: "2026-11-25T14:00:00.1Z", statusCode: "403" }),
  gatewayLine(callId(4), { time: "2026-11-25T14:00:01Z" }),
  operationLine(callId(5), { time: "2026-11-25T14:00:02Z", authTokenType: "PrimaryMasterKey", aadPrincipalId: "" }),
  gatewayLine(callId(6), {
    time: "2026-11-25T17:00:00Z",
    apimSubscriptionId: "team-b",
    backendUrl: "https://be.example/",
  }),
  gatewayLine(callId(6), {
    time: "2026-11-25T17:00:00Z",
    apimSubscriptionId: "team-b",
    backendUrl: "https://be.example/",
  }),
  "{not json",
].join("\n");
