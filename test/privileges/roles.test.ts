import { describe, expect, test } from "vitest";
import { Fields } from "../../src/normalize/fields.ts";
import { normalize } from "../../src/normalize/normalize.ts";
import { contains, parseScope, scopeText } from "../../src/model/grant.ts";
import { namesOf } from "../../src/privileges/actions.ts";
import { addRole, createRoles, grantsOf, noteRoleChange } from "../../src/privileges/roles.ts";
import type { RoleAssignment } from "../../src/model/grant.ts";
import { at, change } from "../builders.ts";

const ACCOUNT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.DocumentDB/databaseAccounts/Shop";

const scopes: { text: string; scope: string | undefined }[] = [
  { text: "/", scope: "/" },
  { text: ACCOUNT, scope: "/" },
  { text: `${ACCOUNT}/`, scope: "/" },
  { text: "/dbs/Shop", scope: "/dbs/Shop" },
  { text: `${ACCOUNT}/dbs/shop/colls/orders`, scope: "/dbs/shop/colls/orders" },
  { text: `${ACCOUNT}/sqlDatabases/shop/containers/orders`, scope: "/dbs/shop/colls/orders" },
  { text: "", scope: undefined },
  { text: "/dbs/", scope: undefined },
  { text: "/dbs/shop/docs/1", scope: undefined },
  { text: `/dbs/${"x".repeat(256)}`, scope: undefined },
];
describe("a scope", () => {
  test.each(scopes)("$text", ({ text, scope }) => {
    const parsed = parseScope(text);
    expect(parsed === undefined ? undefined : scopeText(parsed)).toBe(scope);
  });
  test("of a database holds its containers, not those of one whose name begins alike or differs in case", () => {
    const shop = { database: "shop", container: "" };
    expect(contains(shop, { database: "shop", container: "a" })).toBe(true);
    expect(contains(shop, { database: "shop2", container: "a" })).toBe(false);
    expect(contains(shop, { database: "Shop", container: "a" })).toBe(false);
    expect(contains({ database: "shop", container: "a" }, shop)).toBe(false);
  });
});

const read = (value: Record<string, unknown>) =>
  normalize({ value, position: { source: "s", partition: "0", sequence: 1, index: 0 }, repairs: [] });

const assignmentJson = {
  id: `${ACCOUNT}/sqlRoleAssignments/AAAAAAAA-0000-4000-8000-000000000001`,
  principalId: "DDDDDDDD-0000-4000-8000-000000000001",
  roleDefinitionId: `${ACCOUNT}/sqlRoleDefinitions/00000000-0000-0000-0000-000000000002`,
  scope: ACCOUNT,
};
const definitionJson = {
  id: `${ACCOUNT}/sqlRoleDefinitions/eeeeeeee-0000-4000-8000-000000000001`,
  type: "Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions",
  roleName: "mine",
  typePropertiesType: "CustomRole",
  permissions: [{ dataActions: ["a", "b"] }, { dataActions: ["c"] }],
};

describe("an inventory's record", () => {
  test("flattened as az prints it, and nested as the management interface answers, is the same", () => {
    const { id, ...properties } = assignmentJson;
    const flat = read(assignmentJson);
    expect(flat).toMatchObject({
      kind: "role",
      role: {
        kind: "assignment",
        account: "shop",
        id: "aaaaaaaa-0000-4000-8000-000000000001",
        principal: "dddddddd-0000-4000-8000-000000000001",
        definition: "00000000-0000-0000-0000-000000000002",
      },
    });
    expect(read({ id, properties })).toEqual(flat);
  });
  test("of a definition has the actions of all its permissions", () =>
    expect(read(definitionJson)).toMatchObject({ kind: "role", role: { dataActions: ["a", "b", "c"], name: "mine" } }));
  const bad = [
    { name: "without principal", value: { ...assignmentJson, principalId: "" }, reason: "no-principal" },
    { name: "with another scope", value: { ...assignmentJson, scope: "/x" }, reason: "bad-scope" },
    { name: "without permissions", value: { ...definitionJson, permissions: undefined }, reason: "no-permissions" },
    {
      name: "with permissions of another type",
      value: { ...definitionJson, permissions: [{ dataActions: "*" }] },
      reason: "bad-permissions",
    },
  ];
  test.each(bad)("$name is a reject", ({ value, reason }) =>
    expect(read(value)).toMatchObject({ kind: "reject", reject: { reason } }),
  );
  test("is told by its id alone: a log's record with such a word elsewhere is none", () =>
    expect(read({ ...assignmentJson, id: `see ${assignmentJson.id} there` }).kind).toBe("filtered"));
  test("is read by fields, so that a name of every object is none", () =>
    expect(
      new Fields({ value: {}, position: { source: "", partition: "", sequence: 0, index: 0 }, repairs: [] }).text(
        "constructor",
      ),
    ).toBeUndefined());
});

const assignment: RoleAssignment = {
  kind: "assignment",
  account: "shop",
  accountId: ACCOUNT,
  id: "a1",
  principal: "p1",
  definition: "00000000-0000-0000-0000-000000000001",
  scope: { database: "", container: "" },
};
const written = (over: Parameters<typeof change>[0] = {}, details: readonly (readonly [string, string])[] = []) =>
  change({
    change: "role-assignment",
    operation: "microsoft.documentdb/databaseaccounts/sqlroleassignments/write",
    details: new Map([["resource", `${ACCOUNT}/sqlRoleAssignments/a1`], ...details]),
    ...over,
  });
const PRINCIPAL = [
  ["principalId", "p1"],
  ["roleDefinitionId", "x/00000000-0000-0000-0000-000000000001"],
  ["scope", `${ACCOUNT}/dbs/shop`],
] as const;
const gone = (seconds: number, result: "started" | "succeeded" | "failed" = "succeeded") =>
  written({ time: at(seconds), action: "delete", result });

describe("grants over time", () => {
  const after = (...changes: Parameters<typeof noteRoleChange>[1][]) => {
    const roles = createRoles();
    for (const one of changes) noteRoleChange(roles, one);
    return grantsOf(roles).map(({ assignment: { principal, scope }, since }) => ({
      principal,
      scope: scopeText(scope),
      since,
    }));
  };
  const held = (seconds: number) => [{ principal: "p1", scope: "/dbs/shop", since: at(seconds) }];
  test("a write makes a grant", () => expect(after(written({ time: at(1) }, PRINCIPAL))).toEqual(held(1)));
  test("what a write says where it starts holds where it succeeds", () =>
    expect(after(written({ time: at(1), result: "started" }, PRINCIPAL), written({ time: at(2) }))).toEqual(held(2)));
  test("a write that fails makes none", () => expect(after(written({ result: "failed" }, PRINCIPAL))).toEqual([]));
  test("a delete takes it, and a later write gives it back", () => {
    expect(after(written({ time: at(1) }, PRINCIPAL), gone(2))).toEqual([]);
    expect(after(written({ time: at(1) }, PRINCIPAL), gone(2), written({ time: at(3) }, PRINCIPAL))).toEqual(held(3));
  });
  test("a delete that only started takes nothing", () =>
    expect(after(written({ time: at(1) }, PRINCIPAL), gone(2, "started"))).toEqual(held(1)));
  test("the order in which they come does not matter", () =>
    expect(after(written({ time: at(3) }, PRINCIPAL), gone(2), written({ time: at(1) }, PRINCIPAL))).toEqual(held(3)));
  test("a listed assignment stays as it is listed; the log tells since when", () => {
    const roles = createRoles();
    addRole(roles, assignment);
    noteRoleChange(roles, written({ time: at(5) }, PRINCIPAL));
    expect(grantsOf(roles)).toMatchObject([{ assignment, since: at(5), roleName: "Cosmos DB Built-in Data Reader" }]);
  });
  test("a built-in role needs no list; another does", () => {
    const roles = createRoles();
    addRole(roles, assignment);
    addRole(roles, { ...assignment, id: "a2", definition: "d9" });
    expect(grantsOf(roles).map(({ isKnown, actions }) => [isKnown, namesOf(actions).length])).toEqual([
      [true, 4],
      [false, 0],
    ]);
  });
  test("records of one id that differ count, and the order of files does not matter", () => {
    const other = { ...assignment, principal: "p2" };
    const outcomes = [
      [assignment, other],
      [other, assignment],
      [other, assignment, assignment],
    ].map((list) => {
      const roles = createRoles();
      for (const record of list) addRole(roles, record);
      return [grantsOf(roles).map(({ assignment: { principal } }) => principal), roles.conflicts > 0];
    });
    expect(outcomes).toEqual([
      [["p2"], true],
      [["p2"], true],
      [["p2"], true],
    ]);
  });
});
