import { describe, expect, test } from "vitest";
import type { Change } from "../../src/model/event.ts";
import type { AzureAssignment } from "../../src/model/grant.ts";
import {
  addAzureRecord,
  azureGrantsOn,
  createAzureRoles,
  noteAzureChange,
  replaceAzure,
} from "../../src/privileges/azure-grants.ts";
import { azureReachOf } from "../../src/privileges/azure-reach.ts";
import { at, change } from "../builders.ts";

const SUBSCRIPTION = "/subscriptions/s1";
const ACCOUNT = `${SUBSCRIPTION}/resourceGroups/G/providers/Microsoft.DocumentDB/databaseAccounts/Shop`;
const OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";

const assignment = (name: string, scope: string): AzureAssignment => ({
  kind: "azure-assignment",
  id: `${scope}/providers/microsoft.authorization/roleassignments/${name}`.toLowerCase(),
  principal: `p-${name}`,
  principalType: "User",
  definition: OWNER,
  scope: scope.toLowerCase(),
});

const written = (name: string, seconds: number, over: Partial<Change> = {}): Change =>
  change({
    change: "role-assignment",
    operation: "microsoft.authorization/roleassignments/write",
    action: "write",
    time: at(seconds),
    details: new Map([
      ["resource", `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments/${name}`],
      ["principalId", `p-${name}`],
      ["principalType", "User"],
      ["roleDefinitionId", `/providers/Microsoft.Authorization/roleDefinitions/${OWNER.toUpperCase()}`],
      ["scope", `${SUBSCRIPTION}/`],
    ]),
    ...over,
  });
const bare = (name: string): Change["details"] =>
  new Map([["resource", `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments/${name.toUpperCase()}`]]);
const gone = (name: string, seconds: number, over: Partial<Change> = {}): Change =>
  written(name, seconds, {
    operation: "microsoft.authorization/roleassignments/delete",
    action: "delete",
    details: bare(name),
    ...over,
  });

interface Story {
  readonly name: string;
  readonly listed?: readonly AzureAssignment[];
  readonly live?: readonly (readonly [seconds: number, list: readonly AzureAssignment[]])[];
  readonly changes?: readonly Change[];
  readonly expected: readonly string[];
}

const stories: Story[] = [
  { name: "a list without a time holds", listed: [assignment("a", SUBSCRIPTION)], expected: ["p-a"] },
  { name: "a write gives", changes: [written("a", 1)], expected: ["p-a since 1"] },
  { name: "a write that failed gives nothing", changes: [written("a", 1, { result: "failed" })], expected: [] },
  { name: "a write that only began gives nothing", changes: [written("a", 1, { result: "started" })], expected: [] },
  {
    name: "what its begin tells holds where it succeeds",
    changes: [written("a", 1, { result: "started" }), written("a", 2, { details: bare("a") })],
    expected: ["p-a since 2"],
  },
  {
    name: "a write that does not tell to whom is told",
    changes: [written("a", 1, { details: bare("a") })],
    expected: ["1 untold"],
  },
  {
    name: "a deletion takes what a list has, in whatever case",
    listed: [assignment("a", SUBSCRIPTION)],
    changes: [gone("a", 5)],
    expected: [],
  },
  {
    name: "one that failed takes nothing",
    listed: [assignment("a", SUBSCRIPTION)],
    changes: [gone("a", 5, { result: "failed" })],
    expected: ["p-a"],
  },
  {
    name: "given again after it was taken",
    changes: [written("a", 9), gone("a", 5), written("a", 1)],
    expected: ["p-a since 9"],
  },
  {
    name: "on another subscription it is nothing to the account",
    listed: [assignment("a", "/subscriptions/s10")],
    expected: [],
  },
  {
    name: "on the group of the account it holds",
    listed: [assignment("a", `${SUBSCRIPTION}/resourcegroups/g`)],
    expected: ["p-a"],
  },
  {
    name: "on a container of the account it is not on the account",
    listed: [assignment("a", `${ACCOUNT}/sqlDatabases/d`)],
    expected: [],
  },
  { name: "on everything it holds", listed: [assignment("a", "/")], expected: ["p-a"] },
  {
    name: "a management group of a list without a place is not counted",
    listed: [assignment("a", "/providers/microsoft.management/managementgroups/root")],
    expected: ["1 unplaced"],
  },
  {
    name: "a live listing of the account tells that it holds",
    live: [[1, [assignment("a", "/providers/microsoft.management/managementgroups/root")]]],
    expected: ["p-a"],
  },
  {
    name: "a live listing takes the place of another list",
    listed: [assignment("a", SUBSCRIPTION)],
    live: [[1, []]],
    expected: [],
  },
  {
    name: "what a later listing has first is new since then, also in the listing after it",
    live: [
      [1, []],
      [2, [assignment("a", SUBSCRIPTION)]],
      [3, [assignment("a", SUBSCRIPTION)]],
    ],
    expected: ["p-a since 2"],
  },
  {
    name: "changes before a listing are in it; the log tells since when",
    live: [[10, [assignment("a", SUBSCRIPTION)]]],
    changes: [written("a", 4), written("b", 5), gone("a", 3)],
    expected: ["p-a since 4"],
  },
  {
    name: "changes after a listing count",
    live: [[10, [assignment("a", SUBSCRIPTION)]]],
    changes: [gone("a", 11), written("b", 12)],
    expected: ["p-b since 12"],
  },
];

describe("Azure's own roles over time", () => {
  test.each(stories)("$name", ({ listed = [], live = [], changes = [], expected }) => {
    const azure = createAzureRoles();
    for (const record of listed) addAzureRecord(azure, record);
    for (const [seconds, list] of live)
      replaceAzure(azure, { account: "shop", accountId: ACCOUNT, at: at(seconds) }, list);
    for (const one of changes) noteAzureChange(azure, one);
    const { grants, unplaced, untold } = azureGrantsOn(azure, "shop", ACCOUNT);
    const seconds = new Map(Array.from({ length: 20 }, (_, i) => [at(i), i]));
    expect([
      ...grants.map(
        ({ assignment: { principal }, since }) =>
          `${principal}${since === undefined ? "" : ` since ${seconds.get(since) ?? "?"}`}`,
      ),
      ...(unplaced.length > 0 ? [`${unplaced.length} unplaced`] : []),
      ...(untold > 0 ? [`${untold} untold`] : []),
    ]).toEqual(expected);
  });

  test("a change of a data-plane role is none of Azure's", () => {
    const azure = createAzureRoles();
    noteAzureChange(
      azure,
      change({
        change: "role-assignment",
        operation: "microsoft.documentdb/databaseaccounts/sqlroleassignments/write",
      }),
    );
    expect(azure.changes).toEqual([]);
  });
});

const definition = (actions: readonly string[], notActions: readonly string[] = []) =>
  ({ kind: "azure-definition", id: "d1", name: "custom", permissions: [{ actions, notActions }] }) as const;

const reaches: { name: string; actions: readonly string[]; notActions?: readonly string[]; ways: readonly string[] }[] =
  [
    {
      name: "everything",
      actions: ["*"],
      ways: ["list the keys", "give itself any data-plane role", "give itself any of Azure's roles"],
    },
    {
      name: "everything but what leads to data",
      actions: ["*"],
      notActions: ["Microsoft.DocumentDB/*", "Microsoft.Authorization/*/write"],
      ways: [],
    },
    {
      name: "read-only keys, in whatever case",
      actions: ["MICROSOFT.DOCUMENTDB/databaseAccounts/readonlykeys/ACTION"],
      ways: ["list the read-only keys"],
    },
    {
      name: "keys make read-only keys needless to tell",
      actions: ["Microsoft.DocumentDB/databaseAccounts/*/action"],
      ways: ["list the keys"],
    },
    {
      name: "data-plane roles",
      actions: ["Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments/*"],
      ways: ["give itself any data-plane role"],
    },
    {
      name: "assignments of Azure's roles",
      actions: ["Microsoft.Authorization/roleAssignments/write"],
      ways: ["give itself any of Azure's roles"],
    },
    { name: "reading", actions: ["*/read"], ways: [] },
  ];

describe("a role of Azure leads to data by", () => {
  test.each(reaches)("$name", ({ actions, notActions, ways }) => {
    expect(azureReachOf(new Map([["d1", definition(actions, notActions)]]), "d1")?.ways).toEqual(ways);
  });

  test("what another permission takes away is not taken from this one", () => {
    const two = {
      ...definition([]),
      permissions: [
        { actions: ["*"], notActions: ["Microsoft.DocumentDB/*", "Microsoft.Authorization/*"] },
        { actions: ["Microsoft.DocumentDB/databaseAccounts/listKeys/action"], notActions: [] },
      ],
    };
    expect(azureReachOf(new Map([["d1", two]]), "d1")?.ways).toEqual(["list the keys"]);
  });

  const builtIn: [id: string, ways: readonly string[]][] = [
    [OWNER, ["list the keys", "give itself any data-plane role", "give itself any of Azure's roles"]],
    ["b24988ac-6180-42a0-ab88-20f7382dd24c", ["list the keys", "give itself any data-plane role"]],
    ["5bd9cd88-fe45-4216-938b-f97437e15450", ["list the keys", "give itself any data-plane role"]],
    ["b78c5d69-af96-48a3-bf8d-a8b4d589de94", ["list the keys", "give itself any data-plane role"]],
    ["fbdf93bf-df7d-467e-a4d2-9458aa1360c8", ["list the read-only keys"]],
    ["512ef07a-840c-48d2-9be4-9a30a75a5c70", ["list the keys"]],
    ["230815da-be43-4aae-9cb4-875f7bd000aa", []],
    ["18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", ["give itself any of Azure's roles"]],
    ["f58310d9-a9f6-439a-9e8d-f62e7b41a168", ["give itself any of Azure's roles"]],
    ["acdd72a7-3385-48ef-bd42-f606fba81ae7", []],
  ];
  test.each(builtIn)("built-in role %s", (id, ways) => expect(azureReachOf(new Map(), id)?.ways).toEqual(ways));
  test("a role that no list has is not known", () => expect(azureReachOf(new Map(), "d9")).toBeUndefined());
});
