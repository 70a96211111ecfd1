import { createDice, type Dice } from "./dice.ts";

export interface Gateway {
  readonly resource: string;
  readonly region: string;
  readonly host: string;
}

export interface Container {
  readonly resource: string;
  readonly account: string;
  readonly database: string;
  readonly name: string;
  readonly rid: string;
}

export interface Api {
  readonly id: string;
  readonly revision: string;
  readonly containers: readonly Container[];
}

export interface Operation {
  readonly id: string;
  readonly method: string;
  /** What it asks of Cosmos DB. */
  readonly cosmos: string;
  readonly success: number;
}

/** Who and what occurs in a corpus; callers by their rank. */
export interface Tenant {
  readonly gateways: readonly Gateway[];
  readonly apis: readonly Api[];
  readonly containers: readonly Container[];
  readonly callers: readonly string[];
  readonly addresses: readonly string[];
  readonly backendAddresses: readonly string[];
  readonly subscriptions: readonly string[];
  readonly apps: readonly string[];
  readonly identities: readonly string[];
  readonly roles: readonly string[];
  readonly agents: readonly string[];
  readonly cosmosAgents: readonly string[];
  readonly tenantId: string;
}

const SUBSCRIPTION = "F1A2B3C4-1111-2222-3333-444455556666";
const REGIONS = [
  ["WEU-01", "West Europe"],
  ["NEU-01", "North Europe"],
  ["EUS-02", "East US"],
] as const;
const ACCOUNTS = ["orders", "customers", "catalog", "ledger"];
const CONTAINERS = ["items", "events", "profiles", "audit", "sessions", "prices", "leases", "snapshots"];
const AREAS = ["orders", "customers", "catalog", "ledger", "billing", "shipping"];

export const OPERATIONS: readonly Operation[] = [
  { id: "get-item", method: "GET", cosmos: "Read", success: 200 },
  { id: "list-items", method: "GET", cosmos: "Query", success: 200 },
  { id: "create-item", method: "POST", cosmos: "Create", success: 201 },
  { id: "upsert-item", method: "PUT", cosmos: "Upsert", success: 200 },
  { id: "delete-item", method: "DELETE", cosmos: "Delete", success: 204 },
  { id: "query-items", method: "POST", cosmos: "Query", success: 200 },
  { id: "patch-item", method: "PATCH", cosmos: "Patch", success: 200 },
  { id: "bulk-import", method: "POST", cosmos: "Batch", success: 200 },
  { id: "export", method: "GET", cosmos: "ReadFeed", success: 200 },
  { id: "health", method: "GET", cosmos: "Read", success: 200 },
];

const AGENTS = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/12%.0.0.0 Safari/537.36",
  "python-requests/2.3%.0",
  "okhttp/4.%.0",
  "ContosoMobile/7.% (iOS 17.%; iPhone15,3)",
  "axios/1.%.2",
  "Java-http-client/21.0.%",
];
const COSMOS_AGENTS = [
  "cosmos-netstandard-sdk/3.3%.1|%|X64|Linux 5.15.0-1052-azure 57 20.0|.NET 8.0.%|N|F 00000010|",
  "azure-cosmos-java/4.5%.0 Linux/5.15 JRE/17.0.%",
  "azure-cosmos-js/4.%.0 Nodejs 20.1%.0 linux",
];

const many = <T>(length: number, make: (i: number) => T): readonly T[] => Array.from({ length }, (_, i) => make(i));

export function createTenant(seed: number, callers: number): Tenant {
  const dice = createDice(seed);
  const agent = (list: readonly string[], i: number): string => dice.pick(list).replaceAll("%", String(i % 10));
  const containers = containersOf(dice);
  return {
    gateways: REGIONS.map(([name, region]) => ({
      resource: `/SUBSCRIPTIONS/${SUBSCRIPTION}/RESOURCEGROUPS/RG-PLATFORM-API-PROD/PROVIDERS/MICROSOFT.APIMANAGEMENT/SERVICE/APIM-CONTOSO-PROD-${name}`,
      region,
      host: `api-${name.slice(0, 3).toLowerCase()}.contoso.com`,
    })),
    apis: many(40, (i) => ({
      id: `${dice.pick(AREAS)}-api-v${1 + (i % 3)}-${i}`,
      revision: String(1 + dice.below(7)),
      containers: [dice.pick(containers), dice.pick(containers), dice.pick(containers)],
    })),
    containers,
    callers: many(callers, () => dice.guid()),
    addresses: many(20_000, () => address(dice, 20 + dice.below(150))),
    backendAddresses: many(64, () => address(dice, 10)),
    subscriptions: many(300, () => `sub-${dice.hex8()}`),
    apps: many(50, () => dice.guid()),
    identities: many(24, () => dice.guid()),
    roles: many(30, () => dice.guid()),
    agents: many(60, (i) => agent(AGENTS, i)),
    cosmosAgents: many(16, (i) => agent(COSMOS_AGENTS, i)),
    tenantId: dice.guid(),
  };
}

const address = (dice: Dice, first: number): string =>
  `${first}.${dice.below(256)}.${dice.below(256)}.${1 + dice.below(254)}`;

function containersOf(dice: Dice): readonly Container[] {
  return ACCOUNTS.flatMap((account) =>
    [0, 1].flatMap((database) =>
      CONTAINERS.map((name) => ({
        resource: `/SUBSCRIPTIONS/${SUBSCRIPTION}/RESOURCEGROUPS/RG-DATA-PROD/PROVIDERS/MICROSOFT.DOCUMENTDB/DATABASEACCOUNTS/COSMOS-CONTOSO-${account.toUpperCase()}`,
        account: `cosmos-contoso-${account}`,
        database: `${account}-db${database}`,
        name,
        rid: `${Buffer.from(`${dice.hex8()}${dice.hex8().slice(0, 4)}`, "hex").toString("base64")}A=`,
      })),
    ),
  );
}
