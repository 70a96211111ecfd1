import { describe, expect, test } from "vitest";
import { buildCall, trialsOf } from "../../src/correlate/call.ts";
import type { Outcome, Provenance } from "../../src/model/call.ts";
import type { DataPlaneOperation, GatewayRequest } from "../../src/model/event.ts";
import { claims, gatewayError, gatewayRequest, operation } from "../builders.ts";

const COSMOS = "https://shop.documents.azure.com/dbs/shop/colls/orders/docs/1";
const refused = (layer: string, status: number, symptom: string, reason = symptom.split(":")[1]) => ({
  kind: "refused",
  layer,
  status,
  symptom,
  reason,
});

const cases: {
  name: string;
  gateway?: Partial<GatewayRequest>;
  operations?: Partial<DataPlaneOperation>[];
  outcome: Partial<Outcome>;
}[] = [
  { name: "a 200 succeeded", gateway: { status: 200 }, outcome: { kind: "succeeded" } },
  {
    name: "a policy refused",
    gateway: { status: 401, error: gatewayError("TokenExpired") },
    outcome: refused("gateway", 401, "gateway:TokenExpired") as Outcome,
  },
  {
    name: "a 403 without a reason is still the gateway's",
    gateway: { status: 403 },
    outcome: refused("gateway", 403, "gateway:403") as Outcome,
  },
  {
    name: "a container cannot be created with an Entra token, whatever the sub-status says",
    gateway: { status: 403, backendStatus: 403 },
    operations: [{ operation: "Create", resourceType: "Collection", status: 403 }],
    outcome: refused("cosmos", 403, "cosmos:management-operation") as Outcome,
  },
  {
    name: "nor can throughput be read",
    operations: [{ operation: "Read", resourceType: "Offer", status: 403 }],
    outcome: refused("cosmos", 403, "cosmos:management-operation") as Outcome,
  },
  {
    name: "with a key it can: refused for another reason",
    operations: [{ operation: "Create", resourceType: "Collection", credential: "PrimaryMasterKey", status: 403 }],
    outcome: refused("cosmos", 403, "cosmos:403") as Outcome,
  },
  {
    name: "reading a container is a matter of roles",
    operations: [{ operation: "Read", resourceType: "Collection", status: 403 }],
    outcome: refused("cosmos", 403, "cosmos:403") as Outcome,
  },
  {
    name: "running a stored procedure is a matter of roles",
    operations: [{ operation: "Execute", resourceType: "StoredProcedure", status: 403 }],
    outcome: refused("cosmos", 403, "cosmos:403") as Outcome,
  },
  {
    name: "an application backend refused",
    gateway: { status: 403, backendStatus: 403, backendUrl: "https://orders.example/x" },
    outcome: refused("backend", 403, "backend:403") as Outcome,
  },
  {
    name: "a backend says in its challenge that the token expired",
    gateway: {
      status: 401,
      backendStatus: 401,
      challenge: 'Bearer error="invalid_token", error_description="The token expired at …"',
    },
    outcome: refused("backend", 401, "backend:TokenExpired") as Outcome,
  },
  {
    name: "Cosmos refused by sub-status",
    gateway: { status: 403, backendStatus: 403, backendUrl: COSMOS, subStatus: 5302 },
    outcome: refused("cosmos", 403, "cosmos:403", "rbac") as Outcome,
  },
  {
    name: "Cosmos refused, told by its message only",
    gateway: {
      status: 403,
      backendStatus: 403,
      backendUrl: COSMOS,
      errorBody: "blocked by your Cosmos DB account firewall settings",
    },
    outcome: refused("cosmos", 403, "cosmos:403", "firewall") as Outcome,
  },
  {
    name: "a full partition is no refusal",
    gateway: { status: 403, backendStatus: 403, backendUrl: COSMOS, subStatus: 1014 },
    outcome: { kind: "look-alike" },
  },
  {
    name: "a write to a read region is no refusal",
    gateway: { status: 403, backendStatus: 403, backendUrl: COSMOS, subStatus: 3 },
    outcome: { kind: "look-alike" },
  },
  {
    name: "the application turned the Cosmos 403 into a 500",
    gateway: { status: 500, backendStatus: 500 },
    operations: [{ status: 200 }, { status: 403 }],
    outcome: refused("cosmos", 403, "cosmos:403") as Outcome,
  },
  {
    name: "the application retried and the caller never knew",
    gateway: { status: 200, backendStatus: 200 },
    operations: [{ status: 403 }, { status: 200 }],
    outcome: { kind: "succeeded" },
  },
  { name: "too many requests says nothing", gateway: { status: 429 }, outcome: { kind: "other" } },
  { name: "a 404 of the gateway says nothing", gateway: { status: 404 }, outcome: { kind: "other" } },
  { name: "an operation alone succeeded", operations: [{ status: 200 }], outcome: { kind: "succeeded" } },
  { name: "a missing item was let through", operations: [{ status: 404 }], outcome: { kind: "succeeded" } },
  {
    name: "an operation alone was refused",
    operations: [{ status: 403 }],
    outcome: refused("cosmos", 403, "cosmos:403") as Outcome,
  },
  { name: "a throttled operation says nothing", operations: [{ status: 429 }], outcome: { kind: "other" } },
];

test.each(cases)("outcome: $name", ({ gateway, operations = [], outcome }) => {
  const call = buildCall(gateway === undefined ? undefined : gatewayRequest(gateway), operations.map(operation));
  expect(call.outcome).toMatchObject(outcome);
});

const identities: {
  name: string;
  gateway?: Partial<GatewayRequest>;
  operation?: Partial<DataPlaneOperation>;
  provenance: Provenance;
}[] = [
  { name: "a validated token", gateway: { claims: claims() }, provenance: "validated" },
  {
    name: "claims of a refused token are only claimed",
    gateway: { status: 401, claims: claims({ state: "unverified" }) },
    provenance: "claimed",
  },
  { name: "a subscription key", gateway: { subscription: "partner" }, provenance: "key" },
  { name: "nothing was logged", gateway: {}, provenance: "unknown" },
  { name: "Cosmos accepted the token", operation: {}, provenance: "validated" },
  { name: "Cosmos refused it after accepting the token", operation: { status: 403 }, provenance: "validated" },
  { name: "Cosmos did not accept the token", operation: { status: 401 }, provenance: "unknown" },
  {
    name: "an account key",
    operation: { credential: "PrimaryMasterKey", principal: undefined as never },
    provenance: "key",
  },
];

test.each(identities)("identity: $name", ({ gateway, operation: over, provenance }) => {
  const call = buildCall(
    gateway === undefined ? undefined : gatewayRequest(gateway),
    over === undefined ? [] : [operation(over)],
  );
  expect(call.identity.provenance).toBe(provenance);
});

describe("trials", () => {
  test("a refused call counts its other operations as succeeded, once a kind", () => {
    const call = buildCall(gatewayRequest({ status: 403, backendStatus: 403 }), [
      operation({ operation: "Read" }),
      operation({ operation: "Read" }),
      operation({ operation: "Upsert", status: 403 }),
    ]);
    expect(trialsOf(call).map((trial) => [trial.dimensions.cosmosOperation, trial.outcome.kind])).toEqual([
      ["Upsert", "refused"],
      ["Read", "succeeded"],
    ]);
  });
  test("a claimed principal is no dimension", () => {
    const { dimensions } = buildCall(gatewayRequest({ status: 401, claims: claims({ state: "unverified" }) }), []);
    expect(dimensions.principal).toBeUndefined();
    expect(dimensions.appId).toBe(claims().appId);
  });
});
