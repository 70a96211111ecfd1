import { describe, expect, test } from "vitest";
import type { Change } from "../../src/model/event.ts";
import { type Instant, plusMs } from "../../src/model/time.ts";
import { azureGrantsOn, createAzureRoles, noteAzureChange } from "../../src/privileges/azure-grants.ts";
import { privilegeFindings } from "../../src/privileges/findings.ts";
import { appliedOf, countApplied, dayOf } from "../../src/privileges/ledger.ts";
import { readTotal } from "../../src/privileges/observe.ts";
import { holdersOf } from "../../src/privileges/principals.ts";
import { createPrivileges, type Privileges } from "../../src/privileges/privileges.ts";
import { addRole, createRoles, grantsOf, noteRoleChange } from "../../src/privileges/roles.ts";
import type { Batch } from "../../src/sources/source.ts";
import { at, change } from "../builders.ts";
import { batchOf, feed, listing, logOf, newAnalysis } from "./live-tenant.ts";
import { assignment, CONTRIBUTOR, dayAt, useOn } from "./shop.ts";

function hold(privileges: Privileges, id: string): void {
  addRole(privileges.roles, assignment(id, "p1"));
}

function use(privileges: Privileges, day: number, container: string, roleAssignment = "a1"): void {
  readTotal(privileges.ledger, useOn(day, { container, principal: "p1", roleAssignment }));
}

const findingsOf = (privileges: Privileges) =>
  privilegeFindings(holdersOf(privileges), { privileges, exceptions: [], now: privileges.ledger.newest });
const redundant = (privileges: Privileges) =>
  findingsOf(privileges).filter(({ kind }) => kind === "redundant-role-assignment");

describe("an assignment is said to be never applied", () => {
  const fillApplied = (privileges: Privileges, time: Instant): void => {
    const { ledger } = privileges;
    for (let i = 0; i < 70_000; i++) countApplied(ledger, appliedOf(ledger, `${2_000_000 + i}|0`), { time, calls: 1 });
  };
  test("not where there were too many applied ones to remember", () => {
    const privileges = createPrivileges();
    hold(privileges, "a1");
    hold(privileges, "a2");
    for (let day = 0; day < 40; day++) use(privileges, day, "c");
    expect(redundant(privileges)).toHaveLength(1);
    fillApplied(privileges, dayAt(39));
    expect(redundant(privileges)).toEqual([]);
  });

  test("again once those are no longer kept", () => {
    const privileges = createPrivileges();
    fillApplied(privileges, dayAt(0));
    hold(privileges, "a1");
    hold(privileges, "a2");
    for (const day of [1, 2, 3, 398, 399, 400, 401]) use(privileges, day, "c");
    expect(redundant(privileges)).toHaveLength(1);
  });
});

test("a sum that a broker took before its time had come pushes nothing out", () => {
  const analysis = newAnalysis();
  const sums = (from: string, enqueued: string): Batch =>
    batchOf(logOf([{ who: "p1", operation: "Read", at: "shop/orders", from, days: 1, minutes: 5 }]), {
      enqueued: Date.parse(enqueued) as Batch["enqueued"] & number,
    });
  feed(analysis, listing({ assignments: [] }, "2026-01-01T00:00:00Z"));
  feed(analysis, sums("2026-01-01", "2026-01-01T13:00:00Z"));
  feed(analysis, sums("2099-01-01", "2026-01-02T13:00:00Z"));
  const { ledger } = analysis.standing.privileges;
  expect(ledger.newestDay).toBe(
    dayOf(plusMs(at(0), Date.parse("2026-01-01T12:00:00Z") - Date.parse("2026-11-25T12:00:00Z"))),
  );
  expect(ledger.ahead).toBe(1);
});

describe("changes of roles over very long times", () => {
  const PATH =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.DocumentDB/databaseAccounts/shop/sqlRoleAssignments";
  const body: readonly (readonly [string, string])[] = [
    ["principalId", "p1"],
    ["roleDefinitionId", CONTRIBUTOR],
    ["scope", "/"],
  ];
  const one = (name: string, seconds: number, over: Partial<Change>, details = body): Change =>
    change({
      change: "role-assignment",
      operation: "microsoft.documentdb/databaseaccounts/sqlroleassignments/write",
      time: at(seconds),
      details: new Map([["resource", `${PATH}/${name}`], ...details]),
      ...over,
    });
  /** A pipeline that grants and takes for a moment, day by day, and one grant that stays. */
  const story = (note: (event: Change) => void, path: (event: Change) => Change): void => {
    note(path(one("stays", 0, { result: "started" })));
    note(path(one("stays", 1, {}, [])));
    // Written again, without a word about what it gives.
    note(path(one("stays", 2, {}, [])));
    for (const round of [0, 1]) {
      for (let i = 0; i < 26_000; i++) {
        note(path(one("moment", 100_000 * round + 10 + 2 * i, {})));
        note(path(one("moment", 100_000 * round + 11 + 2 * i, { action: "delete" }, [])));
      }
      note(path(one("stays", 100_000 * round + 59_000, {}, [])));
    }
    note(path(one("late", 160_000, {})));
  };

  test("the newest of each assignment are kept: none is given up", () => {
    const roles = createRoles();
    story(
      (event) => noteRoleChange(roles, event),
      (event) => event,
    );
    expect(roles.beyond).toBe(0);
    expect(grantsOf(roles).map(({ assignment: { id }, since }) => [id, since])).toEqual([
      ["stays", at(159_000)],
      ["late", at(160_000)],
    ]);
  });

  test("the same of Azure's own roles", () => {
    const azure = createAzureRoles();
    story(
      (event) => noteAzureChange(azure, event),
      (event) => {
        const name = event.details.get("resource")?.split("/").at(-1) ?? "";
        const resource = `/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/${name}`;
        const operation = `microsoft.authorization/roleassignments/${event.action}`;
        const details = new Map([...event.details, ["resource", resource] as const]);
        details.delete("scope");
        return { ...event, operation, details };
      },
    );
    expect(azure.beyond).toBe(0);
    const { grants } = azureGrantsOn(azure, "shop", "/subscriptions/s/resourceGroups/g");
    expect(grants.map(({ since }) => since)).toEqual([at(159_000), at(160_000)]);
  });
});

test("a recommendation that an account cannot take says so", () => {
  const privileges = createPrivileges();
  hold(privileges, "a1");
  for (let i = 0; i < 2_001; i++) use(privileges, 0, `c${i}`);
  for (let day = 1; day < 40; day++) use(privileges, day, "c0");
  const [finding] = findingsOf(privileges);
  expect(finding?.privilege?.abstains.find(({ id }) => id === "too-many-assignments")?.says).toMatch(
    /^The recommended roles need 2001 assignments/,
  );
  expect(finding).toMatchObject({ severity: "low", privilege: { exposure: { enough: true } } });
});
