import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import type { RoleAssignment } from "../../src/model/grant.ts";
import { actionsOf } from "../../src/privileges/actions.ts";
import type { Grant } from "../../src/privileges/roles.ts";
import { azCommands, bicepOf, bodyOf, wayDown } from "../../src/privileges/way-down.ts";

const NASTY = "sh'op$(touch /tmp/x)`id`\"\\${a}";
const account = {
  name: "shop",
  id: "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/rg/providers/Microsoft.DocumentDB/databaseAccounts/shop",
};
const assigned = (over: Partial<RoleAssignment> = {}): RoleAssignment => ({
  kind: "assignment",
  account: "shop",
  accountId: account.id,
  id: "a1",
  principal: "p1",
  definition: "d1",
  scope: { database: "", container: "" },
  ...over,
});
const grant = (actions: number, over: Partial<RoleAssignment> = {}): Grant => ({
  assignment: assigned(over),
  roleName: "r",
  actions,
  isKnown: true,
  isBuiltIn: false,
  since: undefined,
});
const read = actionsOf(["*/items/read"]);
const orders = { database: "shop", container: "orders" };

describe("the way down", () => {
  test("adds what is needed before it removes, and back in the same spirit", () => {
    const { apply, rollback } = azCommands(
      wayDown({ account, principal: "p1" }, [grant(2047)], [{ actions: read, scopes: [orders] }]),
    );
    const words = (lines: readonly string[]) => lines.map((line) => /role (\w+ \w+)/.exec(line)?.[1]);
    expect(words(apply)).toEqual(["definition create", "assignment create", "assignment delete"]);
    expect(words(rollback)).toEqual(["assignment create", "assignment delete", "definition delete"]);
    expect(rollback[0]).toContain(
      "--role-assignment-id 'a1' --role-definition-id 'd1' --principal-id 'p1' --scope '/'",
    );
  });
  test("keeps an assignment that is needed as it is", () => {
    const way = wayDown(
      { account, principal: "p1" },
      [grant(read, { scope: orders }), grant(2047, { id: "a2" })],
      [{ actions: read, scopes: [orders] }],
    );
    expect(way).toMatchObject({ definitions: [], add: [], remove: [{ id: "a2" }] });
  });
  test("keeps one of two that are needed and alike", () => {
    const twins = [grant(read, { scope: orders }), grant(read, { scope: orders, id: "a2" })];
    const way = wayDown({ account, principal: "p1" }, twins, [{ actions: read, scopes: [orders] }]);
    expect(way).toMatchObject({ definitions: [], add: [], remove: [{ id: "a2" }] });
  });
  test("makes the same definition for the same actions and scopes, another for others", () => {
    const role = { actions: read, scopes: [orders] };
    expect(bodyOf("shop", role)).toEqual(bodyOf("shop", role));
    expect(bodyOf("shop", role).Id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(
      new Set([role, { ...role, actions: 3 }, { ...role, scopes: [] }].map((one) => bodyOf("shop", one).Id)).size,
    ).toBe(3);
  });

  const hostile = wayDown(
    { account: { ...account, name: NASTY }, principal: NASTY },
    [grant(2047, { id: NASTY, principal: NASTY })],
    [{ actions: read, scopes: [{ database: NASTY, container: NASTY }] }],
  );
  test("hands hostile names to the shell as they are, and runs nothing of them", () => {
    const { apply, rollback } = azCommands(hostile);
    for (const line of [...apply, ...rollback]) {
      const argv = execFileSync("sh", ["-c", `az() { for a in "$@"; do printf '%s\\0' "$a"; done; }; ${line}`], {
        encoding: "utf8",
      });
      expect(argv.split("\0")).toContain(NASTY);
    }
  });
  test("interpolates nothing of hostile names in Bicep", () => {
    const { apply, rollback } = bicepOf(hostile);
    for (const text of [apply, rollback])
      for (const line of text.split("\n").filter((one) => !one.startsWith("//")))
        expect(line.replaceAll("${account.id}", "").replaceAll(/\\./g, "")).not.toContain("${");
  });
  test("as Bicep for an ordinary role", () => {
    const way = wayDown({ account, principal: "p1" }, [grant(2047)], [{ actions: read, scopes: [orders] }]);
    expect(bicepOf(way).apply).toMatchInlineSnapshot(`
      "// afterwards: az cosmosdb sql role assignment delete --account-name 'shop' --resource-group 'rg' --subscription '11111111-2222-4333-8444-555555555555' --role-assignment-id 'a1' --yes
      resource account 'Microsoft.DocumentDB/databaseAccounts@2024-11-15' existing = {
        name: 'shop'
      }
      resource role1 'Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions@2024-11-15' = {
        parent: account
        name: '57622f4a-e5af-8739-9583-e8f44629c10e'
        properties: {
          roleName: 'Scopetrail least 57622f4a'
          type: 'CustomRole'
          assignableScopes: ['\${account.id}/dbs/shop/colls/orders']
          permissions: [{ dataActions: ['Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/read'] }]
        }
      }
      resource assignment1 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2024-11-15' = {
        parent: account
        name: '55690fc2-8d67-8ebf-9663-99d766118873'
        properties: {
          principalId: 'p1'
          roleDefinitionId: role1.id
          scope: '\${account.id}/dbs/shop/colls/orders'
        }
      }
      "
    `);
  });
});
