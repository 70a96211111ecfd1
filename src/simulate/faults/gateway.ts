import { refuseAtBackend, refuseAtCosmos, refuseAtGateway } from "../draft.ts";
import { blockedMessage, busiestApi, busyApp, type Fault, type FaultMaker, steady, tellsApart } from "./fault.ts";

const backendGrantsDiffer: FaultMaker = (plan) => {
  const api = busiestApi(plan, ({ backends }) => backends.length > 1);
  if (api === undefined) return undefined;
  const backend = plan.random.pick(api.backends);
  const cosmos = plan.random.chance(0.7);
  const status = plan.random.chance(0.7) ? 403 : 401;
  return {
    ...plan,
    cause: "backend-grants-differ",
    where: { backend: backend.id },
    affects: (draft) => draft.backend === backend,
    severity: steady(plan.random.pick([0.6, 0.95, 1, 1])),
    apply: (draft) =>
      cosmos && backend.principal !== undefined
        ? refuseAtCosmos(draft, { status: 403, subStatus: 5302, message: blockedMessage(draft) })
        : refuseAtBackend(draft, status),
    records: [],
  };
};

const gatewayRegionDiffers: FaultMaker = (plan) => {
  const { tenant, random } = plan;
  const region = random.pick(tenant.regions);
  const stale = random.pick([
    {
      status: 401,
      source: "authorization",
      reason: "SubscriptionKeyInvalid",
      message: "Access denied due to invalid subscription key.",
    },
    {
      status: 401,
      source: "validate-jwt",
      reason: "TokenSignatureKeyNotFound",
      message: "JWT signature key was not found",
    },
    { status: 401, source: "validate-jwt", reason: "TokenIssuerNotAllowed", message: "JWT issuer is not allowed" },
  ] as const);
  return {
    ...plan,
    cause: "gateway-region-differs",
    where: { region },
    affects: (draft) =>
      draft.region === region &&
      (stale.source === "authorization" ? draft.subscription !== undefined : draft.token !== undefined),
    severity: steady(random.pick([0.5, 0.9, 1])),
    apply: (draft) => {
      refuseAtGateway(draft, stale);
      if (stale.source === "authorization") draft.subscription = undefined;
    },
    records: [],
  };
};

const keyMissing: FaultMaker = (plan) => {
  const { random } = plan;
  const app = busyApp(plan, (one) => one.subscription !== undefined && tellsApart(one) !== undefined);
  const where = app === undefined ? undefined : tellsApart(app);
  if (app === undefined || where === undefined) return undefined;
  const missing = random.chance(0.5);
  const writes = random.chance(0.5);
  return {
    ...plan,
    cause: "subscription-key-missing-or-wrong",
    where,
    affects: (draft) => draft.app === app && (!writes || draft.operation.write),
    severity: steady(random.pick([0.4, 0.7, 1])),
    apply: (draft) => {
      refuseAtGateway(draft, {
        status: 401,
        source: "authorization",
        reason: missing ? "SubscriptionKeyNotFound" : "SubscriptionKeyInvalid",
        message: missing
          ? "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API."
          : "Access denied due to invalid subscription key.",
      });
      draft.subscription = undefined;
    },
    records: [],
  };
};

const quotaExceeded: FaultMaker = (plan) => {
  const { random, to } = plan;
  const app = busyApp(plan, ({ subscription }) => subscription !== undefined);
  if (app?.subscription === undefined) return undefined;
  const hour = 3_600_000;
  return {
    ...plan,
    to: Math.max(plan.from + 900_000, Math.floor(to / hour) * hour),
    cause: "quota-exceeded",
    where: { subscription: app.subscription },
    affects: (draft) => draft.app === app,
    severity: steady(random.pick([0.85, 1])),
    apply: (draft) =>
      refuseAtGateway(draft, {
        status: 403,
        source: "quota",
        reason: "QuotaExceeded",
        message: `Out of call volume quota. Quota will be replenished in 00:${random.int(10, 59)}:00.`,
      }),
    records: [],
  };
};

const ipFilter: FaultMaker = (plan) => {
  const { random } = plan;
  const app = busyApp(plan, () => true);
  if (app === undefined) return undefined;
  const network = random.pick(app.networks);
  return {
    ...plan,
    cause: "ip-filter",
    where: { callerNetwork: `${network}.0/24` },
    affects: (draft) => draft.address.startsWith(`${network}.`),
    severity: steady(1),
    apply: (draft) =>
      refuseAtGateway(draft, {
        status: 403,
        source: "ip-filter",
        reason: random.chance(0.9) ? "CallerIpNotAllowed" : "CallerIpBlocked",
        message: `Caller IP address ${draft.address} is not allowed. Access denied.`,
      }),
    records: [],
  };
};

const unknown: FaultMaker = (plan) => {
  const { random } = plan;
  const api = busiestApi(plan, () => true);
  if (api === undefined) return undefined;
  const status = random.chance(0.5) ? 401 : 403;
  return {
    ...plan,
    cause: "unknown",
    where: { api: api.id },
    affects: (draft) => draft.api === api,
    severity: steady(random.pick([0.1, 0.2, 0.4])),
    apply: (draft) => refuseAtBackend(draft, status),
    records: [],
  };
};

/** Faults of the gateway and of what stands behind it. */
export const gatewayFaults: readonly (readonly [Fault["cause"], FaultMaker])[] = [
  ["backend-grants-differ", backendGrantsDiffer],
  ["gateway-region-differs", gatewayRegionDiffers],
  ["subscription-key-missing-or-wrong", keyMissing],
  ["quota-exceeded", quotaExceeded],
  ["ip-filter", ipFilter],
  ["unknown", unknown],
];
