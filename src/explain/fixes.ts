import { shellQuoted } from "../lib/shell-quote.ts";
import type { CauseId } from "../model/cause.ts";
import type { Finding } from "../model/finding.ts";
import { isGatewayClock, type Told } from "./wording.ts";

type Fix = Finding["fix"];

/** Names from the logs, quoted for a POSIX shell; what the logs do not know stands in angle brackets. */
interface Names {
  readonly account: string;
  readonly principal: string;
  readonly database: string;
  readonly container: string;
  readonly scope: string;
  readonly api: string;
  readonly app: string;
}

const quoted = (value: string | undefined, fallback: string): string =>
  value === undefined ? fallback : shellQuoted(value);

function namesOf({ where, subject }: Told): Names {
  const database = subject.database ?? where.database;
  const container = subject.container ?? where.container;
  return {
    account: quoted(subject.account ?? where.cosmosAccount, "<account>"),
    principal: quoted(where.cosmosPrincipal ?? where.principal ?? subject.principal, "<object-id>"),
    database: quoted(database, "<database>"),
    container: quoted(container, "<container>"),
    scope: quoted(
      database === undefined ? "/" : `/dbs/${database}${container === undefined ? "" : `/colls/${container}`}`,
      "/",
    ),
    api: quoted(subject.api ?? where.api, "<api-id>"),
    app: quoted(where.appId, "<client-id>"),
  };
}

const GROUP = "--resource-group <resource-group>";
const SERVICE =
  "/subscriptions/<subscription>/resourceGroups/<resource-group>/providers/Microsoft.ApiManagement/service/<service>";

const cosmos = (words: string, { account }: Names, rest: string): string =>
  `az cosmosdb ${words} --account-name ${account} ${GROUP} ${rest}`.trim();
const showAccount = ({ account }: Names, query: string): string =>
  `az cosmosdb show --name ${account} ${GROUP} --query "${query}"`;
const listRoles = (names: Names): string => cosmos("sql role assignment list", names, "--output table");
const assignRole = (names: Names): string =>
  cosmos(
    "sql role assignment create",
    names,
    `--role-definition-id <role-definition-id> --principal-id ${names.principal} --scope ${names.scope}`,
  );
const showPolicy = ({ api }: Names): string =>
  `az rest --method get --url "https://management.azure.com${SERVICE}/apis/"${api}"/policies/policy?api-version=2024-05-01&format=rawxml"`;

const SYNCHRONISE = ["timedatectl status", "timedatectl set-ntp true"];

const FIXES: Readonly<Record<CauseId, (names: Names) => Fix>> = {
  "backend-grants-differ": (names) => ({
    says: "Give the backend's identity the same grants as its siblings have, and let the gateway's circuit breaker treat 401 and 403 as unhealthy.",
    commands: [listRoles(names), assignRole(names)],
  }),
  "gateway-region-differs": () => ({
    says: "Compare the region's network, DNS, named values and policy revision with a healthy region; take the region out of service while you fix it.",
    commands: [
      `az apim show --name <service> ${GROUP} --query additionalLocations`,
      `az apim update --name <service> ${GROUP} --set "additionalLocations[<index>].disableGateway=true"`,
    ],
  }),
  "firewall-blocked": (names) => ({
    says: "Allow the network that the calls come from, or send them through the private endpoint; a rule takes up to 15 minutes to work everywhere.",
    commands: [
      showAccount(names, "{ipRules:ipRules,vnet:virtualNetworkRules,public:publicNetworkAccess}"),
      `az cosmosdb update --name ${names.account} ${GROUP} --ip-range-filter <all-allowed-ranges-and-the-new-one>`,
    ],
  }),
  "caller-token-expired": () => ({
    says: "Let the caller renew its token at half of its life and drop it on a 401; never cache a token past its exp claim. Set clock-skew in validate-jwt when only seconds are missing.",
    commands: [],
  }),
  "signing-key-rollover": (names) => ({
    says: "Validate against openid-config instead of pinned keys, check that the gateway reaches the metadata address, and send one call to each region after the identity provider rotates its keys.",
    commands: [showPolicy(names)],
  }),
  "token-issuer-mismatch": (names) => ({
    says: "Set the API's requestedAccessTokenVersion to what the policy expects, or list both issuers (sts.windows.net and login.microsoftonline.com/…/v2.0) in validate-jwt.",
    commands: ["az ad app show --id <api-app-id> --query api.requestedAccessTokenVersion", showPolicy(names)],
  }),
  "token-audience-mismatch": (names) => ({
    says: "Ask for a token for the API's own audience, or list every audience that callers use in validate-jwt.",
    commands: ["az ad app show --id <api-app-id> --query identifierUris", showPolicy(names)],
  }),
  "token-claim-missing": (names) => ({
    says: "Assign the application role or consent to the scope, then get a new token: a managed identity's token is cached for up to 24 hours.",
    commands: [
      `az rest --method get --url "https://graph.microsoft.com/v1.0/servicePrincipals/"${names.principal}"/appRoleAssignments"`,
    ],
  }),
  "subscription-key-missing-or-wrong": () => ({
    says: "Send the key of a subscription to the product that holds this operation, under the header name that the API expects; a new key takes about 10 minutes to be known everywhere.",
    commands: [
      `az rest --method get --url "https://management.azure.com${SERVICE}/subscriptions?api-version=2024-05-01"`,
    ],
  }),
  "quota-exceeded": (names) => ({
    says: "Raise the product's quota or tell the subscription's owner; calls pass again when the period renews.",
    commands: [showPolicy(names)],
  }),
  "ip-filter": (names) => ({
    says: "Add the address range to the ip-filter policy, or filter on the forwarded address when a proxy stands before the gateway.",
    commands: [showPolicy(names)],
  }),
  "read-only-key-write": (names) => ({
    says: "Sign writes with a read-write key, or better, use an Entra identity with a role that allows them.",
    commands: [listRoles(names), assignRole(names)],
  }),
  "role-assignment-propagating-or-missing": (names) => ({
    says: "Assign the role to the principal's object id; if it was assigned in the last minutes, wait for up to 10 minutes and retry.",
    commands: [listRoles(names), assignRole(names)],
  }),
  "role-too-narrow": (names) => ({
    says: "Add the one missing action or container to the principal's role.",
    commands: [listRoles(names), cosmos("sql role definition list", names, ""), assignRole(names)],
  }),
  "management-op-with-entra-token": (names) => ({
    says: "Create databases and containers by ARM, Bicep or the az commands, and switch off create-if-not-exists in the application.",
    commands: [
      cosmos(
        "sql container create",
        names,
        `--database-name ${names.database} --name ${names.container} --partition-key-path <path>`,
      ),
    ],
  }),
  "key-rotated": ({ account }) => ({
    says: "Move the callers to the other key, wait until none uses the old one, then regenerate; better, move them to Entra identities.",
    commands: [`az cosmosdb keys list --name ${account} ${GROUP} --type keys`],
  }),
  "local-auth-disabled": (names) => ({
    says: "Move the callers that still use keys to Entra identities, or allow keys again until they have moved.",
    commands: [
      assignRole(names),
      `az resource update --resource-type Microsoft.DocumentDB/databaseAccounts --name ${names.account} ${GROUP} --set properties.disableLocalAuth=false`,
    ],
  }),
  "clock-skew": () => ({
    says: "Synchronise the client's clock (NTP) and sign each attempt anew.",
    commands: SYNCHRONISE,
  }),
  "write-to-read-region": (names) => ({
    says: "Send writes to the region that takes them now; an SDK does so by itself, a fixed backend address does not.",
    commands: [showAccount(names, "{write:writeLocations,read:readLocations}")],
  }),
  "not-authorization-limit": (names) => ({
    says: "Look at the sub-status: raise the limit or spread the load; no grant will help.",
    commands: [showAccount(names, "{capacity:capacity,locations:locations}")],
  }),
  "policy-branch-fallthrough": (names) => ({
    says: "Put the exception into a policy of the operation itself and match on context.Operation.Id, not on the path's text; deploying the policy again brings a stale gateway back.",
    commands: [showPolicy(names)],
  }),
  "subscription-key-not-propagated": () => ({
    says: "Wait: a new or regenerated key takes about 10 minutes to be known everywhere. Make keys ahead of their use, and let callers use the second key while the first is regenerated.",
    commands: [
      `az rest --method get --url "https://management.azure.com${SERVICE}/subscriptions?api-version=2024-05-01"`,
    ],
  }),
  "cosmos-authorization-format": (names) => ({
    says: "Get the token with output-token-variable-name and set the header by hand: Cosmos DB wants type=aad&ver=1.0&sig=<token>, URL-encoded, with x-ms-date and x-ms-version.",
    commands: [showPolicy(names)],
  }),
  "cached-token-outlived": (names) => ({
    says: "Cache the token for its own life less five minutes (exp - now - 300 s), drop it on a 401 and retry once.",
    commands: [showPolicy(names)],
  }),
  "instance-dead-token": () => ({
    says: "Restart the instance now; then update the SDK so that it drops its token on 401 and 403 and renews at half of its life.",
    commands: [`az webapp restart --name <application> ${GROUP}`],
  }),
  "wrong-identity": (names) => ({
    says: "Name the identity to use (client-id in the policy, one credential type in the application) instead of letting a chain choose; or give the other identity the role as well.",
    commands: [listRoles(names)],
  }),
  "group-grant-not-in-token": (names) => ({
    says: "Assign the role to the identity itself; group memberships are in a managed identity's token up to 24 hours late, and are left out when there are too many.",
    commands: [listRoles(names), assignRole(names)],
  }),
  "named-value-stale-secret": () => ({
    says: "Refresh the named value after each rotation, point it at the secret without a version, and keep the old version enabled until then.",
    commands: [
      `az rest --method post --url "https://management.azure.com${SERVICE}/namedValues/<named-value>/refreshSecret?api-version=2024-05-01"`,
    ],
  }),
  "gateway-cannot-read-key-vault": () => ({
    says: "Give the gateway's identity access to the vault again: its role or access policy, and a network path (virtual network, private link or perimeter; the bypass for trusted services has ended).",
    commands: [
      `az rest --method post --url "https://management.azure.com${SERVICE}/namedValues/<named-value>/refreshSecret?api-version=2024-05-01"`,
      `az keyvault show --name <vault> ${GROUP} --query properties.networkAcls`,
    ],
  }),
  "client-secret-expired": ({ app }) => ({
    says: "Give the application a new secret and let all its instances load it; better, a managed identity or federated credential, which have none.",
    commands: [`az ad app credential list --id ${app}`, `az ad app credential reset --id ${app} --append`],
  }),
  "container-recreated": (names) => ({
    says: "Restart the clients, or let their caches of container ids run out; do not delete and create containers under load.",
    commands: [cosmos("sql container show", names, `--database-name ${names.database} --name ${names.container}`)],
  }),
  "role-bound-to-wrong-id": (names) => ({
    says: "Delete the assignment and make it anew for the object id of the service principal (enterprise application), not for the client id.",
    commands: [listRoles(names), assignRole(names), `az ad sp show --id ${names.app} --query id`],
  }),
  "split-dns-private-endpoint": (names) => ({
    says: "Link the private DNS zone privatelink.documents.azure.com to every virtual network that calls come from.",
    commands: [
      `az network private-dns link vnet list --zone-name privatelink.documents.azure.com ${GROUP} --output table`,
      showAccount(names, "privateEndpointConnections"),
    ],
  }),
  "network-perimeter-blocked": (names) => ({
    says: "Add an inbound access rule for the callers to the perimeter's profile, or put the association into learning mode while you look.",
    commands: [showAccount(names, "{public:publicNetworkAccess,endpoints:privateEndpointConnections}")],
  }),
  "service-identity-hiccup": () => ({
    says: "Let clients retry with a pause; if it comes back, open a support case with the activity ids of the samples.",
    commands: [],
  }),
  "conditional-access-blocked": ({ app }) => ({
    says: "Look at the policy for workload identities that names the application or the location it signs in from.",
    commands: [`az ad sp show --id ${app}`],
  }),
  "unknown-periodic": () => ({
    says: "Find what has the measured period: a health probe, a load balancer's turn, a refresh; log what is missing, then look again.",
    commands: [],
  }),
  unknown: () => ({
    says: "Log what is missing, then look again: the samples show refused and succeeded calls side by side.",
    commands: [],
  }),
};

const GATEWAY_CLOCK: Fix = {
  says: "A self-hosted gateway takes the clock of its host: synchronise it (NTP). Of a managed gateway, report the region to Azure's support; until then let `clock-skew` in validate-jwt span the difference.",
  commands: SYNCHRONISE,
};

/** What to do about a cause, and the commands for it. */
export const fixOf = (cause: CauseId, told: Told): Fix =>
  isGatewayClock(cause, told) ? GATEWAY_CLOCK : FIXES[cause](namesOf(told));
