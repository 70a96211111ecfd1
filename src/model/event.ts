import type { DurationMs, Instant } from "./time.ts";

/** Which of the three shapes of Azure's logs a record had. */
export type Shape = "event-hub" | "table" | "azure-diagnostics";

interface EventBase {
  /** Event time, by the emitter's clock. */
  readonly time: Instant;
  /** ARM id, lower-cased; a bare name where the log has no more. */
  readonly resource: string;
  readonly shape: Shape;
  /** Same for the same record whatever route or shape it came by. */
  readonly dedupKey: string;
}

/** Claims of the caller's token, as the gateway's claims trace wrote them. */
export interface Claims {
  /** `validated`: the gateway validated the token. `unverified`: text anybody could have written. */
  readonly state: "validated" | "unverified";
  readonly issuer?: string;
  readonly audience?: string;
  readonly appId?: string;
  readonly objectId?: string;
  readonly tenantId?: string;
  readonly scopes?: string;
  readonly roles?: string;
  readonly expires?: Instant;
  readonly issued?: Instant;
  readonly version?: string;
  readonly keyId?: string;
  readonly tokenId?: string;
}

/** The policy failure that a gateway recorded as `lastError`. */
export interface GatewayError {
  /** The policy: `validate-jwt`, `authorization`, `ip-filter`, `quota` … */
  readonly source: string;
  /** `TokenExpired`, `SubscriptionKeyInvalid` … */
  readonly reason: string;
  readonly message: string;
  readonly scope: string;
  readonly section: string;
  readonly path: string;
}

/** One row of APIM `GatewayLogs` / `ApiManagementGatewayLogs`. */
export interface GatewayRequest extends EventBase {
  readonly kind: "gateway-request";
  /** `context.RequestId`; unique for a request. Lower-cased. */
  readonly correlationId: string;
  /** APIM service name: the last segment of the resource. */
  readonly service: string;
  readonly region?: string;
  /** Host the caller used, from the URL. */
  readonly gatewayHost?: string;
  readonly api?: string;
  readonly operation?: string;
  readonly apiRevision?: string;
  readonly product?: string;
  /** APIM subscription id; absent when no valid key was presented. */
  readonly subscription?: string;
  readonly method?: string;
  /** Redacted. */
  readonly url?: string;
  readonly status: number;
  /** Absent when the backend was not called. */
  readonly backendStatus?: number;
  readonly backendId?: string;
  readonly backendMethod?: string;
  /** Redacted. */
  readonly backendUrl?: string;
  readonly backendMs?: DurationMs;
  readonly totalMs?: DurationMs;
  readonly callerAddress?: string;
  readonly userAgent?: string;
  readonly error?: GatewayError;
  readonly claims?: Claims;
  /** A claims trace was expected and lost, or the entry was cut at 32 KB: identity is unknown, not anonymous. */
  readonly truncated: boolean;
  /** From the backend's response headers, else from a logged error body. */
  readonly backendActivityId?: string;
  /** Cosmos sub-status, from the backend's response headers or a logged error body. */
  readonly subStatus?: number;
  /** `WWW-Authenticate` of the backend's response, redacted. */
  readonly challenge?: string;
  /** Logged response body of a refusal, redacted, at most 2,000 characters. */
  readonly errorBody?: string;
  /** The id of the user's own that the configured path leads to: also an activity id of Cosmos. */
  readonly ownId?: string;
}

/** One row of Cosmos DB `DataPlaneRequests` / `CDBDataPlaneRequests`. */
export interface DataPlaneOperation extends EventBase {
  readonly kind: "data-plane-operation";
  readonly activityId: string;
  /** Cosmos account name: the last segment of the resource. */
  readonly account: string;
  readonly operation: string;
  /** `Document`, `Collection`, `Database` … */
  readonly resourceType: string;
  readonly database?: string;
  readonly container?: string;
  readonly status: number;
  readonly durationMs?: DurationMs;
  readonly requestCharge?: number;
  readonly responseBytes?: number;
  readonly clientAddress?: string;
  readonly userAgent?: string;
  readonly region?: string;
  /** `AadToken`, `PrimaryMasterKey` … verbatim but for case; absent when the log says nothing. */
  readonly credential?: string;
  /** Object id, lower-cased with hyphens; absent for keys and when the log says nothing. */
  readonly principal?: string;
  readonly roleAssignment?: string;
  readonly partitionId?: string;
}

/** What kinds of change the explanation lays over an onset. */
export type ChangeKind =
  | "role-assignment"
  | "role-definition"
  | "key-regenerated"
  | "keys-listed"
  | "account-write"
  | "firewall"
  | "local-auth-disabled"
  | "failover"
  | "region"
  | "container"
  | "gateway-policy"
  | "named-value"
  | "subscription"
  | "gateway-write"
  | "secret-version"
  | "secret-disabled"
  | "other";

/** A change of role, key, policy, firewall, named value … from a control plane. */
export interface Change extends EventBase {
  readonly kind: "change";
  readonly change: ChangeKind;
  readonly operation: string;
  readonly action: "create" | "write" | "delete" | "action";
  /** `started` changes are kept only where no `succeeded` one follows. */
  readonly result: "started" | "succeeded" | "failed";
  /** Who made it: object id or name as logged; absent for Cosmos control plane, which logs no caller. */
  readonly by?: string;
  /** What it was about, by few named fields: `principalId`, `roleDefinitionId`, `scope`, `keyKind`, `container`, `subscription` … */
  readonly details: ReadonlyMap<string, string>;
}

/** One Entra sign-in of a managed identity or service principal. */
export interface SignIn extends EventBase {
  readonly kind: "sign-in";
  readonly identityKind: "managed-identity" | "service-principal";
  readonly appId?: string;
  /** Object id of the service principal. */
  readonly principal?: string;
  readonly name?: string;
  /** The target API. */
  readonly target?: string;
  /** 0 is success; 7000222 expired secret, 7000215 bad secret, 53003 conditional access. */
  readonly errorCode: number;
  readonly address?: string;
  readonly credentialKeyId?: string;
}

/** One Key Vault data-plane access. */
export interface SecretAccess extends EventBase {
  readonly kind: "secret-access";
  readonly vault: string;
  readonly operation: string;
  /** Secret name, without its version. */
  readonly secret?: string;
  readonly status: number;
  readonly principal?: string;
  /** ARM id of the resource that owns the managed identity (`xms_mirid`), lower-cased. */
  readonly ownerResource?: string;
  readonly address?: string;
}

export type Event = GatewayRequest | DataPlaneOperation | Change | SignIn | SecretAccess;

/** What sign-in and Key Vault logs lay over an onset. */
export type Sign = SignIn | SecretAccess;
