import type { Call, DimensionValues, Identity, Outcome } from "../model/call.ts";
import type { DataPlaneOperation, GatewayRequest } from "../model/event.ts";
import { dimensionsOf } from "./dimensions.ts";
import { callOutcome, operationOutcome } from "./outcome.ts";

/** What one comparison of refused with succeeded counts: a call with one of its operations. */
export interface Trial {
  readonly outcome: Outcome;
  readonly dimensions: DimensionValues;
  readonly operation?: DataPlaneOperation;
}

/** Distinct operations of one call that are compared apart; the rest is counted with the call only. */
const TRIALS_PER_CALL = 4;

/** Builds the call of one gateway request and the operations joined to it (either may be missing, not both). */
export function buildCall(gateway: GatewayRequest | undefined, operations: readonly DataPlaneOperation[]): Call {
  const decisive = decisiveOperation(operations);
  const outcome = outcomeOf(gateway, operations, decisive);
  const base = {
    operations,
    identity: identityOf(gateway, decisive, outcome),
    outcome,
    dimensions: dimensionsOf(gateway, decisive),
  };
  if (gateway !== undefined) {
    const match = operations.length > 0 ? "exact" : "gateway-only";
    return { id: gateway.correlationId, time: gateway.time, match, gateway, ...base };
  }
  const first = operations[0];
  if (first === undefined) throw new Error("a call needs a gateway request or an operation");
  return { id: first.activityId, time: first.time, match: "data-plane-only", ...base };
}

function outcomeOf(
  gateway: GatewayRequest | undefined,
  operations: readonly DataPlaneOperation[],
  decisive: DataPlaneOperation | undefined,
): Outcome {
  if (gateway !== undefined) return callOutcome(gateway, operations);
  return decisive === undefined ? { kind: "other", status: 0 } : operationOutcome(decisive);
}

const isRefused = (operation: DataPlaneOperation): boolean => operation.status === 401 || operation.status === 403;

/**
 * The operation that decided the call: one that was refused, else the first on an item, else the first. Those after it are
 * tried only once it succeeded, so that they would look as if they never failed.
 */
function decisiveOperation(operations: readonly DataPlaneOperation[]): DataPlaneOperation | undefined {
  return (
    operations.find(isRefused) ?? operations.find(({ resourceType }) => resourceType === "Document") ?? operations[0]
  );
}

/**
 * What detectors compare: the call itself, and its other operations where they differ in container, kind or credential.
 * Those of a refused call stand for themselves, without the gateway's dimensions: they say nothing about its callers.
 */
export function trialsOf(call: Call): readonly Trial[] {
  const decisive = decisiveOperation(call.operations);
  const first: Trial = {
    outcome: call.outcome,
    dimensions: call.dimensions,
    ...(decisive === undefined ? {} : { operation: decisive }),
  };
  if (call.operations.length < 2) return [first];
  const gateway = call.outcome.kind === "refused" ? undefined : call.gateway;
  const trials = [first];
  const seen = new Set(decisive === undefined ? [] : [operationKey(decisive)]);
  for (const operation of call.operations) {
    if (trials.length >= TRIALS_PER_CALL) break;
    const key = operationKey(operation);
    if (seen.has(key) || isRefused(operation)) continue;
    seen.add(key);
    const outcome = operationOutcome(operation, call.gateway);
    trials.push({ outcome, dimensions: dimensionsOf(gateway, operation), operation });
  }
  return trials;
}

const operationKey = (operation: DataPlaneOperation): string =>
  `${operation.account}|${operation.container ?? ""}|${operation.operation}|${operation.credential ?? ""}|${operation.principal ?? ""}`;

/** Claims of a refused token are text of the caller's: only the gateway or Cosmos can vouch for an identity. */
function identityOf(
  gateway: GatewayRequest | undefined,
  operation: DataPlaneOperation | undefined,
  outcome: Outcome,
): Identity {
  if (gateway === undefined)
    return operation === undefined ? { provenance: "unknown" } : operationIdentity(operation, outcome);
  const { claims, subscription } = gateway;
  const ids = {
    ...(claims?.objectId === undefined ? {} : { principal: claims.objectId }),
    ...(claims?.appId === undefined ? {} : { appId: claims.appId }),
    ...(subscription === undefined ? {} : { subscription }),
  };
  if (claims?.state === "validated") return { provenance: "validated", ...ids };
  if (subscription !== undefined) return { provenance: "key", subscription };
  return claims === undefined ? { provenance: "unknown" } : { provenance: "claimed", ...ids };
}

/** Cosmos names a principal on a 403 only after it accepted the token; on a 401 nothing was accepted. */
function operationIdentity(operation: DataPlaneOperation, outcome: Outcome): Identity {
  if (outcome.kind === "refused" && outcome.status === 401) return { provenance: "unknown" };
  if (operation.principal !== undefined) return { provenance: "validated", principal: operation.principal };
  const key = operation.credential?.toLowerCase().endsWith("key") ?? false;
  return key && operation.credential !== undefined
    ? { provenance: "key", principal: operation.credential }
    : { provenance: "unknown" };
}
