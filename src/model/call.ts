import type { DataPlaneOperation, GatewayRequest } from "./event.ts";
import type { Instant } from "./time.ts";

/** What calls are compared by. The order is the order of columns in a cell and of facets on a screen. */
export const DIMENSIONS = [
  "region",
  "gatewayHost",
  "api",
  "operation",
  "apiRevision",
  "product",
  "subscription",
  "backend",
  "callerNetwork",
  "appId",
  "principal",
  "issuer",
  "audience",
  "tokenVersion",
  "keyId",
  "scopes",
  "roles",
  "tokenAge",
  "authMethod",
  "cosmosAccount",
  "cosmosRegion",
  "database",
  "container",
  "cosmosOperation",
  "cosmosPrincipal",
  "credential",
  "roleAssignment",
  "clientNetwork",
  "userAgentFamily",
  "subStatus",
] as const;

export type Dimension = (typeof DIMENSIONS)[number];

/** Values of one call; a dimension that the logs say nothing about is absent, never "none". */
export type DimensionValues = Partial<Readonly<Record<Dimension, string>>>;

/** Whether the values are among others; no values are among any. */
export const areAmong = (where: DimensionValues, values: DimensionValues): boolean =>
  DIMENSIONS.every((dimension) => where[dimension] === undefined || where[dimension] === values[dimension]);

/** Where a call was refused, or where it ended. */
export type Layer = "gateway" | "backend" | "cosmos";

/** How far an identity can be believed; see the design's "identity provenance". */
export type Provenance = "validated" | "key" | "claimed" | "unknown";

export interface Identity {
  readonly provenance: Provenance;
  /** Object id, application id or subscription; absent when unknown. Claimed ids are text of the caller's. */
  readonly principal?: string;
  readonly appId?: string;
  readonly subscription?: string;
}

export type Outcome =
  | { readonly kind: "succeeded" }
  /**
   * 401 or 403 that is about authorization. `symptom` names what one fault shows alike, for instance `gateway:TokenExpired`
   * or `cosmos:403`; `reason` is what the log tells beyond that, the status where it tells nothing.
   */
  | {
      readonly kind: "refused";
      readonly layer: Layer;
      readonly status: 401 | 403;
      readonly symptom: string;
      readonly reason: string;
    }
  /** 401/403 that is not about authorization (limits, wrong region), or a challenge that the protocol expects. */
  | {
      readonly kind: "look-alike";
      readonly layer: Layer;
      readonly status: 401 | 403;
      readonly symptom: string;
      readonly reason: string;
    }
  /** Anything else: 404, 429, 5xx … says nothing about authorization. */
  | { readonly kind: "other"; readonly status: number };

/** How sure it is that operations are a request's where no id says so. */
export interface Inference {
  readonly probability: number;
  /** Operations that could have been the request's. */
  readonly candidates: number;
}

/** One gateway request with the data-plane operations it caused, or operations that no gateway request owns. */
export interface Call {
  /** The gateway's correlation id, else the Cosmos activity id. */
  readonly id: string;
  readonly time: Instant;
  readonly match: "exact" | "inferred" | "gateway-only" | "data-plane-only";
  /** Of an inferred match. */
  readonly inference?: Inference;
  readonly gateway?: GatewayRequest;
  readonly operations: readonly DataPlaneOperation[];
  readonly identity: Identity;
  readonly outcome: Outcome;
  readonly dimensions: DimensionValues;
}
