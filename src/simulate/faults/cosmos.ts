import { type Draft, refuseAtCosmos } from "../draft.ts";
import { accountResource, blockedMessage, busiestApi, decaying, type Fault, type FaultMaker, steady } from "./fault.ts";

const lastStep = (draft: Draft) => draft.steps.at(-1);
const keyed = (draft: Draft): boolean => draft.backend.principal === undefined;

/** How long a change of the firewall takes to be everywhere, at most. */
const FIREWALL_MS = 900_000;

const firewall: FaultMaker = (plan) => {
  const { random, tenant } = plan;
  const api = busiestApi(plan, ({ backends }) => backends.length > 1 || backends[0]?.kind === "rest");
  const backend = api?.backends[0];
  if (api === undefined || backend === undefined) return undefined;
  const region = random.pick(tenant.regions);
  const network = backend.egress.get(region) ?? "";
  const regional = backend.kind === "rest";
  const spreading = random.chance(0.3);
  return {
    ...plan,
    ...(spreading ? { to: plan.from + FIREWALL_MS } : {}),
    cause: "firewall-blocked",
    where: { clientNetwork: `${network}.0/24` },
    affects: (draft) => draft.backend === backend && (!regional || draft.region === region),
    severity: spreading ? decaying(plan.from, FIREWALL_MS, 1) : steady(random.pick([0.9, 1])),
    apply: (draft) =>
      refuseAtCosmos(draft, {
        status: 403,
        message: `Request originated from IP ${lastStep(draft)?.client ?? ""} through public internet. This is blocked by your Cosmos DB account firewall settings. More info: https://aka.ms/cosmosdb-tsg-forbidden`,
        at: 0,
      }),
    records:
      !api.bodies || random.chance(0.5)
        ? [
            {
              at: plan.from - random.int(30, 400) * 1_000,
              log: "activity",
              operation: "Microsoft.DocumentDB/databaseAccounts/write",
              resource: accountResource(tenant, backend),
              body: { properties: { ipRules: [{ ipAddressOrRange: "203.0.113.0/24" }] } },
            },
          ]
        : [],
  };
};

const readOnlyKey: FaultMaker = (plan) => {
  const api = busiestApi(
    plan,
    ({ backends, operations }) => backends[0]?.principal === undefined && operations.some(({ write }) => write),
  );
  const backend = api?.backends[0];
  if (backend === undefined) return undefined;
  const credential = "PrimaryReadonlyMasterKey";
  return {
    ...plan,
    cause: "read-only-key-write",
    where: { credential },
    affects: (draft) => draft.backend === backend,
    severity: steady(1),
    apply: (draft) => {
      for (const step of draft.steps) step.credential = credential;
      if (draft.operation.write)
        refuseAtCosmos(draft, {
          status: 401,
          message:
            "The input authorization token can't serve the request. The wrong key is being used or the expected payload is not built as per the protocol.",
        });
    },
    records: [],
  };
};

/** How long a new role assignment takes to be everywhere, at most. */
const PROPAGATION_MS = 600_000;

const roleMissing: FaultMaker = (plan) => {
  const { random, tenant } = plan;
  const api = busiestApi(plan, ({ backends }) => backends.length === 1 && backends[0]?.principal !== undefined);
  const backend = api?.backends[0];
  if (backend?.principal === undefined) return undefined;
  const propagating = random.chance(0.5);
  return {
    ...plan,
    ...(propagating ? { to: plan.from + PROPAGATION_MS } : {}),
    cause: "role-assignment-propagating-or-missing",
    where: { cosmosPrincipal: backend.principal },
    affects: (draft) => draft.backend === backend,
    severity: propagating ? decaying(plan.from, PROPAGATION_MS, 0.95) : steady(random.pick([0.7, 1])),
    apply: (draft) =>
      refuseAtCosmos(draft, {
        status: 403,
        subStatus: random.chance(0.5) ? 5301 : 5302,
        message: blockedMessage(draft),
        at: 0,
      }),
    records: [
      {
        at: plan.from - random.int(5, 60) * 1_000,
        log: random.chance(0.5) ? "activity" : "control-plane",
        operation: propagating
          ? "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments/write"
          : "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments/delete",
        resource: accountResource(tenant, backend),
        columns: { roleAssignmentPrincipalId: backend.principal },
      },
    ],
  };
};

const roleTooNarrow: FaultMaker = (plan) => {
  const { random } = plan;
  const api = busiestApi(
    plan,
    ({ backends, operations }) =>
      backends.every(({ principal }) => principal !== undefined) &&
      operations.some(({ write }) => write) &&
      operations.some(({ write }) => !write),
  );
  const operation = api?.operations.find(({ write }) => write);
  if (api === undefined || operation === undefined) return undefined;
  const step = operation.steps.at(-1);
  if (step === undefined) return undefined;
  const alike = api.operations.filter(({ steps }) => {
    const last = steps.at(-1);
    return last?.operation === step.operation && last.container === step.container;
  });
  return {
    ...plan,
    cause: "role-too-narrow",
    where: alike.length === 1 ? { operation: operation.id } : { api: api.id, cosmosOperation: step.operation },
    affects: (draft) =>
      draft.api === api &&
      lastStep(draft)?.operation === step.operation &&
      lastStep(draft)?.container === step.container,
    severity: steady(random.pick([0.9, 1])),
    apply: (draft) => refuseAtCosmos(draft, { status: 403, subStatus: 5302, message: blockedMessage(draft) }),
    records: [],
  };
};

const managementOperation: FaultMaker = (plan) => {
  const api = busiestApi(plan, ({ backends }) =>
    backends.every(({ principal, kind }) => principal !== undefined && kind === "app"),
  );
  if (api === undefined) return undefined;
  const operation = plan.random.pick(api.operations);
  return {
    ...plan,
    cause: "management-op-with-entra-token",
    where: { operation: operation.id },
    affects: (draft) => draft.api === api && draft.operation === operation,
    severity: steady(plan.random.pick([0.3, 0.6, 1])),
    apply: (draft) => {
      const first = draft.steps[0];
      if (first !== undefined) draft.steps = [{ ...first, operation: "Create", resourceType: "Collection" }];
      refuseAtCosmos(draft, {
        status: 403,
        subStatus: 5300,
        message:
          "The given request [POST /dbs/main/colls] cannot be authorized by AAD token in data plane. Learn more: https://aka.ms/cosmos-native-rbac.",
      });
    },
    records: [],
  };
};

const keyRotated: FaultMaker = (plan) => {
  const { random, tenant } = plan;
  const api = busiestApi(plan, ({ backends }) => backends[0]?.principal === undefined);
  const backend = api?.backends[0];
  if (backend === undefined) return undefined;
  return {
    ...plan,
    cause: "key-rotated",
    where: { credential: backend.credential },
    affects: (draft) => draft.backend === backend && keyed(draft),
    severity: steady(random.pick([0.6, 0.9, 1])),
    apply: (draft) =>
      refuseAtCosmos(draft, {
        status: 401,
        message:
          "The input authorization token can't serve the request. The wrong key is being used or the expected payload is not built as per the protocol. Server used the following payload to sign: 'get docs'",
        at: 0,
      }),
    records: [
      {
        at: plan.from - random.int(2, 90) * 1_000,
        log: "activity",
        operation: "Microsoft.DocumentDB/databaseAccounts/regenerateKey/action",
        resource: accountResource(tenant, backend),
        body: { keyKind: "primary" },
      },
    ],
  };
};

const localAuthDisabled: FaultMaker = (plan) => {
  const { random, tenant } = plan;
  const api = busiestApi(plan, ({ backends }) => backends[0]?.principal === undefined);
  const backend = api?.backends[0];
  if (backend === undefined) return undefined;
  const substatus = random.chance(0.7);
  const there = tenant.apis.flatMap(({ backends }) => backends).filter(({ account }) => account === backend.account);
  const keys = new Set(there.filter(({ principal }) => principal === undefined).map(({ credential }) => credential));
  if (keys.size > 1 && there.some(({ principal }) => principal !== undefined)) return undefined;
  return {
    ...plan,
    cause: "local-auth-disabled",
    where: keys.size === 1 ? { credential: backend.credential } : { cosmosAccount: backend.account.name },
    affects: (draft) => draft.backend.account === backend.account && keyed(draft),
    severity: steady(1),
    apply: (draft) =>
      refuseAtCosmos(draft, {
        status: 401,
        ...(substatus ? { subStatus: 5202 } : {}),
        message: "Local Authorization is disabled. Use an AAD token to authorize all requests.",
        at: 0,
      }),
    records: [
      {
        at: plan.from - random.int(2, 90) * 1_000,
        log: "activity",
        operation: "Microsoft.DocumentDB/databaseAccounts/write",
        resource: accountResource(tenant, backend),
        body: { properties: { disableLocalAuth: true } },
      },
    ],
  };
};

const clockSkew: FaultMaker = (plan) => {
  const { random } = plan;
  const api = busiestApi(plan, ({ backends, bodies }) => bodies && backends[0]?.principal === undefined);
  const backend = api?.backends[0];
  if (backend === undefined) return undefined;
  const client = `192.0.${random.int(3, 250)}.${random.int(4, 9)}`;
  const network = client.slice(0, client.lastIndexOf("."));
  return {
    ...plan,
    cause: "clock-skew",
    where: { clientNetwork: `${network}.0/24` },
    affects: (draft) => draft.backend === backend,
    severity: steady(random.pick([0.3, 0.5])),
    apply: (draft) => {
      for (const step of draft.steps) step.client = client;
      refuseAtCosmos(draft, {
        status: 403,
        message:
          "The authorization token is not valid at the current time. Please create another token and retry (token start time: Wed, 25 Nov 2026 08:33:47 GMT, token expiry time: Wed, 25 Nov 2026 08:48:47 GMT, current server time: Wed, 25 Nov 2026 09:33:53 GMT).",
        at: 0,
      });
    },
    records: [],
  };
};

const writeToReadRegion: FaultMaker = (plan) => {
  const { tenant, random } = plan;
  const api = busiestApi(
    plan,
    ({ backends, operations }) => backends[0]?.kind === "rest" && operations.some(({ write }) => write),
  );
  const backend = api?.backends[0];
  if (api === undefined || backend === undefined) return undefined;
  return {
    ...plan,
    cause: "write-to-read-region",
    where: { cosmosAccount: backend.account.name },
    affects: (draft) =>
      draft.backend.account === backend.account && draft.backend.kind === "rest" && draft.operation.write,
    severity: steady(random.pick([0.9, 1])),
    apply: (draft) =>
      refuseAtCosmos(draft, { status: 403, ...(draft.api.headers && random.chance(0.5) ? { subStatus: 3 } : {}) }),
    records: [
      {
        at: plan.from - 20_000,
        log: "control-plane",
        operation: "RegionFailoverStart",
        resource: accountResource(tenant, backend),
        columns: { newWriteRegion: random.pick(tenant.regions) },
      },
      {
        at: plan.from - 4_000,
        log: "control-plane",
        operation: "RegionFailoverComplete",
        resource: accountResource(tenant, backend),
        columns: { newWriteRegion: random.pick(tenant.regions) },
      },
    ],
  };
};

/** Faults at Cosmos DB: roles, keys, networks, regions. */
export const cosmosFaults: readonly (readonly [Fault["cause"], FaultMaker])[] = [
  ["firewall-blocked", firewall],
  ["read-only-key-write", readOnlyKey],
  ["role-assignment-propagating-or-missing", roleMissing],
  ["role-too-narrow", roleTooNarrow],
  ["management-op-with-entra-token", managementOperation],
  ["key-rotated", keyRotated],
  ["local-auth-disabled", localAuthDisabled],
  ["clock-skew", clockSkew],
  ["write-to-read-region", writeToReadRegion],
];
