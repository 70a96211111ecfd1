import { refuseAtBackend, refuseAtGateway } from "../draft.ts";
import { busiestApi, busyApp, type Fault, type FaultMaker, steady, tellsApart } from "./fault.ts";

/** One operation needs no token by design, until a stale node of the gateway asks for one. */
const branchFallsThrough: FaultMaker = (plan) => {
  const { random } = plan;
  const api = busiestApi(plan, ({ tokens, operations }) => tokens && operations.length > 1);
  if (api === undefined) return undefined;
  const operation = random.pick(api.operations);
  return {
    ...plan,
    to: Math.min(plan.end, plan.from + random.int(60, 90) * 60_000),
    cause: "policy-branch-fallthrough",
    where: { operation: operation.id },
    affects: (draft) => draft.api === api && draft.operation === operation,
    always: (draft) => {
      draft.token = undefined;
      draft.validated = false;
    },
    severity: steady(random.pick([0.25, 0.5, 1])),
    apply: (draft) =>
      refuseAtGateway(draft, {
        status: 401,
        source: "validate-jwt",
        reason: "TokenNotPresent",
        message: "JWT not present.",
      }),
    records: [],
  };
};

/** A key that was made anew: each region of the gateway knows it some minutes later. */
const keySpreads: FaultMaker = (plan) => {
  const { random, tenant } = plan;
  const app = busyApp(plan, (one) => one.subscription !== undefined && tellsApart(one) !== undefined);
  const where = app === undefined ? undefined : tellsApart(app);
  if (app === undefined || where === undefined) return undefined;
  const known = new Map(tenant.regions.map((region) => [region, plan.from + random.int(240, 660) * 1_000]));
  const name = random.pick(["regeneratePrimaryKey/action", "write"]);
  return {
    ...plan,
    to: Math.max(...known.values()),
    cause: "subscription-key-not-propagated",
    where,
    affects: (draft) => draft.app === app,
    severity: steady(1),
    apply: (draft) => {
      if (draft.at >= (known.get(draft.region) ?? 0)) return;
      refuseAtGateway(draft, {
        status: 401,
        source: "authorization",
        reason: "SubscriptionKeyInvalid",
        message:
          "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.",
      });
      draft.subscription = undefined;
    },
    records: [
      {
        at: plan.from - random.int(2, 60) * 1_000,
        log: "activity",
        operation: `Microsoft.ApiManagement/service/subscriptions/${name}`,
        resource: `${tenant.gatewayResource}/subscriptions/${app.subscription ?? ""}`,
      },
    ],
  };
};

/** On and off in a steady beat, for no reason that anything logs. */
const beats: FaultMaker = (plan) => {
  const { random } = plan;
  const api = busiestApi(plan, () => true);
  if (api === undefined) return undefined;
  const on = random.int(20, 60) * 1_000;
  const period = on + random.int(20, 60) * 1_000;
  const status = random.chance(0.8) ? 401 : 403;
  return {
    ...plan,
    cause: "unknown-periodic",
    where: { api: api.id },
    affects: (draft) => draft.api === api,
    severity: (at) => ((at - plan.from) % period < on ? 1 : 0),
    apply: (draft) => refuseAtBackend(draft, status),
    records: [],
  };
};

/** Faults of the gateway's policies, and one without a reason. */
export const policyFaults: readonly (readonly [Fault["cause"], FaultMaker])[] = [
  ["policy-branch-fallthrough", branchFallsThrough],
  ["subscription-key-not-propagated", keySpreads],
  ["unknown-periodic", beats],
];
