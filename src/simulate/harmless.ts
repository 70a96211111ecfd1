import { type DecoyMaker, type DecoyPlan, someSpan, times } from "./decoy.ts";
import type { Draft } from "./draft.ts";
import { type ControlRecord, accountResource } from "./faults/fault.ts";
import { ordinaryCall } from "./traffic.ts";

const surge: DecoyMaker = (plan) => {
  const span = someSpan(plan);
  const { tenant, random } = plan;
  const app = random.pick(tenant.apps);
  const calls: Draft[] = [];
  for (let at = span.from; at < span.to; at += random.wait(3) * 1_000)
    calls.push(ordinaryCall(tenant, random, { at: Math.round(at), app }));
  return { kind: "surge", span, calls };
};

const harmlessChanges: DecoyMaker = (plan) => {
  const { tenant, random, from, to } = plan;
  const backend = random.pick(tenant.apis).backends[0];
  if (backend === undefined) return { kind: "harmless-changes" };
  const names = [
    "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments/write",
    "Microsoft.DocumentDB/databaseAccounts/listKeys/action",
    "Microsoft.ApiManagement/service/apis/policies/write",
    "Microsoft.ApiManagement/service/subscriptions/write",
  ];
  const records = names.map(
    (operation): ControlRecord => ({
      at: from + random.next() * (to - from),
      log: "activity",
      operation,
      resource: operation.includes("DocumentDB") ? accountResource(tenant, backend) : tenant.gatewayResource,
    }),
  );
  return { kind: "harmless-changes", records: [...records, ...harmlessSigns(plan)] };
};

/** Signs that concern nobody's calls: another team's secrets, vault and sign-ins, a role for an application to come. */
function harmlessSigns({ tenant, random, from, to }: DecoyPlan): readonly ControlRecord[] {
  const some = (): number => Math.round(from + random.next() * (to - from));
  const account = random.pick(tenant.apis).backends[0];
  const vault = { log: "key-vault", resource: `kv-${random.hex(5)}` } as const;
  const lost = { appId: random.guid(), principal: random.guid(), address: "203.0.113.77" };
  return [
    { at: some(), ...vault, operation: "SecretSet", columns: { secret: "mail-password" } },
    { at: some(), ...vault, operation: "SecretGet", columns: { secret: "mail-password", status: 403 } },
    ...Array.from(
      { length: 40 },
      (): ControlRecord => ({
        at: some(),
        log: "sign-in",
        operation: "old-batch-job",
        resource: "Microsoft Graph",
        columns: { ...lost, errorCode: 7_000_222 },
      }),
    ),
    ...(account === undefined
      ? []
      : [
          {
            at: some(),
            log: "activity",
            operation: "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments/write",
            resource: accountResource(tenant, account),
            body: { properties: { principalId: random.guid() } },
          } as const,
          {
            at: some(),
            log: "activity",
            operation: "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/write",
            resource: `${accountResource(tenant, account)}/sqlDatabases/main/containers/archive-${random.hex(3)}`,
          } as const,
        ]),
  ];
}

/** A deployment that breaks nothing: an API's calls go under a new revision from then on. */
const deployment: DecoyMaker = (plan) => {
  const { random, tenant } = plan;
  const api = random.pick(tenant.apis);
  const at = plan.from + random.next() * (plan.to - plan.from);
  const record = {
    at: Math.round(at) - 30_000,
    log: "activity",
    operation: "Microsoft.ApiManagement/service/apis/write",
    resource: `${tenant.gatewayResource}/apis/${api.id}`,
  } as const;
  return {
    kind: "deployment",
    touch: (draft) => {
      if (draft.api === api && draft.at >= at && draft.revision === "1") draft.revision = "7";
    },
    records: [record],
  };
};

/** A caller that was not there before, and is let through. */
const newCaller: DecoyMaker = (plan) => {
  const { random, tenant } = plan;
  const model = random.pick(tenant.apps);
  const app = { ...model, appId: random.guid(), objectId: random.guid(), subscription: `new-${random.hex(4)}` };
  const start = plan.from + random.next() * (plan.to - plan.from);
  const calls = [...times({ ...plan, from: Math.round(start) }, 0.1)].map((at) => {
    const draft = ordinaryCall(tenant, random, { at, app });
    draft.address = `203.1.${random.int(1, 9)}.${random.int(2, 9)}`;
    return draft;
  });
  return { kind: "new-caller", calls };
};

/** What changes and does no harm. */
export const harmlessDecoys: readonly DecoyMaker[] = [surge, harmlessChanges, deployment, newCaller];
