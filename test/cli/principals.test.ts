import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { renderPrincipals } from "../../src/commands/principals-text.ts";
import type { PrincipalRow } from "../../src/privileges/rows.ts";
import { filesOf, idOf, type TenantSpec } from "../privileges/tenant.ts";
import { temporaryFolder, type TemporaryFolder } from "../temporary-folder.ts";

const BIN = join(import.meta.dirname, "../../bin/scopetrail.js");
const scopetrail = (...args: readonly string[]) => spawnSync(process.execPath, [BIN, ...args], { encoding: "utf8" });

let folder: TemporaryFolder;
let logs: string;
beforeAll(async () => {
  const spec = JSON.parse(readFileSync("fixtures/privileges/key-and-identity-mixed.json", "utf8")) as TenantSpec;
  folder = await temporaryFolder(
    Object.fromEntries(
      [...filesOf(spec)].filter(([, text]) => text !== "").map(([name, text]) => [`logs/${name}`, text]),
    ),
  );
  logs = join(folder.path, "logs");
  return () => folder[Symbol.asyncDispose]();
});

describe("principals", () => {
  test("lists everybody, the one that holds most that it does not need first", () => {
    const run = scopetrail("principals", "--in", logs);
    expect(run.status).toBe(0);
    expect(run.stdout.split("\n").map((line) => line.trim().split(/\s{2,}/)[1])).toEqual([
      "principal",
      idOf("p1"),
      "PrimaryMasterKey (key)",
      "SecondaryReadonlyMasterKey (key)",
      undefined,
    ]);
  });
  test("prints JSON", () => {
    const { items } = JSON.parse(scopetrail("principals", "--json", "--in", logs).stdout) as { items: PrincipalRow[] };
    expect(items[0]).toMatchObject({
      principal: idOf("p1"),
      calls: 200,
      actionsGranted: 11,
      actionsUsed: 2,
      enough: true,
    });
  });
  test("shows one, by its id or by the kind of its key", () => {
    const run = scopetrail("principals", "show", idOf("p1").toUpperCase(), "--in", logs);
    expect(run.stdout).toContain("needs   readMetadata, items/read on /dbs/shop/colls/orders");
    expect(run.stdout).toContain("undo    $ az cosmosdb sql role assignment create");
    const key = JSON.parse(
      scopetrail("principals", "show", "PrimaryMasterKey", "--json", "--in", logs).stdout,
    ) as object;
    expect(key).toMatchObject({
      findings: [
        {
          kind: "account-key-in-use",
          privilege: { clients: [{ network: "198.51.100.0/24" }, { network: "203.0.113.0/24" }] },
        },
      ],
    });
  });
  test("replays a role: how many calls it would have denied, which and when", () => {
    const role = join(folder.path, "role.json");
    writeFileSync(
      role,
      JSON.stringify({ Permissions: [{ DataActions: ["Microsoft.DocumentDB/databaseAccounts/readMetadata"] }] }),
    );
    const run = scopetrail("principals", "replay", idOf("p1"), "--role", role, "--json", "--in", logs);
    expect(JSON.parse(run.stdout)).toMatchObject({
      accounts: [
        {
          calls: 200,
          wouldBeDenied: 200,
          denied: [{ container: "/dbs/shop/colls/orders", calls: 200, firstDay: "2026-01-01", lastDay: "2026-07-19" }],
        },
      ],
    });
  });
  const misuse = [
    { name: "no path", args: ["principals"], says: /no path given/ },
    { name: "a path that is not there", args: ["principals", "--in", "/nowhere/at/all"], says: /nowhere/ },
    {
      name: "exceptions that are not there",
      args: ["principals", "--exceptions", "/nowhere.yml", "--in", "."],
      says: /nowhere\.yml/,
    },
  ];
  test.each(misuse)("$name is said, with exit code 2", ({ args, says }) => {
    const run = scopetrail(...args);
    expect(run.stderr).toMatch(says);
    expect(run.status).toBe(2);
  });
  test("an unknown principal, a role that is none and a scope that is none are said", () => {
    expect(scopetrail("principals", "show", "nobody", "--in", logs).stderr).toContain("nobody neither holds nor uses");
    const run = (role: string, scope: string) =>
      scopetrail("principals", "replay", idOf("p1"), "--role", role, "--scope", scope, "--in", logs);
    expect(run(join(logs, "operations.ndjson"), "/").stderr).toContain("is no JSON");
    expect(run(join(logs, "assignments.json"), "/").stderr).toContain("has no `Permissions`");
    expect(run(join(logs, "assignments.json"), "/x").stderr).toContain("/dbs/D or /dbs/D/colls/C");
  });
  test("every fault of the exceptions is said at once", () => {
    const file = join(folder.path, "exceptions.yml");
    writeFileSync(
      file,
      JSON.stringify({ exceptions: [{ principal: "x", owner: "", reason: "r", expires: "soon", extra: 1 }] }),
    );
    const { stderr } = scopetrail("principals", "--exceptions", file, "--in", logs);
    for (const part of ["exceptions.0.principal", "exceptions.0.owner", "exceptions.0.expires", "extra"])
      expect(stderr).toContain(part);
  });
});

const row = (over: Partial<PrincipalRow> = {}): PrincipalRow => ({
  principal: idOf("p1"),
  kind: "principal",
  account: "shop",
  score: 86.8,
  confidence: 0.85,
  enough: true,
  roles: ["Contributor on /", "Reader on /dbs/shop"],
  actionsGranted: 11,
  actionsUsed: 2,
  calls: 200,
  refused: 0,
  lastUsed: null,
  verdict: "holds more than it used",
  findings: [],
  ...over,
});

describe("the table", () => {
  test("on a narrow terminal has one value a line, cut at 60 characters", () => {
    const text = renderPrincipals([row(), row({ kind: "group" })], { colour: false, columns: 60 });
    expect(text).toContain(
      "principal dddddddd-0000-4000-8000-000000000001\naccount   shop\nholds     Contributor on / +1\n",
    );
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(70);
  });
  test("has colours only where they are asked for", () => {
    const ansi = "\u001b[1m";
    expect(renderPrincipals([row()], { colour: true, columns: 200 })).toContain(ansi);
    expect(renderPrincipals([row()], { colour: false, columns: 200 })).not.toContain(ansi);
  });
  test("shows nothing that could steer the terminal", () =>
    expect(
      renderPrincipals([row({ account: "a\u001b[2Jb", roles: ["x\u202Ey on /"] })], {
        colour: false,
        columns: undefined,
      }),
    ).not.toMatch(/[^\P{C}\n]/u));
  test("says what is missing where there is nobody", () =>
    expect(renderPrincipals([], { colour: false, columns: 80 })).toContain("az cosmosdb sql role assignment list"));
});
