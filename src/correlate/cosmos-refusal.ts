/** What a 401 or 403 of Cosmos DB says, as far as sub-status or message tell. */
export type CosmosReason =
  | "rbac"
  | "management-operation"
  | "firewall"
  | "perimeter"
  | "local-auth-disabled"
  | "wrong-key"
  | "insufficient-key"
  | "not-current"
  | "token-expired"
  | "token-issuer"
  | "token-audience"
  | "token-format"
  | "token-invalid"
  | "service"
  | "write-region"
  | "limit"
  | "untold";

/**
 * Sub-statuses by meaning, from the .NET SDK's `SubStatusCodes`
 * (github.com/Azure/azure-cosmos-dotnet-v3, Microsoft.Azure.Cosmos/src/direct/StatusCodes.cs). 5400 is not among them: it
 * says that a request was not authorized, not why.
 */
const BY_SUB_STATUS: ReadonlyMap<number, CosmosReason> = new Map<number, CosmosReason>([
  [3, "write-region"],
  ...[1005, 1008, 1009, 1010, 1011, 1012, 1014, 1019, 1020, 1021, 1028, 1029, 1110].map(
    (code) => [code, "limit"] as const,
  ),
  ...Array.from({ length: 20 }, (_, i) => [4000 + i, "limit"] as const),
  [5000, "token-format"],
  [5001, "token-format"],
  [5002, "token-format"],
  [5003, "token-format"],
  [5004, "token-invalid"],
  [5005, "not-current"],
  [5006, "token-expired"],
  [5007, "token-issuer"],
  [5008, "token-audience"],
  [5009, "token-invalid"],
  [5010, "service"],
  [5011, "token-invalid"],
  [5012, "token-format"],
  [5013, "token-invalid"],
  [5200, "service"],
  [5201, "service"],
  [5202, "local-auth-disabled"],
  [5300, "management-operation"],
  ...[5301, 5302, 5303, 5304, 5305, 5306].map((code) => [code, "rbac"] as const),
  ...Array.from({ length: 8 }, (_, i) => [5307 + i, "perimeter"] as const),
  [5600, "token-invalid"],
]);

/** Parts of the service's messages, lower-cased (RMResources.resx of the same repository). */
const BY_MESSAGE: readonly (readonly [string, CosmosReason])[] = [
  ["does not have required rbac permissions", "rbac"],
  ["cannot be authorized by aad token in data plane", "management-operation"],
  ["local authorization is disabled", "local-auth-disabled"],
  ["not valid at the current time", "not-current"],
  ["firewall settings", "firewall"],
  ["through public internet", "firewall"],
  ["through service endpoint", "firewall"],
  ["through private endpoint", "firewall"],
  ["network security perimeter", "perimeter"],
  ["wrong key is being used", "wrong-key"],
  ["mac signature", "wrong-key"],
  ["authorization token can't serve the request", "wrong-key"],
  ["insufficient permissions provided", "insufficient-key"],
  ["permission mode provided", "insufficient-key"],
  ["aad token has been expired", "token-expired"],
  ["aad token is intended for", "token-audience"],
  ["no longer has permission to the associated key vault key", "limit"],
  ["access to your account is currently revoked", "limit"],
  ["partition key reached maximum size", "limit"],
  ["total throughput limit", "limit"],
  ["writes are not allowed in this region", "write-region"],
  ["cannot be performed at this region", "write-region"],
  ["writeforbidden", "write-region"],
  ["write operation is not allowed", "write-region"],
  ["required header authorization is missing", "token-format"],
  ["doesn't confirm to the required format", "token-format"],
  ["authorization token mandates date headers", "token-format"],
  ["unsupported token type", "token-format"],
  ["sas token authentication is disabled", "token-format"],
  ["aad tokens are not supported by the dedicated gateway", "token-format"],
  ["cannot authorize request since the [", "rbac"],
  ["] cannot be resolved. principal = [", "rbac"],
  ["failed to validate aad identity", "service"],
  ["failed to hydrate rbac cache", "service"],
];

/** Sub-status first: the message is for people and changes. */
export function cosmosReason(subStatus: number | undefined, message: string | undefined): CosmosReason {
  const coded = subStatus === undefined || subStatus === 0 ? undefined : BY_SUB_STATUS.get(subStatus);
  if (coded !== undefined) return coded;
  if (message === undefined) return "untold";
  const text = message.toLowerCase();
  return BY_MESSAGE.find(([part]) => text.includes(part))?.[1] ?? "untold";
}

/** A 401 or 403 that is not about authorization. */
export const isLookAlike = (reason: CosmosReason): boolean => reason === "limit" || reason === "write-region";
