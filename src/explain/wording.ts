import type { DimensionValues } from "../model/call.ts";
import type { CauseId } from "../model/cause.ts";
import type { Finding, Subject } from "../model/finding.ts";
import { percent } from "./causes/judgement.ts";

export interface Told {
  readonly where: DimensionValues;
  readonly subject: Subject;
  readonly inside: number;
  readonly layer: Finding["layer"];
  /** Nobody vouched for the tokens of the refused calls: what they name is a claim. */
  readonly claimed: boolean;
}

/** Of the two clocks that may be off, the gateway's: it judged the tokens. */
export const isGatewayClock = (cause: CauseId, { layer }: Told): boolean =>
  cause === "clock-skew" && layer === "gateway";

/** What stands behind "calls …" for the best split: `through backend orders-b`, `from 203.0.113.0/24` … */
function whichCalls({ where, claimed }: Told): string {
  const words: readonly (readonly [keyof DimensionValues, string])[] = [
    ["operation", "to operation"],
    ["api", "to"],
    ["backend", "through backend"],
    ["region", "through gateway region"],
    ["subscription", "with subscription"],
    ["product", "with product"],
    ["appId", claimed ? "with tokens that name application" : "by application"],
    ["principal", "by principal"],
    ["callerNetwork", "from"],
    ["clientNetwork", "reaching Cosmos DB from"],
    ["keyId", "with tokens signed by key"],
    ["issuer", "with tokens issued by"],
    ["audience", "with tokens for"],
    ["tokenVersion", "with tokens of version"],
    ["roles", "with roles"],
    ["scopes", "with scopes"],
    ["credential", "signed with"],
    ["cosmosPrincipal", "made as principal"],
    ["cosmosOperation", "doing"],
    ["container", "on container"],
    ["cosmosRegion", "to Cosmos DB region"],
    ["cosmosAccount", "to account"],
    ["userAgentFamily", "made by"],
  ];
  const parts = words.flatMap(([dimension, word]) =>
    where[dimension] === undefined ? [] : [`${word} ${where[dimension]}`],
  );
  return parts.length === 0 ? "" : ` ${parts.slice(0, 3).join(" ")}`;
}

const REASONS: Readonly<Record<CauseId, string>> = {
  "backend-grants-differ": "this backend lacks a grant that the others have",
  "gateway-region-differs": "this gateway region is not set up like the others",
  "firewall-blocked": "the Cosmos DB firewall blocks the network they come from",
  "caller-token-expired": "the callers keep using tokens that have expired",
  "signing-key-rollover": "the gateway does not know the key that signed their tokens",
  "token-issuer-mismatch": "their tokens come from an issuer that the API does not accept",
  "token-audience-mismatch": "their tokens are meant for another audience",
  "token-claim-missing": "their tokens lack a role or scope that the API requires",
  "policy-branch-fallthrough": "the policy asks this operation for a token that its callers are not meant to send",
  "subscription-key-not-propagated":
    "their subscription key is so new that the gateway does not know it everywhere yet",
  "cosmos-authorization-format": "Cosmos DB cannot read the Authorization header that the gateway sends",
  "cached-token-outlived": "the token that the gateway keeps for itself has expired, and is kept on",
  "instance-dead-token": "this one instance holds a token that has expired, until it is restarted",
  "wrong-identity": "they are made under another identity than the one that has the role",
  "group-grant-not-in-token": "the role is held through a group, and the group is not in the token",
  "named-value-stale-secret": "the gateway still holds the secret as it was before it was replaced in Key Vault",
  "gateway-cannot-read-key-vault": "the gateway can no longer read the secret from Key Vault",
  "client-secret-expired": "the client secret with which the application signs in has expired or is wrong",
  "container-recreated": "the container was deleted and created again, and clients still know the old one",
  "role-bound-to-wrong-id": "the role was given to an id that is not the object id of the one who calls",
  "split-dns-private-endpoint": "they reach Cosmos DB by its public address, where others take the private endpoint",
  "network-perimeter-blocked": "the network security perimeter of Cosmos DB does not let them in",
  "service-identity-hiccup": "Cosmos DB itself could not check tokens for a while",
  "conditional-access-blocked": "Conditional Access keeps the application from getting a token",
  "unknown-periodic": "they fail and pass in turn, and the logs do not say why",
  "subscription-key-missing-or-wrong": "they carry no valid subscription key",
  "quota-exceeded": "the subscription has used up its quota",
  "ip-filter": "the gateway's IP filter does not allow the address they come from",
  "read-only-key-write": "writes are signed with a read-only key",
  "role-assignment-propagating-or-missing":
    "the principal has no role assignment in Cosmos DB, or it has not taken effect yet",
  "role-too-narrow": "the principal's Cosmos DB role does not cover this operation or container",
  "management-op-with-entra-token":
    "databases and containers cannot be managed with an Entra token through the data plane",
  "key-rotated": "they are signed with an account key that was regenerated",
  "local-auth-disabled": "the account no longer accepts keys",
  "clock-skew": "the client's clock is off, so that its signatures are not valid now",
  "write-to-read-region": "writes go to a Cosmos DB region that takes none",
  "not-authorization-limit": "a limit of Cosmos DB is reached, which is not about authorization",
  unknown: "the logs do not say why",
};

const GATEWAY_CLOCK = "the gateway's clock is off, so that it takes valid tokens for expired or not yet valid";

/** One sentence that a caller could be told. */
export function titleOf(cause: CauseId, told: Told): string {
  const all = told.inside >= 0.995 ? "All" : percent(told.inside);
  const which = whichCalls(told);
  const what = which === "" && told.subject.api !== undefined ? ` to ${told.subject.api}` : which;
  return `${all} ${all === "All" ? "" : "of the "}calls${what} are refused: ${isGatewayClock(cause, told) ? GATEWAY_CLOCK : REASONS[cause]}.`;
}
