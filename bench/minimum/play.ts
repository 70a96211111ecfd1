import { cosmosReason } from "../../src/correlate/cosmos-refusal.ts";
import type { CauseId } from "../../src/model/cause.ts";
import { type Draft, issuerOf } from "../../src/simulate/draft.ts";
import { ALL_FAULTS } from "../../src/simulate/faults/all.ts";
import type { Fault } from "../../src/simulate/faults/fault.ts";
import { Random } from "../../src/simulate/random.ts";
import { buildTenant, type Tenant } from "../../src/simulate/tenant.ts";
import { ordinaryCall } from "../../src/simulate/traffic.ts";

/** What a tenant can log or not, each by one setting. */
export const FIELDS = [
  { id: "error", name: "lastError of the gateway", how: "API Management `GatewayLogs`, always there" },
  {
    id: "subStatus",
    name: "`x-ms-substatus`",
    how: "log the backend response headers x-ms-substatus and x-ms-activity-id in the API's diagnostics",
  },
  { id: "body", name: "error bodies", how: "log up to 1 KB of the backend response's body" },
  { id: "challenge", name: "`WWW-Authenticate`", how: "log the backend response header www-authenticate" },
  { id: "claims", name: "claims of the token", how: "the trace `scopetrail-claims`, for refused tokens too" },
  { id: "dataPlane", name: "`DataPlaneRequests`", how: "the Cosmos DB account's diagnostic setting" },
  {
    id: "changes",
    name: "control plane",
    how: "the account's `ControlPlaneRequests` and the Activity log (`Administrative`)",
  },
  { id: "vault", name: "Key Vault `AuditEvent`", how: "the vault's diagnostic setting" },
  { id: "signIns", name: "sign-ins", how: "Entra's `ServicePrincipalSignInLogs` and `ManagedIdentitySignInLogs`" },
] as const;
export type FieldId = (typeof FIELDS)[number]["id"];

export const fieldOf = (id: FieldId): (typeof FIELDS)[number] => FIELDS.find((field) => field.id === id) ?? FIELDS[0];

/** What the logs of one played fault say, by field. */
export interface Evidence {
  readonly cause: CauseId;
  readonly layer: "gateway" | "backend" | "cosmos";
  readonly status: number;
  readonly says: Readonly<Record<FieldId, string>>;
}

const FROM = Date.UTC(2026, 10, 25, 6);
const HOUR = 3_600_000;

/** Plays every cause on so many tenants that can have it, each for so many refused calls. */
export function play({ tenants, calls }: { tenants: number; calls: number }): readonly Evidence[] {
  return ALL_FAULTS.flatMap(([, make]) => {
    const played: Evidence[] = [];
    for (let seed = 1; seed <= 4 * tenants && played.length < tenants; seed++) {
      const tenant = buildTenant(seed);
      const random = new Random(seed);
      const fault = make({ tenant, random, from: FROM + HOUR, to: FROM + 2 * HOUR, end: FROM + 5 * HOUR });
      const evidence = fault === undefined ? undefined : evidenceOf(tenant, fault, { calls, random });
      if (evidence !== undefined) played.push(evidence);
    }
    return played;
  });
}

const TRIES = 4_000;

function evidenceOf(tenant: Tenant, fault: Fault, by: { calls: number; random: Random }): Evidence | undefined {
  const { calls, random } = by;
  const refused: Draft[] = [];
  for (let i = 0; i < TRIES && refused.length < calls; i++) {
    const at = Math.round(fault.from + random.next() * (fault.to - fault.from));
    const draft = ordinaryCall(tenant, random, { at, app: random.pick(tenant.apps) });
    if (!fault.affects(draft)) continue;
    fault.always?.(draft, random);
    if (!random.chance(fault.severity(at))) continue;
    fault.apply(draft, random);
    if (draft.status >= 400) refused.push(draft);
  }
  const [first] = refused;
  if (first === undefined) return undefined;
  const most = (say: (draft: Draft) => string): string => mostFrequent(refused.map(say));
  return {
    cause: fault.cause,
    layer: first.error === undefined ? (first.steps.length > 0 ? "cosmos" : "backend") : "gateway",
    status: first.status,
    says: {
      error: most(({ error }) => error?.reason ?? ""),
      subStatus: most(({ subStatus }) => (subStatus === undefined ? "" : cosmosReason(subStatus, undefined))),
      body: most(wordsOf),
      challenge: most(({ challenge }) => challenge?.slice(0, 40) ?? ""),
      claims: most((draft) => claimsOf(tenant, draft)),
      dataPlane: `${most(operationOf)} ${networksOf(refused)}`,
      changes: recordsOf(fault, ["activity", "control-plane"]),
      vault: recordsOf(fault, ["key-vault"]),
      signIns: recordsOf(fault, ["sign-in"]),
    },
  };
}

function mostFrequent(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0] ?? "";
}

/** What a body says beyond the status: of Cosmos DB by its meaning, of Entra by its error. */
function wordsOf({ body, steps }: Draft): string {
  if (body === undefined) return "";
  if (/group membership/i.test(body)) return "group";
  return steps.length > 0 ? cosmosReason(undefined, body) : (/AADSTS\d+/.exec(body)?.[0] ?? "other");
}

function claimsOf(tenant: Tenant, { token, at, app, api }: Draft): string {
  if (token === undefined) return "no token";
  const odd = [
    token.expires < at ? "expired" : "",
    token.keyId === tenant.keyId ? "" : "key",
    token.issuer === issuerOf(tenant, app.version) ? "" : "issuer",
    token.audience === api.audience ? "" : "audience",
    token.roles === app.roles ? "" : "roles",
  ].filter((word) => word !== "");
  return odd.join(" ") || "as ever";
}

function operationOf({ steps, backend, operation }: Draft): string {
  const step = steps.at(-1);
  if (step === undefined) return "none";
  const who = step.principal === backend.principal ? "usual identity" : "other identity";
  const credential = /readonly/i.test(step.credential)
    ? "read-only"
    : /masterkey$/i.test(step.credential)
      ? "key"
      : step.credential;
  return `${credential} ${who} ${step.resourceType} ${operation.write ? "write" : "read"}`;
}

/** Whether one address, some, or all of those that serve are refused. */
function networksOf(refused: readonly Draft[]): string {
  const addresses = new Set(refused.flatMap(({ steps }) => steps[0]?.client ?? []));
  const usual = refused.every(
    ({ steps, backend, region }) => steps[0]?.client.startsWith(backend.egress.get(region) ?? "-") ?? true,
  );
  return `${addresses.size === 1 ? "one address" : "addresses"} ${usual ? "" : "elsewhere"}`;
}

const recordsOf = (fault: Fault, logs: readonly string[]): string =>
  [
    ...new Set(
      fault.records
        .filter(({ log }) => logs.includes(log))
        .map(({ operation, columns, log }) => {
          const name = operation.toLowerCase().replace(/^.*\/(?=[^/]+\/[^/]+$)/, "");
          const answer = columns?.[log === "sign-in" ? "errorCode" : "status"];
          return log === "sign-in" ? `${Number(answer)}` : `${name} ${Number(answer ?? 0)}`;
        }),
    ),
  ]
    .toSorted()
    .join(",");
