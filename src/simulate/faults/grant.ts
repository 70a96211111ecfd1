import { type Draft, refuseAtCosmos } from "../draft.ts";
import type { Backend } from "../tenant.ts";
import { accountResource, blockedMessage, busiestApi, decaying, type Fault, type FaultMaker, steady } from "./fault.ts";
import { instanceOf } from "./own-token.ts";

const MINUTE = 60_000;
const entraApp = ({ kind, principal }: Backend): boolean => kind === "app" && principal !== undefined;

/** The role is held through a group; the token of one instance, or every token for a while, was made without it. */
const groupGrant: FaultMaker = (plan) => {
  const { random } = plan;
  const api = busiestApi(plan, ({ backends, bodies }) => bodies && backends.some(entraApp));
  const backend = api?.backends.find(entraApp);
  if (backend?.principal === undefined) return undefined;
  const { address, serves } = instanceOf(plan, backend);
  const isOne = random.chance(0.6);
  return {
    ...plan,
    cause: "group-grant-not-in-token",
    where: isOne ? { clientNetwork: address } : { cosmosPrincipal: backend.principal },
    affects: isOne ? serves : (draft) => draft.backend === backend,
    severity: steady(isOne ? 1 : random.pick([0.4, 0.8])),
    apply: (draft) =>
      refuseAtCosmos(draft, {
        status: 403,
        subStatus: random.pick([5301, 5302]),
        message: `${blockedMessage(draft)} This could be because the user's group memberships were not present in the AAD token.`,
        at: 0,
      }),
    records: [],
  };
};

/** The identity was made anew, and the role given to something that is not its object id. */
const wrongId: FaultMaker = (plan) => {
  const { random, tenant } = plan;
  const api = busiestApi(plan, ({ backends }) => backends.length === 1 && backends[0]?.principal !== undefined);
  const backend = api?.backends[0];
  if (backend === undefined) return undefined;
  const principal = random.guid();
  return {
    ...plan,
    cause: "role-bound-to-wrong-id",
    where: { cosmosPrincipal: principal },
    affects: (draft) => draft.backend === backend,
    always: (draft) => {
      if (draft.at >= plan.from && draft.at < plan.to) for (const step of draft.steps) step.principal = principal;
    },
    severity: steady(1),
    apply: (draft) => {
      refuseAtCosmos(draft, {
        status: 403,
        subStatus: random.pick([5301, 5302]),
        message: blockedMessage(draft),
        at: 0,
      });
    },
    records: [
      {
        at: plan.from - random.int(20, 600) * 1_000,
        log: random.chance(0.5) ? "activity" : "control-plane",
        operation: "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments/write",
        resource: accountResource(tenant, backend),
        body: { properties: { principalId: random.guid(), roleDefinitionId: "00000000-0000-0000-0000-000000000002" } },
        columns: { roleAssignmentPrincipalId: random.guid() },
      },
    ],
  };
};

/** A container is deleted and made again under load: clients still know the old one. */
const recreated: FaultMaker = (plan) => {
  const { random, tenant } = plan;
  const api = busiestApi(plan, () => true);
  const backend = api?.backends[0];
  const container = api?.operations[0]?.steps.at(-1)?.container;
  if (backend === undefined || container === undefined) return undefined;
  const { account } = backend;
  const keyed = backend.principal === undefined;
  const lasts = random.int(4, 12) * MINUTE;
  const at = (draft: Draft): number => draft.steps.findIndex((step) => step.container === container);
  const resource = `${accountResource(tenant, backend)}/sqlDatabases/${account.database}/containers/${container}`;
  const log = random.chance(0.5) ? ("activity" as const) : ("control-plane" as const);
  const record = (seconds: number, name: string, operation: string) => ({
    at: plan.from - seconds * 1_000,
    log,
    operation: log === "activity" ? `Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/${operation}` : name,
    resource,
  });
  return {
    ...plan,
    to: plan.from + lasts,
    cause: "container-recreated",
    where: { container },
    affects: (draft) =>
      draft.backend.account === account && at(draft) >= 0 && (draft.backend.principal === undefined) === keyed,
    severity: random.chance(0.5) ? decaying(plan.from, lasts, 1) : steady(random.pick([0.5, 1])),
    apply: (draft) =>
      refuseAtCosmos(draft, {
        status: 401,
        message: "The MAC signature found in the HTTP request is not the same as the computed signature.",
        at: at(draft),
      }),
    records: [
      record(random.int(20, 90), "SqlContainersDelete", "delete"),
      record(random.int(3, 15), "SqlContainersCreate", "write"),
    ],
  };
};

/** Some of an application's instances resolve the public name of an account that the others reach privately. */
const splitDns: FaultMaker = (plan) => {
  const { random } = plan;
  const api = busiestApi(plan, ({ backends }) => backends.length > 0);
  const backend = api?.backends[0];
  if (backend === undefined) return undefined;
  const network = `10.${random.int(10, 200)}.${random.int(0, 250)}`;
  const outside = `20.${random.int(30, 200)}.${random.int(0, 250)}`;
  const told = random.chance(0.7);
  return {
    ...plan,
    cause: "split-dns-private-endpoint",
    where: { clientNetwork: `${outside}.0/24` },
    affects: (draft) => draft.backend === backend,
    always: (draft) => {
      for (const step of draft.steps) step.client = `${network}${step.client.slice(step.client.lastIndexOf("."))}`;
    },
    severity: steady(random.pick([0.3, 0.6])),
    apply: (draft) => {
      for (const step of draft.steps) step.client = `${outside}${step.client.slice(step.client.lastIndexOf("."))}`;
      refuseAtCosmos(draft, {
        status: 403,
        ...(told
          ? {
              message: `Request originated from IP ${draft.steps[0]?.client ?? ""} through public internet. This is blocked by your Cosmos DB account firewall settings. More info: https://aka.ms/cosmosdb-tsg-forbidden`,
            }
          : {}),
        at: 0,
      });
    },
    records: [],
  };
};

const perimeter: FaultMaker = (plan) => {
  const { random } = plan;
  const api = busiestApi(plan, ({ backends, headers, bodies }) => (headers || bodies) && backends.length > 0);
  const backend = api?.backends[0];
  if (backend === undefined) return undefined;
  const regional = backend.kind === "rest" && random.chance(0.5);
  const region = random.pick(plan.tenant.regions);
  const network = backend.egress.get(region) ?? "";
  return {
    ...plan,
    cause: "network-perimeter-blocked",
    where: regional ? { clientNetwork: `${network}.0/24` } : { backend: backend.id },
    affects: (draft) => draft.backend === backend && (!regional || draft.region === region),
    severity: steady(random.pick([0.5, 1])),
    apply: (draft) =>
      refuseAtCosmos(draft, {
        status: 403,
        subStatus: random.int(5307, 5313),
        message: "Request is denied by the network security perimeter of the account.",
        at: 0,
      }),
    records: [],
  };
};

/** Cosmos DB cannot check tokens for some minutes, in one of its regions. */
const hiccup: FaultMaker = (plan) => {
  const { random, tenant } = plan;
  const api = busiestApi(plan, ({ backends, headers }) => headers && backends[0]?.principal !== undefined);
  const account = api?.backends[0]?.account;
  if (account === undefined) return undefined;
  const subStatus = random.pick([5200, 5201]);
  const share = random.pick([0.3, 0.6, 0.9]);
  const alone = tenant.accounts.filter(({ region }) => region === account.region).length === 1;
  return {
    ...plan,
    to: plan.from + random.int(4, 10) * MINUTE,
    cause: "service-identity-hiccup",
    where: alone ? { cosmosAccount: account.name } : { cosmosRegion: account.region },
    affects: ({ backend }) => backend.account.region === account.region && backend.principal !== undefined,
    direct: ({ region }, _at, own) => (region === account.region && own.chance(share) ? 401 : undefined),
    severity: steady(share),
    apply: (draft) =>
      refuseAtCosmos(draft, { status: 401, subStatus, message: "Failed to validate AAD identity.", at: 0 }),
    records: [],
  };
};

/** Faults of grants, containers, private networks and of the service itself. */
export const grantFaults: readonly (readonly [Fault["cause"], FaultMaker])[] = [
  ["group-grant-not-in-token", groupGrant],
  ["role-bound-to-wrong-id", wrongId],
  ["container-recreated", recreated],
  ["split-dns-private-endpoint", splitDns],
  ["network-perimeter-blocked", perimeter],
  ["service-identity-hiccup", hiccup],
];
