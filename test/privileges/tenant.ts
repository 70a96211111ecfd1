import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadExceptions } from "../../src/config/exceptions.ts";
import { analyzePaths } from "../../src/commands/analyze-paths.ts";
import type { Finding } from "../../src/model/finding.ts";
import type { Report } from "../../src/model/report.ts";
import { gatewayFiles, type GatewaySpec } from "./gateway-tenant.ts";

/** A small tenant: roles in short words, operations by day. Turned into records as Azure writes them. */
export interface TenantSpec {
  readonly about: string;
  readonly definitions?: readonly { readonly id: string; readonly actions: readonly string[] }[];
  readonly assignments?: readonly AssignmentSpec[];
  readonly operations: readonly OperationSpec[];
  readonly activity?: readonly (AssignmentSpec & { readonly time: string; readonly verb: "write" | "delete" })[];
  readonly containers?: readonly { readonly time: string; readonly operation: string; readonly container: string }[];
  readonly signIns?: readonly { readonly application: string; readonly principal: string }[];
  readonly keysListed?: readonly string[];
  readonly exceptions?: readonly Record<string, string>[];
  readonly gateway?: GatewaySpec;
}

interface AssignmentSpec {
  readonly id: string;
  readonly principal: string;
  readonly role: string;
  readonly scope: string;
}

interface OperationSpec {
  readonly who: string;
  readonly operation: string;
  readonly type?: string;
  /** `database/container`, or `database`, or "". */
  readonly at: string;
  readonly from: string;
  readonly days: number;
  readonly every?: number;
  readonly status?: number;
  readonly applied?: string;
  /** Minutes of an aggregated table; `count` operations a row. */
  readonly minutes?: 5 | 15;
  readonly count?: number;
  readonly agent?: string;
  readonly network?: string;
}

const ACCOUNT =
  "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/rg-shop/providers/Microsoft.DocumentDB/databaseAccounts/cosmos-shop";
const GROUPS: Readonly<Record<string, string>> = { p: "dddddddd", a: "aaaaaaaa", d: "eeeeeeee", app: "bbbbbbbb" };

/** `p1` is a principal, `a1` an assignment, `d1` a definition, `app1` an application. */
export function idOf(name: string): string {
  const [, kind = "", number = "0"] = /^([a-z]+)(\d+)$/.exec(name) ?? [];
  const first = GROUPS[kind];
  if (first === undefined) throw new Error(`no id: ${name}`);
  return `${first}-0000-4000-8000-${number.padStart(12, "0")}`;
}

const ROLES: Readonly<Record<string, string>> = {
  reader: "00000000-0000-0000-0000-000000000001",
  contributor: "00000000-0000-0000-0000-000000000002",
};
const definitionId = (role: string): string => `${ACCOUNT}/sqlRoleDefinitions/${ROLES[role] ?? idOf(role)}`;
const scopeId = (scope: string): string => (scope === "/" ? ACCOUNT : `${ACCOUNT}${scope}`);

const action = (name: string): string =>
  `Microsoft.DocumentDB/databaseAccounts/${name === "readMetadata" ? name : `sqlDatabases/containers/${name}`}`;

const assignment = ({ id, principal, role, scope }: AssignmentSpec): object => ({
  id: `${ACCOUNT}/sqlRoleAssignments/${idOf(id)}`,
  name: idOf(id),
  principalId: idOf(principal),
  resourceGroup: "rg-shop",
  roleDefinitionId: definitionId(role),
  scope: scopeId(scope),
  type: "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments",
});

const definition = ({ id, actions }: { readonly id: string; readonly actions: readonly string[] }): object => ({
  id: `${ACCOUNT}/sqlRoleDefinitions/${idOf(id)}`,
  name: idOf(id),
  type: "Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions",
  properties: {
    roleName: `role ${id}`,
    type: "CustomRole",
    assignableScopes: [ACCOUNT],
    permissions: [{ dataActions: actions.map(action), notDataActions: [] }],
  },
});

const DAY_MS = 86_400_000;
let serial = 0;

function operationRecords(spec: OperationSpec): readonly object[] {
  const every = spec.every ?? 1;
  const begin = Date.parse(`${spec.from}T12:00:00Z`);
  return Array.from({ length: Math.ceil(spec.days / every) }, (_, i) => {
    const time = new Date(begin + i * every * DAY_MS).toISOString();
    return spec.minutes === undefined ? single(spec, time) : total(spec, time);
  });
}

const fieldsOf = ({ who, at, applied = "", status = 200, type = "Document" }: OperationSpec) => {
  const [database = "", container = ""] = at.split("/");
  const isKey = !/^(?:p|app)\d+$/.test(who);
  return {
    database,
    container,
    status,
    type,
    token: isKey ? who : "AadToken",
    principal: isKey ? "" : idOf(who),
    applied: applied === "" ? "" : idOf(applied),
  };
};

function single(spec: OperationSpec, time: string): object {
  const { database, container, status, type, token, principal, applied } = fieldsOf(spec);
  serial += 1;
  return {
    time,
    resourceId: ACCOUNT.toUpperCase(),
    category: "DataPlaneRequests",
    operationName: spec.operation,
    properties: {
      activityId: `cccccccc-0000-4000-8000-${String(serial).padStart(12, "0")}`,
      requestResourceType: type,
      databaseName: database,
      collectionName: container,
      statusCode: String(status),
      duration: "1.5",
      requestCharge: "1.0",
      clientIpAddress: `${spec.network ?? "198.51.100"}.4`,
      userAgent: `${spec.agent ?? "cosmos-netstandard-sdk"}/3.46`,
      authTokenType: token,
      aadPrincipalId: principal,
      aadAppliedRoleAssignmentId: applied,
    },
  };
}

function total(spec: OperationSpec, time: string): object {
  const { database, container, status, type, token, principal, applied } = fieldsOf(spec);
  return {
    TimeGenerated: time,
    Type: `CDBDataPlaneRequests${spec.minutes}M`,
    _ResourceId: ACCOUNT.toLowerCase(),
    AccountName: "COSMOS-SHOP",
    OperationName: spec.operation,
    RequestResourceType: type,
    DatabaseName: database,
    CollectionName: container,
    StatusCode: status,
    SampleCount: spec.count ?? 1,
    AuthTokenType: token,
    AadPrincipalId: principal,
    AadAppliedRoleAssignmentId: applied,
    ClientIpAddress: `${spec.network ?? "198.51.100"}.4`,
    UserAgent: `${spec.agent ?? "cosmos-netstandard-sdk"}/3.46`,
  };
}

function activityRecord(spec: NonNullable<TenantSpec["activity"]>[number]): object {
  serial += 1;
  const body = {
    properties: {
      principalId: idOf(spec.principal),
      roleDefinitionId: definitionId(spec.role),
      scope: scopeId(spec.scope),
    },
  };
  return {
    time: spec.time,
    resourceId: `${ACCOUNT}/sqlRoleAssignments/${idOf(spec.id)}`.toUpperCase(),
    operationName: `MICROSOFT.DOCUMENTDB/DATABASEACCOUNTS/SQLROLEASSIGNMENTS/${spec.verb.toUpperCase()}`,
    category: "Administrative",
    resultType: "Success",
    correlationId: `ffffffff-0000-4000-8000-${String(serial).padStart(12, "0")}`,
    properties: {
      entity: `${ACCOUNT}/sqlRoleAssignments/${idOf(spec.id)}`,
      ...(spec.verb === "write" ? { requestbody: JSON.stringify(body) } : {}),
    },
  };
}

const keyListing = (time: string): object => ({
  time,
  resourceId: ACCOUNT.toUpperCase(),
  operationName: "MICROSOFT.DOCUMENTDB/DATABASEACCOUNTS/LISTKEYS/ACTION",
  category: "Administrative",
  resultType: "Success",
  correlationId: `ffffffff-1111-4000-8000-${String((serial += 1)).padStart(12, "0")}`,
  properties: {},
});

const containerChange = ({ time, operation, container }: NonNullable<TenantSpec["containers"]>[number]): object => ({
  time,
  resourceId: ACCOUNT.toUpperCase(),
  category: "ControlPlaneRequests",
  operationName: operation,
  properties: {
    activityId: `e${(serial += 1)}`,
    httpstatusCode: "200",
    resourceUri: `/dbs/${container.replace("/", "/colls/")}`,
  },
});

const signIn = ({ application, principal }: { readonly application: string; readonly principal: string }): object => ({
  time: "2026-01-01T00:00:00Z",
  resourceId: "/tenants/t/providers/Microsoft.aadiam",
  category: "ServicePrincipalSignInLogs",
  operationName: "Sign-in activity",
  properties: {
    id: `99999999-0000-4000-8000-${String((serial += 1)).padStart(12, "0")}`,
    createdDateTime: "2026-01-01T00:00:00Z",
    appId: idOf(application),
    servicePrincipalId: idOf(principal),
    servicePrincipalName: application,
    status: { errorCode: 0 },
  },
});

/** Files of the tenant, as its operator would gather them. */
export function filesOf(spec: TenantSpec): ReadonlyMap<string, string> {
  const lines = (records: readonly object[]): string => records.map((record) => JSON.stringify(record)).join("\n");
  const files = new Map([
    ["operations.ndjson", lines(spec.operations.flatMap(operationRecords))],
    [
      "control.ndjson",
      lines([
        ...(spec.activity ?? []).map(activityRecord),
        ...(spec.keysListed ?? []).map(keyListing),
        ...(spec.containers ?? []).map(containerChange),
        ...(spec.signIns ?? []).map(signIn),
      ]),
    ],
  ]);
  if (spec.gateway !== undefined) for (const [name, text] of gatewayFiles(spec.gateway)) files.set(name, text);
  if (spec.assignments !== undefined) files.set("assignments.json", JSON.stringify(spec.assignments.map(assignment)));
  if (spec.definitions !== undefined)
    files.set("definitions.json", JSON.stringify({ value: spec.definitions.map(definition) }));
  if (spec.exceptions !== undefined)
    files.set(
      "../exceptions.yml",
      JSON.stringify({
        exceptions: spec.exceptions.map((one) => Object.assign({}, one, { principal: idOf(one["principal"] ?? "") })),
      }),
    );
  return files;
}

/** What the tenant's files are analyzed to. */
export async function analyzeTenant(
  spec: TenantSpec,
  { copies = [] }: { readonly copies?: readonly string[] } = {},
): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "scopetrail-tenant-"));
  const logs = mkdtempSync(join(folder, "logs-"));
  try {
    for (const [name, text] of filesOf(spec)) {
      if (text === "") continue;
      writeFileSync(join(logs, name), text);
      for (const copy of copies) writeFileSync(join(logs, `${copy}-${name}`), text);
    }
    const exceptions = spec.exceptions === undefined ? undefined : await loadExceptions(join(folder, "exceptions.yml"));
    if (exceptions?.ok === false) throw new Error(exceptions.error.join("\n"));
    return await analyzePaths([logs], {
      seed: 1,
      ...(exceptions === undefined ? {} : { exceptions: exceptions.value }),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const short = (name: string): string =>
  name.replace("Microsoft.DocumentDB/databaseAccounts/", "").replace("sqlDatabases/containers/", "");
const named = (text: string): string =>
  text
    .replaceAll(/dddddddd-0000-4000-8000-0*(\d+)/g, "p$1")
    .replaceAll(/aaaaaaaa-0000-4000-8000-0*(\d+)/g, "a$1")
    .replaceAll(/bbbbbbbb-0000-4000-8000-0*(\d+)/g, "app$1");

function accessOf({ kind, severity, subject, cause, fix }: Finding): object {
  const [first] = cause.evidence;
  return {
    kind,
    severity,
    who: subject.product ?? subject.principal,
    cause: cause.id,
    unused: /^Not called in \d+ observed days: (.*)\. Score/.exec(first?.says ?? "")?.[1],
    score: first?.fields["score"],
    abstains: cause.evidence.flatMap(({ fields }) => fields["abstains"] ?? []),
    commands: fix.commands.map((line) =>
      line.startsWith("az rest")
        ? (/--body '(.*)'$/.exec(line)?.[1] ?? "").replaceAll(/\/subscriptions.*?apim-shop/g, "")
        : line.split(" ").slice(0, 5).join(" "),
    ),
  };
}

/** What a hand-derived answer says of a finding. */
export function summaryOf(finding: Finding): object {
  const { kind, severity, status, subject, cause, privilege } = finding;
  if (kind === "access-wider-than-use") return accessOf(finding);
  if (privilege === null) return { kind, cause: cause.id };
  const { recommended } = privilege;
  const roles = recommended === null ? [] : [recommended, ...recommended.further];
  const needs = roles.flatMap(({ roleDefinition, assignments }) =>
    assignments.map(({ scope }) => [
      scope,
      roleDefinition.Permissions.flatMap(({ DataActions }) => DataActions.map(short)).join(" "),
    ]),
  );
  return {
    kind,
    severity,
    status,
    who: named(subject.principal ?? ""),
    cause: cause.id,
    needs: Object.fromEntries(needs.toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1))),
    removes: privilege.commands.apply
      .filter((line) => line.includes("assignment delete"))
      .map((line) => named(/--role-assignment-id '([^']+)'/.exec(line)?.[1] ?? "")),
    replay: `${privilege.replay.wouldBeDenied} of ${privilege.replay.calls}`,
    days: privilege.exposure.days,
    enough: privilege.exposure.enough,
    score: privilege.score,
    abstains: privilege.abstains.map(({ id }) => id),
  };
}
