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

/** One sentence that a caller could be told. */
export function titleOf(cause: CauseId, told: Told): string {
  const all = told.inside >= 0.995 ? "All" : percent(told.inside);
  const which = whichCalls(told);
  const what = which === "" && told.subject.api !== undefined ? ` to ${told.subject.api}` : which;
  return `${all} ${all === "All" ? "" : "of the "}calls${what} are refused: ${REASONS[cause]}.`;
}
