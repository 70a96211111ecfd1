import type { Draft } from "./draft.ts";
import type { Fault } from "./faults/fault.ts";
import { Random } from "./random.ts";
import type { App, Tenant } from "./tenant.ts";
import { ordinaryCall } from "./traffic.ts";

const MINUTE = 60_000;

/** A tenant as they grow: callers behind two proxies, told by their claims only; or all with one library. */
export function harden(tenant: Tenant, random: Random, rate?: number): Tenant {
  const proxies = random.chance(0.3) ? [`198.18.${random.int(0, 99)}`, `198.18.${random.int(100, 199)}`] : undefined;
  const library = random.chance(0.3) ? "python-requests/2.32" : undefined;
  const claimed = new Map(
    tenant.apis.map((api) => [api, proxies === undefined ? api : { ...api, tokens: true, claims: true }] as const),
  );
  const apps = tenant.apps.map((app): App => {
    const networks = proxies === undefined ? app.networks : [random.pick(proxies)];
    const apis = app.apis.map((api) => claimed.get(api) ?? api);
    return { ...app, apis, networks, userAgent: library ?? app.userAgent };
  });
  return { ...tenant, apis: [...claimed.values()], apps, rate: rate ?? tenant.rate };
}

/** Agents that call in sessions: many calls within a minute or two, then nothing for long. */
export function agentCalls(tenant: Tenant, random: Random, span: { from: number; to: number }): readonly Draft[] {
  const agents = random.some(tenant.apps, random.int(1, 2));
  const calls: Draft[] = [];
  for (const app of agents) {
    const each = random.int(4, 25) * MINUTE;
    for (let start = span.from; start < span.to; start += random.wait(1_000 / each) * 1_000)
      for (let i = random.int(3, 40), at = start; i > 0; i--, at += random.int(200, 4_000)) {
        const draft = ordinaryCall(tenant, random, { at: Math.round(at), app });
        draft.userAgent = "mcp-client/1.12";
        calls.push(draft);
      }
  }
  return calls;
}

/** A client that tries again what was refused, up to three times within seconds. */
export function retriesOf(tenant: Tenant, drafts: readonly Draft[], random: Random): readonly Draft[] {
  const patient = new Set(tenant.apps.filter(() => random.chance(0.4)));
  return drafts.flatMap((draft) => {
    if (draft.fault === undefined || !patient.has(draft.app)) return [];
    const pause = random.int(300, 2_000);
    return Array.from({ length: random.int(1, 3) }, (_, i) => ({
      ...draft,
      id: random.guid(),
      at: draft.at + pause * 2 ** i,
      steps: draft.steps.map((step) => ({ ...step })),
    }));
  });
}

/** Shares of the calls that a fault could hit which it does hit. */
const SHARES = [0.04, 0.1, 0.25, 0.5, 0.75, 0.98];

/** Clocks of their own: these faults come and go as they must. */
const CLOCKED: ReadonlySet<string> = new Set([
  "cached-token-outlived",
  "unknown-periodic",
  "signing-key-rollover",
  "subscription-key-not-propagated",
  "role-assignment-propagating-or-missing",
  "container-recreated",
]);

/** The fault with another share, and with another course: at once, slowly, or in bursts. */
export function reshape(fault: Fault, seed: number): Fault {
  if (CLOCKED.has(fault.cause)) return fault;
  const random = new Random(seed * 911 + 5);
  const share = random.chance(0.5) ? 1 : random.pick(SHARES);
  const course = random.pick(["at once", "at once", "slowly", "bursts"] as const);
  const ramp = Math.min(random.int(10, 40) * MINUTE, (fault.to - fault.from) / 2);
  const beat = random.int(4, 12) * MINUTE;
  const factor = (at: number): number => {
    if (course === "slowly") return Math.min(1, (at - fault.from) / ramp);
    return course === "bursts" && Math.floor((at - fault.from) / beat) % 2 === 1 ? 0 : 1;
  };
  const { direct: _direct, ...gentler } = fault;
  return { ...gentler, severity: (at) => fault.severity(at) * share * factor(at) };
}
