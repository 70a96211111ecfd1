import { describe, expect, test } from "vitest";
import { cosmosReason, isLookAlike } from "../../src/correlate/cosmos-refusal.ts";

/** Texts of the service's `RMResources.resx`, shortened. */
const messages: { text: string; reason: string }[] = [
  { text: "Request is blocked by your Cosmos DB account firewall settings.", reason: "firewall" },
  { text: "Request originated from IP 203.0.113.7 through public internet. This is blocked", reason: "firewall" },
  { text: "Request received through private endpoint. It is blocked because", reason: "firewall" },
  { text: "Insufficient permissions provided in the authorization header", reason: "insufficient-key" },
  { text: "Authorization header doesn't confirm to the required format.", reason: "token-format" },
  { text: "Authorization token mandates Date headers.", reason: "token-format" },
  { text: "Unsupported token type x", reason: "token-format" },
  { text: "SAS Token Authentication is disabled for this account.", reason: "token-format" },
  { text: "AAD tokens are not supported by the Dedicated Gateway endpoint.", reason: "token-format" },
  { text: "The input authorization token can't serve the request. The wrong key is being used", reason: "wrong-key" },
  { text: "The input authorization token can't serve the request. Please check that the key", reason: "wrong-key" },
  { text: "The requested operation cannot be performed at this region", reason: "write-region" },
  { text: "The authorization token is not valid at the current time.", reason: "not-current" },
  { text: "principal [p] does not have required RBAC permissions to perform action [a]", reason: "rbac" },
  { text: "Cannot authorize request since the [User ID] to authorize was not found.", reason: "rbac" },
  {
    text: "Request is blocked because ResourceId [r] cannot be resolved. Principal = [p], Action = [a]",
    reason: "rbac",
  },
  {
    text: "The given request [POST /dbs/x/colls] cannot be authorized by AAD token in data plane.",
    reason: "management-operation",
  },
  { text: "LOCAL AUTHORIZATION IS DISABLED. Use an AAD token", reason: "local-auth-disabled" },
  { text: "Failed to validate AAD identity since the authorizer is unavailable.", reason: "service" },
  { text: "Failed to hydrate RBAC cache. Please retry again later.", reason: "service" },
  { text: "Access to your account is currently revoked because the current default identity", reason: "limit" },
  { text: "Partition key reached maximum size of 20 GB", reason: "limit" },
  { text: "Forbidden", reason: "untold" },
];

describe("a message tells", () => {
  test.each(messages)("$reason: $text", ({ text, reason }) => {
    expect(cosmosReason(undefined, text)).toBe(reason);
    expect(cosmosReason(0, text)).toBe(reason);
  });
});

test("the sub-status is believed before the message", () =>
  expect(cosmosReason(5302, "through public internet")).toBe("rbac"));

test("limits, failovers and lost customer-managed keys are no refusals; every authorization code is one", () => {
  const no = [3, 1005, 1008, 1009, 1010, 1011, 1012, 1014, 1019, 1020, 1021, 1028, 1029, 1110, 4000, 4019];
  const yes = [0, 5000, 5001, 5002, 5006, 5008, 5013, 5200, 5202, 5300, 5301, 5302, 5303, 5307, 5314, 5400, 5600];
  expect(no.filter((code) => !isLookAlike(cosmosReason(code, undefined)))).toEqual([]);
  expect(yes.filter((code) => isLookAlike(cosmosReason(code, undefined)))).toEqual([]);
  expect(yes.filter((code) => cosmosReason(code, undefined) === "untold")).toEqual([0, 5400]);
});
