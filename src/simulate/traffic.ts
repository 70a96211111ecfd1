import { type CosmosStep, type Draft, issuerOf, refuseAtGateway, RENEWED_EARLY_MS, type Token } from "./draft.ts";
import { Random } from "./random.ts";
import type { Api, App, Backend, Operation, Tenant } from "./tenant.ts";

/** Healthy traffic with the noise that every tenant has, in the order of time. */
export function* traffic(tenant: Tenant, span: { from: number; to: number; salt?: number }): Generator<Draft> {
  const random = new Random(tenant.seed * 104_729 + 7 + (span.salt ?? 0));
  const apps = tenant.apps.map((app) => [app, app.weight] as const);
  const turns = new Map<Api, number>();
  for (let at = span.from; ; ) {
    at += random.wait(tenant.rate * dayCurve(at)) * 1_000;
    if (at >= span.to) return;
    const draft = ordinaryCall(tenant, random, { at: Math.round(at * 10) / 10, app: random.weighted(apps) });
    takeTurn(draft, turns);
    addNoise(draft, random);
    yield draft;
  }
}

/** Backends in turn, where the API has them so. */
function takeTurn(draft: Draft, turns: Map<Api, number>): void {
  const { api } = draft;
  if (!api.inTurn || api.backends.length < 2) return;
  const turn = turns.get(api) ?? 0;
  turns.set(api, turn + 1);
  moveTo(draft, api.backends[turn % api.backends.length] ?? draft.backend);
}

function moveTo(draft: Draft, backend: Backend): void {
  draft.backend = backend;
  const client = backend.egress.get(draft.region) ?? "192.0.2";
  for (const step of draft.steps) {
    step.credential = backend.credential;
    step.principal = backend.principal;
    step.client = `${client}${step.client.slice(step.client.lastIndexOf("."))}`;
  }
}

/** Busy by day, quiet by night, never silent. */
const dayCurve = (at: number): number => 0.7 + 0.3 * Math.sin((at / 86_400_000) * 2 * Math.PI);

export function ordinaryCall(
  tenant: Tenant,
  random: Random,
  call: { at: number; app: App; api?: Api; operation?: Operation },
): Draft {
  const { at, app } = call;
  const api = call.api ?? random.pick(app.apis);
  const operation = call.operation ?? random.pick(api.operations);
  const region = random.chance(0.7) ? app.homeRegion : random.pick(tenant.regions);
  const backend = random.pick(api.backends);
  const instance = random.int(...INSTANCES);
  const steps = backend.kind === "rest" ? operation.steps.slice(-1) : operation.steps;
  return {
    id: random.guid(),
    at,
    app,
    api,
    operation,
    region,
    backend,
    address: `${random.pick(app.networks)}.${random.int(2, 9)}`,
    userAgent: app.userAgent,
    revision: "1",
    subscription: app.subscription,
    token: api.tokens ? tokenOf(tenant, { app, api, at }) : undefined,
    validated: api.tokens,
    status: operation.method === "POST" ? 201 : 200,
    backendStatus: operation.method === "POST" ? 201 : 200,
    error: undefined,
    subStatus: undefined,
    body: undefined,
    challenge: undefined,
    steps: steps.map((step) => cosmosStep(backend, { ...step, region, instance })),
    fault: undefined,
    totalMs: random.int(12, 240),
  };
}

/** Last octets of the addresses that a backend's instances, or a region's gateways, have. */
export const INSTANCES = [4, 6] as const;

function cosmosStep(
  backend: Backend,
  step: { operation: string; container: string; region: string; instance: number },
): CosmosStep {
  return {
    operation: step.operation,
    resourceType: "Document",
    container: step.container,
    status: step.operation === "Create" ? 201 : 200,
    credential: backend.credential,
    principal: backend.principal,
    client: `${backend.egress.get(step.region) ?? "192.0.2"}.${step.instance}`,
    region: backend.account.region,
  };
}

/** The token that the application holds at the time: renewed each life, in its own rhythm. */
export function tokenOf(tenant: Tenant, { app, api, at }: { app: App; api: Api; at: number }): Token {
  const issued = at - ((at + app.phaseMs) % app.tokenLifeMs);
  return {
    issuer: issuerOf(tenant, app.version),
    audience: api.audience,
    version: app.version,
    keyId: tenant.keyId,
    roles: app.roles,
    scopes: app.scopes,
    issued,
    expires: issued + app.tokenLifeMs + RENEWED_EARLY_MS,
  };
}

/** Noise: a token that just ended, a stray refusal, missing items, throttling, errors of the server. */
function addNoise(draft: Draft, random: Random): void {
  const kind = random.next();
  if (kind < 0.000_8 && draft.token !== undefined) {
    draft.token.expires = draft.at - random.int(1, 20) * 1_000;
    refuseAtGateway(draft, {
      status: 401,
      source: "validate-jwt",
      reason: "TokenExpired",
      message: "JWT token is expired",
    });
  } else if (kind < 0.001_2) {
    refuseAtGateway(draft, {
      status: 401,
      source: "authorization",
      reason: "SubscriptionKeyInvalid",
      message: "Access denied due to invalid subscription key.",
    });
  } else if (kind < 0.012) miss(draft);
  else if (kind < 0.016) fail(draft, random.pick([500, 502, 503]));
  else if (kind < 0.02) fail(draft, 429);
}

function miss(draft: Draft): void {
  draft.status = 404;
  draft.backendStatus = 404;
  const last = draft.steps.at(-1);
  if (last !== undefined) last.status = 404;
}

export function fail(draft: Draft, status: number): void {
  draft.status = status;
  draft.backendStatus = status;
  if (status !== 429) draft.steps = [];
  const last = draft.steps.at(-1);
  if (last !== undefined) last.status = status;
}
