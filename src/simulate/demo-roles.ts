import type { EpochMs } from "../model/time.ts";
import { toolsOf } from "./direct.ts";
import { Random } from "./random.ts";
import { type Account, type Backend, buildTenant, type Tenant } from "./tenant.ts";

/** Who holds which role in the simulated tenant, and what was used in the months before it is shown. */
export interface DemoRoles {
  /** Account name → its role definitions and assignments, as the management interface lists them. */
  readonly listings: ReadonlyMap<string, readonly object[]>;
  /** Rows of `CDBDataPlaneRequests15M`, a day each. */
  readonly history: readonly object[];
}

/** Long enough to hold the end of a quarter, whatever day it is. */
const HISTORY_DAYS = 120;
const DAY_MS = 86_400_000;
const READER = "00000000-0000-0000-0000-000000000001";
const CONTRIBUTOR = "00000000-0000-0000-0000-000000000002";
const PREFIX = "Microsoft.DocumentDB/databaseAccounts/";
const NARROW = [
  "readMetadata",
  ...["items/read", "executeQuery", "readChangeFeed"].map((end) => `sqlDatabases/containers/${end}`),
];

interface Use {
  readonly account: Account;
  readonly principal: string | undefined;
  readonly credential: string;
  readonly roleAssignment: string;
  readonly operation: string;
  readonly container: string;
  readonly userAgent: string;
}

export function demoRoles({ seed, now }: { readonly seed: number; readonly now: EpochMs }): DemoRoles {
  const tenant = buildTenant(seed);
  const random = new Random(seed * 53 + 11);
  const listings = new Map(tenant.accounts.map((account) => [account.name, rolesOf(tenant, account, random)]));
  const uses = usesOf(tenant);
  const today = Math.floor(now / DAY_MS);
  const history = Array.from({ length: HISTORY_DAYS }, (_, ago) =>
    uses.map((use) => rowOf(use, (today - HISTORY_DAYS + ago - 1) * DAY_MS, random)),
  ).flat();
  return { listings, history };
}

const backendsOf = ({ apis }: Tenant): readonly Backend[] => apis.flatMap(({ backends }) => backends);

/** A third of the backends may do everything, a third everything in their database; one grant nobody uses. */
function rolesOf(tenant: Tenant, account: Account, random: Random): readonly object[] {
  const id = `/subscriptions/${tenant.subscriptionId}/resourceGroups/rg-data/providers/Microsoft.DocumentDB/databaseAccounts/${account.name}`;
  const narrow = random.guid();
  const assign = (assignment: string, principal: string, role: string, scope: string): object => ({
    id: `${id}/sqlRoleAssignments/${assignment}`,
    name: assignment,
    type: "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments",
    properties: {
      principalId: principal,
      roleDefinitionId: `${id}/sqlRoleDefinitions/${role}`,
      scope: `${id}${scope}`,
    },
  });
  const own = backendsOf(tenant).filter((backend) => backend.account === account && backend.principal !== undefined);
  return [
    {
      id: `${id}/sqlRoleDefinitions/${narrow}`,
      name: narrow,
      type: "Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions",
      properties: {
        roleName: "orders-reading",
        type: "CustomRole",
        assignableScopes: [id],
        permissions: [{ dataActions: NARROW.map((action) => `${PREFIX}${action}`) }],
      },
    },
    ...own.map(({ roleAssignment, principal = "" }, i) =>
      assign(roleAssignment, principal, CONTRIBUTOR, i % 3 === 0 ? "" : `/dbs/${account.database}`),
    ),
    ...toolsOf(tenant)
      .filter((tool) => tool.account === account)
      .map(({ roleAssignment, principal }) => assign(roleAssignment, principal, CONTRIBUTOR, "")),
    assign(random.guid(), random.guid(), READER, ""),
    assign(random.guid(), random.guid(), narrow, `/dbs/${account.database}`),
  ];
}

/** What backends do for the gateway day by day. */
const usesOf = ({ apis }: Tenant): readonly Use[] =>
  apis.flatMap(({ backends, operations }) => {
    const steps = new Map(
      operations.flatMap((operation) => operation.steps).map((step) => [`${step.operation}|${step.container}`, step]),
    );
    return backends.flatMap(({ account, principal, credential, roleAssignment, userAgent }) =>
      [...steps.values()].map(({ operation, container }) => ({
        account,
        principal,
        credential,
        roleAssignment,
        operation,
        container,
        userAgent,
      })),
    );
  });

const rowOf = (use: Use, day: number, random: Random): object => ({
  TimeGenerated: new Date(day + 43_200_000).toISOString(),
  Type: "CDBDataPlaneRequests15M",
  AccountName: use.account.name.toUpperCase(),
  OperationName: use.operation,
  RequestResourceType: "Document",
  DatabaseName: use.account.database,
  CollectionName: use.container,
  StatusCode: 200,
  SampleCount: random.int(200, 4_000),
  AuthTokenType: use.credential,
  AadPrincipalId: use.principal ?? "",
  AadAppliedRoleAssignmentId: use.principal === undefined ? "" : use.roleAssignment,
  ClientIpAddress: `10.${random.int(1, 3)}.0.4`,
  UserAgent: use.userAgent,
});
