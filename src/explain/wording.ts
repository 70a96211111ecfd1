import type { DimensionValues } from "../model/call.ts";
import type { CauseId } from "../model/cause.ts";
import type { Finding, Subject } from "../model/finding.ts";
import { percent } from "./causes/judgement.ts";

export interface Told {
  readonly where: DimensionValues;
  readonly subject: Subject;
  readonly inside: number;
  readonly layer: Finding["layer"];
}

/** What stands behind "calls …" for the best split: `through backend orders-b`, `from 203.0.113.0/24` … */
function whichCalls(where: DimensionValues): string {
  const words: readonly (readonly [keyof DimensionValues, string])[] = [
    ["operation", "to operation"],
    ["api", "to"],
    ["backend", "through backend"],
    ["region", "through gateway region"],
    ["subscription", "with subscription"],
    ["product", "with product"],
    ["appId", "by application"],
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
  const parts = words.flatMap(([dimension, word]) => (where[dimension] === undefined ? [] : [`${word} ${where[dimension]}`]));
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
  "role-assignment-propagating-or-missing": "the principal has no role assignment in Cosmos DB, or it has not taken effect yet",
  "role-too-narrow": "the principal's Cosmos DB role does not cover this operation or container",
  "management-op-with-entra-token": "databases and containers cannot be managed with an Entra token through the data plane",
  "key-rotated": "they are signed with an account key that was regenerated",
  "local-auth-disabled": "the account no longer accepts keys",
  "clock-skew": "the client's clock is off, so that its signatures are not valid now",
  "write-to-read-region": "writes go to a region that takes none since the failover",
  "not-authorization-limit": "a limit of Cosmos DB is reached, which is not about authorization",
  unknown: "the logs do not say why",
};

/** One sentence that a caller could be told. */
export function titleOf(cause: CauseId, told: Told): string {
  const all = told.inside >= 0.995 ? "All" : percent(told.inside);
  const which = whichCalls(told.where);
  const what = which === "" && told.subject.api !== undefined ? ` to ${told.subject.api}` : which;
  return `${all} ${all === "All" ? "" : "of the "}calls${what} are refused: ${REASONS[cause]}.`;
}

/** Quotes a value from a log for a POSIX shell: nothing in it is ever executed. */
const quoted = (value: string | undefined, fallback: string): string =>
  value === undefined ? fallback : `'${value.replaceAll("'", `'\\''`).replaceAll(/[\u0000-\u001f\u007f]/g, "")}'`;

/** What to do, and the commands for it; what the logs do not know stands in angle brackets. */
export function fixOf(cause: CauseId, { where, subject }: Told): Finding["fix"] {
  const account = quoted(subject.account ?? where.cosmosAccount, "<account>");
  const principal = quoted(where.cosmosPrincipal ?? where.principal, "<object-id>");
  const database = subject.database ?? where.database;
  const container = subject.container ?? where.container;
  const scope = database === undefined ? `"/"` : quoted(`/dbs/${database}${container === undefined ? "" : `/colls/${container}`}`, "/");
  const api = quoted(subject.api ?? where.api, "<api-id>");
  const assign = `az cosmosdb sql role assignment create --account-name ${account} --resource-group <resource-group> --role-definition-id <role-definition-id> --principal-id ${principal} --scope ${scope}`;
  const list = `az cosmosdb sql role assignment list --account-name ${account} --resource-group <resource-group> --output table`;
  const show = `az cosmosdb show --name ${account} --resource-group <resource-group>`;
  const policy = `az rest --method get --url "https://management.azure.com/subscriptions/<subscription>/resourceGroups/<resource-group>/providers/Microsoft.ApiManagement/service/<service>/apis/"${api}"/policies/policy?api-version=2024-05-01&format=rawxml"`;
  const fixes: Readonly<Record<CauseId, Finding["fix"]>> = {
    "backend-grants-differ": {
      says: "Give the backend's identity the same grants as its siblings have, and let the gateway's circuit breaker treat 401 and 403 as unhealthy.",
      commands: [list, assign],
    },
    "gateway-region-differs": {
      says: "Compare the region's network, DNS, named values and policy revision with a healthy region; take the region out of service while you fix it.",
      commands: ["az apim show --name <service> --resource-group <resource-group> --query additionalLocations", `az apim update --name <service> --resource-group <resource-group> --set additionalLocations[<index>].disableGateway=true`],
    },
    "firewall-blocked": {
      says: "Allow the network that the calls come from, or send them through the private endpoint; a rule takes up to 15 minutes to work everywhere.",
      commands: [`${show} --query "{ipRules:ipRules,vnet:virtualNetworkRules,public:publicNetworkAccess}"`, `az cosmosdb update --name ${account} --resource-group <resource-group> --ip-range-filter <all-allowed-ranges-and-the-new-one>`],
    },
    "caller-token-expired": {
      says: "Let the caller renew its token at half of its life and drop it on a 401; never cache a token past its exp claim. Set clock-skew in validate-jwt when only seconds are missing.",
      commands: [],
    },
    "signing-key-rollover": {
      says: "Validate against openid-config instead of pinned keys, check that the gateway reaches the metadata address, and send one call to each region after the identity provider rotates its keys.",
      commands: [policy],
    },
    "token-issuer-mismatch": {
      says: "Set the API's requestedAccessTokenVersion to what the policy expects, or list both issuers (sts.windows.net and login.microsoftonline.com/…/v2.0) in validate-jwt.",
      commands: ["az ad app show --id <api-app-id> --query api.requestedAccessTokenVersion", policy],
    },
    "token-audience-mismatch": {
      says: "Ask for a token for the API's own audience, or list every audience that callers use in validate-jwt.",
      commands: ["az ad app show --id <api-app-id> --query identifierUris", policy],
    },
    "token-claim-missing": {
      says: "Assign the application role or consent the scope, then get a new token: a managed identity's token is cached for up to 24 hours.",
      commands: [`az rest --method get --url "https://graph.microsoft.com/v1.0/servicePrincipals/"${quoted(where.principal, "<object-id>")}"/appRoleAssignments"`],
    },
    "subscription-key-missing-or-wrong": {
      says: "Send the key of a subscription to the product that holds this operation, under the header name that the API expects; a new key takes about 10 minutes to be known everywhere.",
      commands: ["az rest --method get --url \"https://management.azure.com/subscriptions/<subscription>/resourceGroups/<resource-group>/providers/Microsoft.ApiManagement/service/<service>/subscriptions?api-version=2024-05-01\""],
    },
    "quota-exceeded": { says: "Raise the product's quota or tell the subscription's owner; calls pass again when the period renews.", commands: [policy] },
    "ip-filter": { says: "Add the address range to the ip-filter policy, or filter on the forwarded address when a proxy stands before the gateway.", commands: [policy] },
    "read-only-key-write": { says: "Sign writes with a read-write key, or better, use an Entra identity with a role that allows them.", commands: [`az cosmosdb sql role assignment list --account-name ${account} --resource-group <resource-group>`, assign] },
    "role-assignment-propagating-or-missing": {
      says: "Assign the role to the principal's object id; if it was assigned in the last minutes, wait for up to 10 minutes and retry.",
      commands: [list, assign],
    },
    "role-too-narrow": { says: "Add the one missing action or container to the principal's role.", commands: [list, `az cosmosdb sql role definition list --account-name ${account} --resource-group <resource-group>`, assign] },
    "management-op-with-entra-token": { says: "Create databases and containers by ARM, Bicep or the az commands, and switch off create-if-not-exists in the application.", commands: [`az cosmosdb sql container create --account-name ${account} --resource-group <resource-group> --database-name ${quoted(database, "<database>")} --name ${quoted(container, "<container>")} --partition-key-path <path>`] },
    "key-rotated": { says: "Move the callers to the other key, wait until none uses the old one, then regenerate; better, move them to Entra identities.", commands: [`az cosmosdb keys list --name ${account} --resource-group <resource-group> --type keys`] },
    "local-auth-disabled": { says: "Move the callers that still use keys to Entra identities, or allow keys again until they have moved.", commands: [assign, `az resource update --resource-type Microsoft.DocumentDB/databaseAccounts --name ${account} --resource-group <resource-group> --set properties.disableLocalAuth=false`] },
    "clock-skew": { says: "Synchronise the client's clock (NTP) and sign each attempt anew.", commands: ["timedatectl status", "timedatectl set-ntp true"] },
    "write-to-read-region": { says: "Send writes to the region that takes them now; an SDK does so by itself, a fixed backend address does not.", commands: [`${show} --query "{write:writeLocations,read:readLocations}"`] },
    "not-authorization-limit": { says: "Look at the sub-status: raise the limit or spread the load; no grant will help.", commands: [show] },
    unknown: { says: "Log what is missing (below), then look again: the samples show refused and succeeded calls side by side.", commands: [] },
  };
  return fixes[cause];
}
