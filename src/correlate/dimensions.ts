import type { Dimension, DimensionValues } from "../model/call.ts";
import type { Claims, DataPlaneOperation, GatewayRequest } from "../model/event.ts";
import type { Instant } from "../model/time.ts";
import { hostOf } from "../lib/host.ts";
import { AUTH_METHODS, authMethodCode, TOKEN_AGES, tokenAgeCode } from "./bands.ts";
import { networkOf, userAgentFamily } from "./network.ts";

type Values = { -readonly [D in Dimension]?: string };

/** Said by a claims trace that has no scopes or no roles: that is an observation, unlike a missing trace. */
export const NONE = "(none)";

function put(values: Values, dimension: Dimension, value: string | undefined): void {
  if (value !== undefined && value !== "") values[dimension] = value;
}

/** What the logs say about a call with one of its operations. */
export function dimensionsOf(
  gateway: GatewayRequest | undefined,
  operation: DataPlaneOperation | undefined,
): DimensionValues {
  const values: Values = {};
  if (gateway !== undefined) putGateway(values, gateway);
  if (operation !== undefined) putOperation(values, operation);
  return values;
}

function putGateway(values: Values, gateway: GatewayRequest): void {
  put(values, "region", gateway.region);
  put(values, "gatewayHost", gateway.gatewayHost);
  put(values, "api", gateway.api);
  put(values, "operation", gateway.operation);
  put(values, "apiRevision", gateway.apiRevision);
  put(values, "product", gateway.product);
  put(values, "subscription", gateway.subscription);
  put(
    values,
    "backend",
    gateway.backendId ?? (gateway.backendUrl === undefined ? undefined : hostOf(gateway.backendUrl)),
  );
  if (gateway.callerAddress !== undefined) put(values, "callerNetwork", networkOf(gateway.callerAddress));
  if (gateway.userAgent !== undefined) put(values, "userAgentFamily", userAgentFamily(gateway.userAgent));
  if (gateway.subStatus !== undefined) put(values, "subStatus", String(gateway.subStatus));
  put(values, "authMethod", authMethod(gateway));
  if (gateway.claims !== undefined) putClaims(values, gateway.claims, gateway.time);
}

function putClaims(values: Values, claims: Claims, at: Instant): void {
  put(values, "appId", claims.appId);
  if (claims.state === "validated") put(values, "principal", claims.objectId);
  put(values, "issuer", claims.issuer);
  put(values, "audience", claims.audience);
  put(values, "tokenVersion", claims.version);
  put(values, "keyId", claims.keyId);
  put(values, "scopes", claims.scopes === "" ? NONE : (claims.scopes ?? NONE));
  put(values, "roles", claims.roles === "" ? NONE : (claims.roles ?? NONE));
  put(values, "tokenAge", tokenAge(claims, at));
}

const tokenAge = ({ expires, issued }: Claims, at: Instant): string | undefined =>
  TOKEN_AGES[tokenAgeCode(at, expires ?? Number.NaN, issued ?? Number.NaN)];

const authMethod = ({ claims, subscription }: GatewayRequest): string | undefined =>
  AUTH_METHODS[authMethodCode(claims !== undefined, subscription !== undefined)];

function putOperation(values: Values, operation: DataPlaneOperation): void {
  put(values, "cosmosAccount", operation.account);
  put(values, "cosmosRegion", operation.region);
  put(values, "database", operation.database);
  put(values, "container", operation.container);
  put(values, "cosmosOperation", operation.operation);
  put(values, "cosmosPrincipal", operation.principal);
  put(values, "credential", operation.credential);
  put(values, "roleAssignment", operation.roleAssignment);
  if (operation.clientAddress !== undefined) put(values, "clientNetwork", networkOf(operation.clientAddress));
  if (values.userAgentFamily === undefined && operation.userAgent !== undefined) {
    put(values, "userAgentFamily", userAgentFamily(operation.userAgent));
  }
}
