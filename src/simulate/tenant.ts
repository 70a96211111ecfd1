import { unitHash } from "../lib/hash.ts";
import { Random } from "./random.ts";

export interface Account {
  readonly name: string;
  readonly region: string;
  readonly database: string;
  readonly containers: readonly string[];
}

/** What serves an API behind the gateway. */
export interface Backend {
  readonly id: string;
  /** `rest`: Cosmos DB's REST endpoint itself; `app`: an application with an SDK. */
  readonly kind: "rest" | "app";
  readonly url: string;
  readonly account: Account;
  /** Object id of its identity; absent when it signs with an account key. */
  readonly principal: string | undefined;
  readonly credential: string;
  readonly roleAssignment: string;
  /** Egress network by gateway region (`rest`) or its own (`app`), first three octets. */
  readonly egress: ReadonlyMap<string, string>;
  readonly userAgent: string;
}

export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly write: boolean;
  /** Operations on items that a call causes, in order. */
  readonly steps: readonly { readonly operation: string; readonly container: string }[];
}

export interface Api {
  readonly id: string;
  readonly product: string;
  readonly audience: string;
  readonly backends: readonly Backend[];
  /** Calls go to the backends in turn; at random otherwise. */
  readonly inTurn: boolean;
  readonly operations: readonly Operation[];
  readonly tokens: boolean;
  /** The claims trace is in the policy; for refused tokens too. */
  readonly claims: boolean;
  /** Backend response headers are logged. */
  readonly headers: boolean;
  readonly bodies: boolean;
}

export interface App {
  readonly name: string;
  readonly appId: string;
  readonly objectId: string;
  readonly subscription: string | undefined;
  readonly apis: readonly Api[];
  readonly weight: number;
  /** First three octets of each network it calls from. */
  readonly networks: readonly string[];
  readonly userAgent: string;
  readonly version: "1.0" | "2.0";
  readonly roles: string;
  readonly scopes: string;
  readonly tokenLifeMs: number;
  /** Shift of its token renewals. */
  readonly phaseMs: number;
  readonly homeRegion: string;
}

export interface Tenant {
  readonly seed: number;
  readonly tenantId: string;
  readonly keyId: string;
  readonly gateway: string;
  readonly gatewayResource: string;
  readonly host: string;
  readonly regions: readonly string[];
  readonly accounts: readonly Account[];
  readonly apis: readonly Api[];
  readonly apps: readonly App[];
  /** Calls a second at the busiest hour. */
  readonly rate: number;
  readonly subscriptionId: string;
}

const REGIONS = [
  "West Europe",
  "North Europe",
  "East US",
  "East US 2",
  "Southeast Asia",
  "UK South",
  "Australia East",
  "Sweden Central",
];
const NOUNS = [
  "orders",
  "billing",
  "catalog",
  "stock",
  "claims",
  "tickets",
  "loans",
  "parcels",
  "visits",
  "meters",
  "seats",
  "crews",
  "quotes",
  "payouts",
];
const TEAMS = [
  "web",
  "mobile",
  "batch",
  "partner",
  "sync",
  "reports",
  "kiosk",
  "mailer",
  "crm",
  "erp",
  "loader",
  "search",
  "portal",
  "agent",
  "bridge",
  "feeds",
];
const AGENTS = [
  "python-requests/2.32",
  "axios/1.7.9",
  "okhttp/4.12",
  "Java-http-client/21",
  "dotnet-httpclient/9.0",
  "Go-http-client/2.0",
  "PostmanRuntime/7.4",
  "curl/8.9",
];
const READS = ["get", "list", "find"];
const WRITES = ["put", "create", "update", "delete"];

/** A tenant of several regions, APIs, backends, applications and Cosmos DB accounts; no two seeds are alike. */
export function buildTenant(seed: number): Tenant {
  const random = new Random(seed * 7_919 + 13);
  const regions = random.some(REGIONS, random.int(2, 4));
  const word = random.pick(NOUNS);
  const accounts = Array.from({ length: random.int(1, 3) }, (_, i) => buildAccount(random, regions, i));
  const tenantId = random.guid();
  const apis = random.some(NOUNS, random.int(3, 6)).map((noun) => buildApi(random, { noun, regions, accounts }));
  const apps = Array.from({ length: random.int(8, 22) }, (_, i) => buildApp(random, { i, apis, regions }));
  const subscriptionId = random.guid();
  const gateway = `apim-${word}-${random.hex(3)}`;
  return {
    seed,
    tenantId,
    keyId: random.hex(24),
    gateway,
    gatewayResource: `/subscriptions/${subscriptionId}/resourceGroups/rg-${word}/providers/Microsoft.ApiManagement/service/${gateway}`,
    host: `${gateway}.azure-api.net`,
    regions,
    accounts,
    apis,
    apps,
    rate: random.pick([1, 2, 3, 4]),
    subscriptionId,
  };
}

function buildAccount(random: Random, regions: readonly string[], i: number): Account {
  return {
    name: `cosmos-${random.pick(NOUNS)}-${i}${random.hex(2)}`,
    region: random.pick(regions),
    database: random.pick(["main", "shop", "core", "data"]),
    containers: random.some(["items", "orders", "people", "events", "sessions", "prices"], random.int(2, 4)),
  };
}

function buildApi(
  random: Random,
  { noun, regions, accounts }: { noun: string; regions: readonly string[]; accounts: readonly Account[] },
): Api {
  const account = random.pick(accounts);
  const rest = random.chance(0.45);
  const keyed = random.chance(0.3);
  const count = random.chance(0.6) ? random.int(2, 3) : 1;
  const backends = Array.from({ length: count }, (_, i) =>
    buildBackend(random, { noun, i, rest, keyed, account, regions }),
  );
  return {
    id: random.chance(0.5) ? `${noun}-api` : noun,
    product: `${noun}-${random.pick(["standard", "partner", "internal"])}`,
    audience: `api://${noun}`,
    backends,
    inTurn: unitHash(noun, count) < 0.7,
    operations: buildOperations(random, noun, account),
    tokens: random.chance(0.85),
    claims: random.chance(0.85),
    headers: random.chance(0.8),
    bodies: random.chance(0.35),
  };
}

function buildBackend(
  random: Random,
  from: { noun: string; i: number; rest: boolean; keyed: boolean; account: Account; regions: readonly string[] },
): Backend {
  const { noun, i, rest, keyed, account, regions } = from;
  const own = `198.51.${random.int(0, 255)}`;
  return {
    id: `${noun}-be-${"abc"[i] ?? i}`,
    kind: rest ? "rest" : "app",
    url: rest ? `https://${account.name}.documents.azure.com` : `https://${noun}-${i}.azurewebsites.net`,
    account,
    principal: keyed ? undefined : random.guid(),
    credential: keyed ? random.pick(["PrimaryMasterKey", "SecondaryMasterKey"]) : "AadToken",
    roleAssignment: random.guid(),
    egress: new Map(regions.map((region) => [region, rest ? `192.0.${random.int(3, 250)}` : own])),
    userAgent: rest
      ? ""
      : random.pick(["cosmos-netstandard-sdk/3.46", "azsdk-js-cosmos/4.2", "azsdk-java-cosmos/4.63"]),
  };
}

function buildOperations(random: Random, noun: string, account: Account): readonly Operation[] {
  const container = random.pick(account.containers);
  const reads = random.some(READS, random.int(1, 3)).map((verb) => ({
    id: `${verb}-${noun}`,
    method: "GET",
    path: `/${noun}/{id}`,
    write: false,
    steps: [{ operation: verb === "get" ? "Read" : "Query", container }],
  }));
  const writes = random.some(WRITES, random.int(1, 3)).map((verb) => ({
    id: `${verb}-${noun}`,
    method: verb === "delete" ? "DELETE" : verb === "create" ? "POST" : "PUT",
    path: `/${noun}/{id}`,
    write: true,
    steps: [
      ...(random.chance(0.4) ? [{ operation: "Read", container }] : []),
      {
        operation: { delete: "Delete", create: "Create" }[verb] ?? "Upsert",
        container: random.chance(0.3) ? random.pick(account.containers) : container,
      },
    ],
  }));
  return [...reads, ...writes];
}

function buildApp(
  random: Random,
  { i, apis, regions }: { i: number; apis: readonly Api[]; regions: readonly string[] },
): App {
  return {
    name: `${random.pick(TEAMS)}-${i}`,
    appId: random.guid(),
    objectId: random.guid(),
    subscription: random.chance(0.7) ? `${random.pick(TEAMS)}-${random.hex(4)}` : undefined,
    apis: random.some(apis, random.int(1, 3)),
    weight: 1 / (1 + i) ** random.pick([0.5, 0.8, 1]),
    networks: Array.from({ length: random.int(1, 3) }, () => `203.0.${random.int(1, 254)}`),
    userAgent: random.pick(AGENTS),
    version: random.chance(0.7) ? "2.0" : "1.0",
    roles: random.chance(0.6) ? random.pick(["Reader", "Writer", "Orders.Read Orders.Write"]) : "",
    scopes: random.chance(0.4) ? random.pick(["user_impersonation", "access_as_user"]) : "",
    tokenLifeMs: random.int(60, 90) * 60_000,
    phaseMs: random.int(0, 90) * 60_000,
    homeRegion: random.pick(regions),
  };
}
