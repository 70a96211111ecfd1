import { type Decoy, type DecoyMaker, type DecoyPlan, someSpan, times, within } from "./decoy.ts";
import { refuseAtCosmos, refuseAtGateway } from "./draft.ts";
import { harmlessDecoys } from "./harmless.ts";
import type { Tenant } from "./tenant.ts";
import { fail, ordinaryCall } from "./traffic.ts";

const scanner: DecoyMaker = (plan) => {
  const { tenant, random } = plan;
  const address = `45.${random.int(10, 90)}.${random.int(1, 250)}.${random.int(2, 250)}`;
  const calls = [...times(plan, random.pick([0.05, 0.2, 0.5]))].slice(0, 4_000).map((at) => {
    const api = random.pick(tenant.apis);
    const draft = ordinaryCall(tenant, random, { at, app: random.pick(tenant.apps), api });
    draft.address = address;
    draft.userAgent = "Mozilla/5.0 zgrab/0.x";
    draft.subscription = undefined;
    draft.token = undefined;
    refuseAtGateway(draft, random.pick(SCANNED));
    return draft;
  });
  return { kind: "scanner", calls };
};

const SCANNED = [
  {
    status: 401,
    source: "authorization",
    reason: "SubscriptionKeyNotFound",
    message: "Access denied due to missing subscription key.",
  },
  { status: 401, source: "validate-jwt", reason: "TokenNotPresent", message: "JWT not present." },
  { status: 401, source: "validate-jwt", reason: "JwtInvalid", message: "Invalid JWT." },
] as const;

const forgedTokens: DecoyMaker = (plan) => {
  const { tenant, random } = plan;
  const victim = random.pick(tenant.apps);
  const address = `91.${random.int(10, 90)}.${random.int(1, 250)}.${random.int(2, 250)}`;
  const calls = [...times(plan, 0.3)].slice(0, 3_000).map((at) => {
    const draft = ordinaryCall(tenant, random, { at, app: victim, api: random.pick(victim.apis) });
    draft.address = address;
    draft.userAgent = victim.userAgent;
    draft.subscription = undefined;
    refuseAtGateway(draft, {
      status: 401,
      source: "validate-jwt",
      reason: random.pick(["TokenSignatureInvalid", "TokenExpired"]),
      message: "JWT validation failed.",
    });
    return draft;
  });
  return { kind: "forged-tokens", calls };
};

const neverSucceeded: DecoyMaker = ({ tenant, random }) => {
  const app = tenant.apps.at(-1) ?? random.pick(tenant.apps);
  const reason = random.pick(["TokenAudienceNotAllowed", "TokenClaimNotFound"]);
  return {
    kind: "never-succeeded",
    touch: (draft) => {
      if (draft.app === app)
        refuseAtGateway(draft, { status: 401, source: "validate-jwt", reason, message: "JWT validation failed." });
    },
  };
};

const hardDown: DecoyMaker = ({ tenant, random }) => {
  const calls = (api: Tenant["apis"][number]): number =>
    tenant.apps.filter((app) => app.apis.includes(api)).reduce((sum, app) => sum + app.weight / app.apis.length, 0);
  const api = tenant.apis.toSorted((a, b) => calls(a) - calls(b))[0] ?? random.pick(tenant.apis);
  return {
    kind: "hard-down-api",
    touch: (draft) => {
      if (draft.api === api)
        refuseAtGateway(draft, {
          status: 401,
          source: "validate-jwt",
          reason: "TokenIssuerNotAllowed",
          message: "JWT issuer is not allowed",
        });
    },
  };
};

const outage: DecoyMaker = (plan) => {
  const span = someSpan(plan);
  const api = plan.random.pick(plan.tenant.apis);
  return {
    kind: "outage-5xx",
    span,
    touch: (draft) => (within(span, draft) && draft.api === api ? fail(draft, 503) : undefined),
  };
};

const throttled: DecoyMaker = (plan) => {
  const span = someSpan(plan);
  const api = plan.random.pick(plan.tenant.apis);
  return {
    kind: "throttled-429",
    span,
    touch: (draft, random) =>
      within(span, draft) && draft.api === api && random.chance(0.6) ? fail(draft, 429) : undefined,
  };
};

const notFound: DecoyMaker = (plan) => {
  const span = someSpan(plan);
  const app = plan.random.pick(plan.tenant.apps);
  return {
    kind: "not-found-404",
    span,
    touch: (draft) => {
      if (!within(span, draft) || draft.app !== app) return;
      draft.status = 404;
      draft.backendStatus = 404;
      for (const step of draft.steps) step.status = 404;
    },
  };
};

/** 403 of Cosmos DB that is not about authorization, by sub-status. */
const LIMITS: readonly (readonly [number, string])[] = [
  [1014, "Partition key reached maximum size of 20 GB"],
  [1005, "The requested number of partitions is above what the account may have"],
  [1028, "The requested throughput is above the total throughput limit of the account"],
  [3, "The requested operation cannot be performed at this region"],
  [1008, "The database account is not found in this region"],
];

const limits: DecoyMaker = (plan) => {
  const span = someSpan(plan);
  const api = plan.tenant.apis.find(({ headers }) => headers);
  const [subStatus, message] = plan.random.pick(LIMITS);
  return {
    kind: `limit-403-${subStatus}`,
    span,
    touch: (draft, random) => {
      if (api !== undefined && within(span, draft) && draft.api === api && draft.operation.write && random.chance(0.5))
        refuseAtCosmos(draft, { status: 403, subStatus, message });
    },
  };
};

const challenges: DecoyMaker = (plan) => {
  const { tenant, random } = plan;
  const app = random.pick(tenant.apps);
  const calls = [...times({ ...plan, random }, 0.05)].slice(0, 600).flatMap((at) => {
    const api = random.pick(app.apis);
    const answered = ordinaryCall(tenant, random, { at: at + random.int(30, 200), app, api });
    const bare = ordinaryCall(tenant, random, { at, app, api, operation: answered.operation });
    bare.address = answered.address;
    bare.token = undefined;
    bare.subscription = undefined;
    refuseAtGateway(bare, {
      status: 401,
      source: "validate-jwt",
      reason: "TokenNotPresent",
      message: "JWT not present.",
    });
    return [bare, answered];
  });
  return { kind: "credential-challenge", calls };
};

/** A client that repeats one stray refusal, by the second, with the token that was refused. */
const retryStorm: DecoyMaker = (plan) => {
  const { tenant, random } = plan;
  const app = random.pick(tenant.apps);
  const api = random.pick(app.apis);
  const calls = Array.from(
    { length: random.int(1, 3) },
    () => plan.from + random.next() * (plan.to - plan.from),
  ).flatMap((start) => {
    const operation = random.pick(api.operations);
    const { address, region } = ordinaryCall(tenant, random, { at: start, app, api, operation });
    const refused = { source: "validate-jwt", reason: "TokenExpired", message: "JWT token is expired" };
    return Array.from({ length: random.int(15, 40) }, (_, i) => {
      const call = ordinaryCall(tenant, random, { at: Math.round(start) + i * 700, app, api, operation });
      const draft = { ...call, address, region };
      if (draft.token !== undefined) draft.token.expires = start - 5_000;
      refuseAtGateway(draft, { status: 401, ...refused });
      return draft;
    });
  });
  return { kind: "retry-storm", calls };
};

const noRight: DecoyMaker = (plan) => {
  const { tenant, random } = plan;
  const app = random.pick(tenant.apps);
  const own = new Set(app.apis);
  const foreign = tenant.apis.find((api) => !own.has(api) && api.tokens);
  if (foreign === undefined) return { kind: "no-right" };
  const calls = [...times(plan, 0.03)].map((at) => {
    const draft = ordinaryCall(tenant, random, { at, app, api: foreign });
    refuseAtGateway(draft, {
      status: 403,
      source: "validate-jwt",
      reason: "TokenClaimNotFound",
      message: "JWT claim is missing",
    });
    return draft;
  });
  return { kind: "no-right", calls };
};

const MAKERS: readonly DecoyMaker[] = [
  scanner,
  forgedTokens,
  neverSucceeded,
  hardDown,
  outage,
  throttled,
  notFound,
  limits,
  challenges,
  retryStorm,
  noRight,
  ...harmlessDecoys,
];

/** Several decoys, each of another kind. */
export const planDecoys = (plan: DecoyPlan, count: number): readonly Decoy[] =>
  plan.random.some(MAKERS, count).map((make) => make(plan));
