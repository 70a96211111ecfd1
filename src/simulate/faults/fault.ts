import type { DimensionValues } from "../../model/call.ts";
import type { CauseId } from "../../model/cause.ts";
import type { Draft } from "../draft.ts";
import type { Random } from "../random.ts";
import type { Account, Api, App, Backend, Tenant } from "../tenant.ts";

/** A record of a control plane that belongs to a fault, or to nothing. */
export interface ControlRecord {
  readonly at: number;
  readonly log: "activity" | "control-plane" | "key-vault" | "sign-in";
  /** Of the control planes and vaults; the application's name for a sign-in. */
  readonly operation: string;
  /** ARM id; a vault's name; what was signed in to. */
  readonly resource: string;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly columns?: Readonly<Record<string, unknown>>;
}

/** Something that refuses calls which would succeed. */
export interface Fault {
  readonly cause: CauseId;
  /** What the refused calls have in common, as a finding would name it; empty when nothing does. */
  readonly where: DimensionValues;
  /** Unix milliseconds. */
  readonly from: number;
  readonly to: number;
  /** The calls that it can hit. */
  affects(draft: Draft): boolean;
  /** Share of them that it hits at a time, 0 to 1. */
  severity(at: number): number;
  /** Refuses the call, or changes it so that it succeeds in another way. */
  apply(draft: Draft, random: Random): void;
  /** What is different, at any time, of the calls that it could hit. */
  readonly always?: (draft: Draft, random: Random) => void;
  /** Answer to an operation that never passes the gateway; undefined where the fault leaves it alone. */
  readonly direct?: (account: Account, at: number, random: Random) => 401 | 403 | undefined;
  /** What stays different of the calls that it could have hit, after its end. */
  readonly afterwards?: (draft: Draft, random: Random) => void;
  readonly records: readonly ControlRecord[];
}

export interface Plan {
  readonly tenant: Tenant;
  readonly random: Random;
  readonly from: number;
  readonly to: number;
  /** Where the logs end. */
  readonly end: number;
}

/** Plans a fault on a tenant; undefined where the tenant has nothing that it could hit. */
export type FaultMaker = (plan: Plan) => Fault | undefined;

export const steady = (share: number) => (): number => share;

/** Falls to nothing within `ms`, by half every quarter of it. */
export const decaying =
  (from: number, ms: number, share: number) =>
  (at: number): number =>
    at - from > ms ? 0 : share * 0.5 ** ((at - from) / (ms / 4));

/** The busiest of the APIs that fit: a fault on one that nobody calls cannot be seen. */
export function busiestApi(plan: Plan, fits: (api: Api) => boolean): Api | undefined {
  const calls = (api: Api): number =>
    plan.tenant.apps
      .filter((app) => app.apis.includes(api))
      .reduce((sum, app) => sum + app.weight / app.apis.length, 0);
  const ranked = plan.tenant.apis.filter(fits).toSorted((a, b) => calls(b) - calls(a));
  return ranked[plan.random.chance(0.7) ? 0 : Math.min(1, ranked.length - 1)];
}

/** One of the busier applications that fit. */
export function busyApp(plan: Plan, fits: (app: App) => boolean): App | undefined {
  const ranked = plan.tenant.apps.filter(fits).toSorted((a, b) => b.weight - a.weight);
  return ranked[plan.random.int(0, Math.min(3, ranked.length - 1))];
}

/** What tells an application's calls from others' in the logs, if anything does. */
export function tellsApart(app: App): DimensionValues | undefined {
  if (app.apis.every(({ tokens, claims }) => tokens && claims)) return { appId: app.appId };
  const [network] = app.networks;
  return network !== undefined && app.networks.length === 1 ? { callerNetwork: `${network}.0/24` } : undefined;
}

export const accountResource = (tenant: Tenant, backend: Backend): string =>
  `/subscriptions/${tenant.subscriptionId}/resourceGroups/rg-data/providers/Microsoft.DocumentDB/databaseAccounts/${backend.account.name}`;

const ENTRA_BLOCKED = (draft: Draft, action: string): string =>
  `Request blocked by Auth ${draft.backend.account.name} : Request is blocked because principal [${draft.backend.principal ?? ""}] does not have required RBAC permissions to perform action [Microsoft.DocumentDB/databaseAccounts/${action}] on resource [dbs/${draft.backend.account.database}]. Learn more: https://aka.ms/cosmos-native-rbac.`;

/** Cosmos DB's words for a missing role. */
export const blockedMessage = (draft: Draft): string =>
  ENTRA_BLOCKED(
    draft,
    draft.operation.write ? "sqlDatabases/containers/items/upsert" : "sqlDatabases/containers/items/read",
  );
