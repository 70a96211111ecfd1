import { describe, expect, test } from "vitest";
import { formatInstant } from "../../src/model/time.ts";
import { batchOf, feed, listing, logOf, newAnalysis } from "./live-tenant.ts";
import { idOf, type TenantSpec } from "./tenant.ts";

const SUBSCRIPTION = "/subscriptions/11111111-2222-4333-8444-555555555555";
const ACCOUNT = `${SUBSCRIPTION}/resourceGroups/rg-shop/providers/Microsoft.DocumentDB/databaseAccounts/cosmos-shop`;
const OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const OPERATOR = "230815da-be43-4aae-9cb4-875f7bd000aa";
const KEY_READER = "fbdf93bf-df7d-467e-a4d2-9458aa1360c8";

const ROLES: Pick<TenantSpec, "assignments"> = {
  assignments: [{ id: "a1", principal: "p1", role: "reader", scope: "/dbs/shop/colls/orders" }],
};

const azureRole = (id: string, principal: string, role: string, scope: string): object => ({
  id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${idOf(id)}`,
  name: idOf(id),
  principalId: idOf(principal),
  principalType: "User",
  roleDefinitionId: `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
  scope,
  type: "Microsoft.Authorization/roleAssignments",
});

function saysOf(roles: readonly object[]): readonly string[] {
  const analysis = newAnalysis();
  feed(analysis, listing(ROLES, "2026-01-01T00:00:00Z"));
  const used = { from: "2026-01-01", days: 3, applied: "a1" };
  feed(analysis, batchOf(logOf([{ who: "p1", operation: "Read", at: "shop/orders", ...used }])));
  feed(analysis, batchOf(roles));
  expect(analysis.input.rejected).toBe(0);
  const found = [...analysis.standing.findings.values()].find(
    ({ kind, subject }) => kind === "indirect-data-access" && subject.account === "cosmos-shop",
  );
  return found === undefined ? [] : [found.title, ...found.cause.evidence.map(({ says }) => says)];
}

const cases: { name: string; roles: readonly object[]; expected: readonly RegExp[] }[] = [
  {
    name: "an owner of the subscription may list the keys",
    roles: [azureRole("a7", "p7", OWNER, SUBSCRIPTION)],
    expected: [
      /^1 principal reaches all data of cosmos-shop/,
      /Owner on \/subscriptions\/1.* may list the keys/,
      /No log/,
    ],
  },
  {
    name: "one of the account itself, in whatever case, and one of its group",
    roles: [
      azureRole("a7", "p7", KEY_READER, ACCOUNT.toUpperCase()),
      azureRole("a8", "p8", OWNER, `${SUBSCRIPTION}/resourceGroups/RG-SHOP`),
    ],
    expected: [/^2 principals reach/, /read-only keys/, /Owner/, /No log/],
  },
  { name: "an operator may not", roles: [azureRole("a7", "p7", OPERATOR, SUBSCRIPTION)], expected: [] },
  {
    name: "another account whose name begins alike is another one",
    roles: [azureRole("a7", "p7", OWNER, ACCOUNT.slice(0, -1))],
    expected: [],
  },
  {
    name: "what a management group holds is not told",
    roles: [
      azureRole("a7", "p7", OWNER, ACCOUNT),
      azureRole("a8", "p8", OWNER, "/providers/Microsoft.Management/managementGroups/root"),
    ],
    expected: [/^1 principal reaches/, /Owner/, /^1 assignment on a management group is not counted/, /No log/],
  },
];

describe("who reaches the data through management", () => {
  test.each(cases)("$name", ({ roles, expected }) => {
    const says = saysOf(roles);
    expect(says).toHaveLength(expected.length);
    says.forEach((text, i) => expect(text).toMatch(expected[i] ?? /never/));
  });
});

test("a live listing opens the finding, with a management group above; it ends when the assignment goes", () => {
  const analysis = newAnalysis();
  const lists = { account: "cosmos-shop", accountId: ACCOUNT, of: "azure" } as const;
  const at = (day: number): object => ({ lists, enqueued: Date.parse(`2026-01-0${day}T00:00:00Z`) });
  const root = "/providers/Microsoft.Management/managementGroups/root";
  const custom = {
    id: `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${idOf("d7")}`,
    properties: {
      roleName: "Key lister",
      permissions: [{ actions: ["Microsoft.DocumentDB/*/action"], notActions: [] }],
    },
  };
  feed(analysis, listing(ROLES, "2026-01-01T00:00:00Z"));
  feed(analysis, batchOf(logOf([{ who: "p1", operation: "Read", at: "shop/orders", from: "2026-01-01", days: 3 }])));
  const found = (): readonly string[] =>
    [...analysis.standing.findings.values()]
      .filter(({ kind }) => kind === "indirect-data-access")
      .map(({ status, cause }) => `${status}: ${cause.evidence[0]?.says}`);
  expect(found()).toEqual([]);
  feed(analysis, batchOf([custom, azureRole("a7", "p7", idOf("d7"), root)], at(4)));
  expect(found()).toEqual([`open: ${idOf("p7")} (User): Key lister on ${root.toLowerCase()} may list the keys.`]);
  feed(analysis, batchOf([], at(5)));
  expect(found()[0]).toMatch(/^resolved/);
});

const BODY = {
  Id: idOf("a7"),
  Properties: {
    PrincipalId: idOf("p7"),
    PrincipalType: "ServicePrincipal",
    RoleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${OWNER}`,
    Scope: SUBSCRIPTION,
  },
};

test("a write in the Activity log opens the finding on its day, a deletion ends it", () => {
  const analysis = newAnalysis();
  const record = (verb: "WRITE" | "DELETE", time: string): object => ({
    time,
    resourceId: `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments/${idOf("a7")}`.toUpperCase(),
    operationName: `MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/${verb}`,
    category: "Administrative",
    resultType: "Success",
    correlationId: idOf("a7"),
    properties: verb === "DELETE" ? {} : { requestbody: JSON.stringify(BODY) },
  });
  const uses = (from: string) => batchOf(logOf([{ who: "p1", operation: "Read", at: "shop/orders", from, days: 2 }]));
  feed(analysis, listing(ROLES, "2026-01-01T00:00:00Z"));
  feed(analysis, uses("2026-01-01"));
  feed(analysis, batchOf([record("WRITE", "2026-01-03T10:00:00Z")]));
  feed(analysis, uses("2026-01-04"));
  const found = (): string[] =>
    [...analysis.standing.findings.values()]
      .filter(({ kind }) => kind === "indirect-data-access")
      .map(
        ({ status, onset, cause }) =>
          `${status} since ${formatInstant(onset).slice(0, 10)}: ${cause.evidence[0]?.says}`,
      );
  expect(found()).toEqual([
    `open since 2026-01-03: ${idOf("p7")} (ServicePrincipal): Owner on ${SUBSCRIPTION} may list the keys, give itself any data-plane role and give itself any of Azure's roles. It was given on 2026-01-03.`,
  ]);
  feed(analysis, batchOf([record("DELETE", "2026-01-06T10:00:00Z")]));
  feed(analysis, uses("2026-01-07"));
  expect(found()[0]).toMatch(/^resolved/);
});
