import { type Draft, refuseAtBackend, refuseAtGateway } from "../draft.ts";
import {
  busiestApi,
  busyApp,
  type ControlRecord,
  type Fault,
  type FaultMaker,
  type Plan,
  steady,
  tellsApart,
} from "./fault.ts";

const MINUTE = 60_000;
const REFRESH_MS = 240 * MINUTE;

/** A backend that a shared secret opens, which the gateway takes from a vault. */
function shared(plan: Plan) {
  const { random, tenant } = plan;
  const api = busiestApi(plan, ({ backends }) => backends.every(({ kind }) => kind === "app"));
  const [backend] = api?.backends ?? [];
  if (api === undefined || backend === undefined) return undefined;
  const vault = `kv-${random.hex(5)}`;
  const secret = `${api.id}-key`;
  const status = random.chance(0.8) ? 401 : 403;
  const record = (at: number, operation: string, columns: Readonly<Record<string, unknown>>): ControlRecord => ({
    at: Math.round(at),
    log: "key-vault",
    operation,
    resource: vault,
    columns: { secret, ...columns },
  });
  const owner = tenant.gatewayResource;
  return {
    where: api.backends.length === 1 ? { backend: backend.id } : { api: api.id },
    affects: (draft: Draft) => draft.api === api,
    severity: steady(random.pick([0.9, 1])),
    apply: (draft: Draft) => refuseAtBackend(draft, status),
    record,
    read: (at: number, answer: number) => record(at, "SecretGet", { owner, status: answer }),
  };
}

/** The secret was replaced and the old one switched off; the gateway reads it anew within four hours. */
const staleSecret: FaultMaker = (plan) => {
  const target = shared(plan);
  if (target === undefined) return undefined;
  const { random } = plan;
  const { record, read, ...fault } = target;
  const lastRead = plan.from - random.int(5, 220) * MINUTE;
  const refreshed = random.chance(0.3) ? plan.to : Math.min(plan.end, lastRead + REFRESH_MS);
  const to = Math.max(plan.from + 10 * MINUTE, refreshed);
  return {
    ...plan,
    ...fault,
    to: Math.min(plan.end, to),
    cause: "named-value-stale-secret",
    records: [
      read(lastRead, 200),
      record(plan.from - random.int(20, 600) * 1_000, "SecretSet", { status: 200 }),
      ...(random.chance(0.6) ? [record(plan.from - 2_000, "SecretUpdate", { status: 200 })] : []),
      ...(to < plan.end ? [read(to, 200)] : []),
    ],
  };
};

/** The vault has refused the gateway for hours; nothing shows until the secret is replaced. */
const unreadVault: FaultMaker = (plan) => {
  const target = shared(plan);
  if (target === undefined) return undefined;
  const { random } = plan;
  const { record, read, ...fault } = target;
  const denials = random.int(2, 6);
  return {
    ...plan,
    ...fault,
    cause: "gateway-cannot-read-key-vault",
    records: [
      ...Array.from({ length: denials }, (_, i) => read(plan.from - (denials - i) * random.int(20, 60) * MINUTE, 403)),
      record(plan.from - random.int(2, 600) * 1_000, "SecretSet", { status: 200 }),
    ],
  };
};

/** Sign-ins that fail with `errorCode`, some each minute, from `from` on. */
function failedSignIns(
  { random }: Plan,
  who: { name: string; appId: string; principal: string; address: string },
  span: { from: number; to: number; errorCode: number },
): readonly ControlRecord[] {
  const records: ControlRecord[] = [];
  for (let at = span.from; at < span.to && records.length < 400; at += random.int(20, 240) * 1_000)
    records.push({
      at,
      log: "sign-in",
      operation: who.name,
      resource: "Azure Cosmos DB",
      columns: { appId: who.appId, principal: who.principal, errorCode: span.errorCode, address: who.address },
    });
  return records;
}

/** An application cannot get a token any more: as a caller it goes on with its old one, as a backend it passes its failure on. */
function noSignIn(
  plan: Plan,
  kind: { readonly cause: Fault["cause"]; readonly errorCode: number; readonly words: string },
): Fault | undefined {
  const { random } = plan;
  const { cause, errorCode, words } = kind;
  if (random.chance(0.5)) {
    const app = busyApp(plan, (one) => one.apis.some(({ tokens }) => tokens) && tellsApart(one) !== undefined);
    const where = app === undefined ? undefined : tellsApart(app);
    if (app === undefined || where === undefined) return undefined;
    const address = `${app.networks[0] ?? "203.0.113"}.3`;
    const who = { name: app.name, appId: app.appId, principal: app.objectId, address };
    return {
      ...plan,
      cause,
      where,
      affects: (draft) => draft.app === app && draft.token !== undefined,
      severity: steady(random.pick([0.5, 1])),
      apply: (draft) => {
        if (draft.token !== undefined) draft.token.expires = plan.from - 1_000;
        refuseAtGateway(draft, {
          status: 401,
          source: "validate-jwt",
          reason: "TokenExpired",
          message: "JWT token is expired",
        });
      },
      records: failedSignIns(plan, who, { from: plan.from - random.int(1, 40) * MINUTE, to: plan.to, errorCode }),
    };
  }
  const api = busiestApi(plan, ({ backends }) =>
    backends.some(({ kind: what, principal }) => what === "app" && principal !== undefined),
  );
  const backend = api?.backends.find(({ kind: what, principal }) => what === "app" && principal !== undefined);
  if (backend?.principal === undefined) return undefined;
  const who = {
    name: backend.id,
    appId: random.guid(),
    principal: backend.principal,
    address: `${[...backend.egress.values()][0] ?? ""}.5`,
  };
  return {
    ...plan,
    cause,
    where: { backend: backend.id },
    affects: (draft) => draft.backend === backend,
    severity: steady(random.pick([0.4, 1])),
    apply: (draft) => refuseAtBackend(draft, 401, { body: words }),
    records: failedSignIns(plan, who, { from: plan.from - random.int(1, 40) * MINUTE, to: plan.to, errorCode }),
  };
}

const secretExpired: FaultMaker = (plan) =>
  plan.random.chance(0.6)
    ? noSignIn(plan, {
        cause: "client-secret-expired",
        errorCode: 7_000_222,
        words: "AADSTS7000222: The provided client secret keys for app are expired.",
      })
    : noSignIn(plan, {
        cause: "client-secret-expired",
        errorCode: 7_000_215,
        words: "AADSTS7000215: Invalid client secret provided.",
      });

const conditionalAccess: FaultMaker = (plan) =>
  noSignIn(plan, {
    cause: "conditional-access-blocked",
    errorCode: 53_003,
    words: "AADSTS53003: Access has been blocked by Conditional Access policies.",
  });

/** Faults of secrets, of their vault, and of sign-ins. */
export const secretFaults: readonly (readonly [Fault["cause"], FaultMaker])[] = [
  ["named-value-stale-secret", staleSecret],
  ["gateway-cannot-read-key-vault", unreadVault],
  ["client-secret-expired", secretExpired],
  ["conditional-access-blocked", conditionalAccess],
];
