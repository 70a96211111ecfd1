import { type Draft, refuseAtBackend, refuseAtCosmos } from "../draft.ts";
import type { Backend } from "../tenant.ts";
import { INSTANCES } from "../traffic.ts";
import { blockedMessage, busiestApi, type Fault, type FaultMaker, type Plan, steady } from "./fault.ts";

const MINUTE = 60_000;
const EXPIRED = "Provided AAD token has been expired since 11/25/2026 8:12:33 AM.";

/** Address of one instance of an application, and whether a call went through it. */
export function instanceOf({ random, tenant }: Plan, backend: Backend) {
  const egress = backend.egress.get(tenant.regions[0] ?? "") ?? "192.0.2";
  const address = `${egress}.${random.int(...INSTANCES)}`;
  return { address, serves: (draft: Draft) => draft.backend === backend && draft.steps[0]?.client === address };
}

const entraApp = ({ kind, principal }: Backend): boolean => kind === "app" && principal !== undefined;

/** A policy keeps its token for a fixed time: good until the token ends, bad until the cache is filled anew. */
const cachedToken: FaultMaker = (plan) => {
  const { random } = plan;
  const api = busiestApi(plan, ({ backends }) => backends[0]?.principal !== undefined);
  const backend = api?.backends[0];
  if (api === undefined || backend === undefined) return undefined;
  const kept = random.int(35, 80) * MINUTE;
  const bad = random.pick([0.2, 0.4, 0.6]) * kept;
  const told = random.chance(0.7) || !api.headers || !api.claims || !api.tokens;
  return {
    ...plan,
    to: plan.end,
    cause: "cached-token-outlived",
    where: api.backends.length === 1 ? { backend: backend.id } : { api: api.id },
    affects: (draft) => draft.api === api,
    severity: (at) => ((at - plan.from) % kept < bad ? 1 : 0),
    apply: (draft) =>
      told
        ? refuseAtCosmos(draft, { status: 401, subStatus: 5006, message: EXPIRED, at: 0 })
        : refuseAtBackend(draft, 401, {
            challenge: 'Bearer error="invalid_token", error_description="The token expired at 11/25/2026 08:12:33"',
          }),
    records: [],
  };
};

/** One instance goes on with a token that has ended, until somebody restarts it. */
const deadToken: FaultMaker = (plan) => {
  const { random } = plan;
  const api = busiestApi(plan, ({ backends }) => backends.some(entraApp));
  const backend = api?.backends.find(entraApp);
  if (backend === undefined) return undefined;
  const { address, serves } = instanceOf(plan, backend);
  const python = random.chance(0.5);
  return {
    ...plan,
    cause: "instance-dead-token",
    where: { clientNetwork: address },
    affects: serves,
    severity: steady(1),
    apply: (draft) =>
      refuseAtCosmos(draft, { status: python ? 403 : 401, subStatus: python ? 5300 : 5006, message: EXPIRED, at: 0 }),
    records: [],
  };
};

/** The header that Entra's policy sets by default is not the one that Cosmos DB reads. */
const headerFormat: FaultMaker = (plan) => {
  const { random, tenant } = plan;
  const api = busiestApi(plan, ({ backends }) =>
    backends.every(({ kind, principal }) => kind === "rest" && principal !== undefined),
  );
  if (api === undefined) return undefined;
  const operation = random.pick(api.operations);
  const isRevision = random.chance(0.4);
  const bare = random.chance(0.5);
  return {
    ...plan,
    cause: "cosmos-authorization-format",
    where: isRevision ? { api: api.id, apiRevision: "2" } : { operation: operation.id },
    affects: (draft) => draft.api === api && (isRevision || draft.operation === operation),
    severity: steady(isRevision ? random.pick([0.2, 0.5]) : 1),
    apply: (draft) => {
      if (isRevision) draft.revision = "2";
      for (const step of draft.steps) step.credential = "";
      refuseAtCosmos(draft, {
        status: 401,
        subStatus: bare ? 5000 : 5001,
        message: bare
          ? "Required Header authorization is missing. Ensure a valid Authorization token is passed."
          : "Authorization header doesn't confirm to the required format. Please verify and try again.",
        at: 0,
      });
    },
    records: [
      {
        at: plan.from - random.int(2, 90) * 1_000,
        log: "activity",
        operation: "Microsoft.ApiManagement/service/apis/operations/policies/write",
        resource: `${tenant.gatewayResource}/apis/${api.id}/policies/policy`,
      },
    ],
  };
};

/** A chain of credentials picks another identity for part of the calls, or for one instance. */
const wrongIdentity: FaultMaker = (plan) => {
  const { random } = plan;
  const api = busiestApi(plan, ({ backends }) => backends.some(entraApp));
  const backend = api?.backends.find(entraApp);
  if (backend === undefined) return undefined;
  const other = random.guid();
  const { address, serves } = instanceOf(plan, backend);
  const isTenant = random.chance(0.3);
  return {
    ...plan,
    cause: "wrong-identity",
    where: isTenant ? { clientNetwork: address } : { cosmosPrincipal: other },
    affects: isTenant ? serves : (draft) => draft.backend === backend,
    severity: steady(isTenant ? 1 : random.pick([0.2, 0.5])),
    apply: (draft) => {
      for (const step of draft.steps) step.principal = other;
      if (isTenant)
        refuseAtCosmos(draft, {
          status: 401,
          subStatus: 5007,
          message: "Provided AAD token's authority is not trusted: the token is of another tenant than the account.",
          at: 0,
        });
      else refuseAtCosmos(draft, { status: 403, subStatus: 5301, message: blockedMessage(draft), at: 0 });
    },
    records: [],
  };
};

/** Faults of the tokens that the gateway and the applications behind it get for themselves. */
export const ownTokenFaults: readonly (readonly [Fault["cause"], FaultMaker])[] = [
  ["cached-token-outlived", cachedToken],
  ["instance-dead-token", deadToken],
  ["cosmos-authorization-format", headerFormat],
  ["wrong-identity", wrongIdentity],
];
