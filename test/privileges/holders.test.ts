import { describe, expect, test } from "vitest";
import type { UseTotal } from "../../src/model/use-total.ts";
import { privilegeFindings } from "../../src/privileges/findings.ts";
import { readTotal } from "../../src/privileges/observe.ts";
import { holdersOf } from "../../src/privileges/principals.ts";
import { createPrivileges, type Privileges, privilegeSpots } from "../../src/privileges/privileges.ts";
import { addRole } from "../../src/privileges/roles.ts";
import { assignment, dayAt, useOn } from "./shop.ts";

function uses(privileges: Privileges, days: readonly number[], what: Partial<UseTotal>): void {
  for (const day of days)
    readTotal(privileges.ledger, useOn(day, { clientAddress: "198.51.100.4", userAgent: "app/1", ...what }));
}

const daily = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, i) => from + i);
const findingsOf = (privileges: Privileges) =>
  privilegeFindings(holdersOf(privileges), { privileges, exceptions: [], now: privileges.ledger.newest });

describe("keys in use", () => {
  test("are one finding whatever keys there are, so that a second one changes it and does not end it", () => {
    const privileges = createPrivileges();
    uses(privileges, daily(0, 40), { credential: "SecondaryMasterKey" });
    const [one] = findingsOf(privileges);
    uses(privileges, daily(0, 40), { credential: "PrimaryMasterKey" });
    const both = findingsOf(privileges);
    expect(both).toMatchObject([
      { id: one?.id, subject: { principal: "PrimaryMasterKey, SecondaryMasterKey", principalKind: "account-key" } },
    ]);
  });

  test("that can only read are not said to do everything", () => {
    const privileges = createPrivileges();
    uses(privileges, daily(0, 3), { credential: "PrimaryReadonlyMasterKey" });
    expect(findingsOf(privileges)[0]?.title).toMatch(/may read everything/);
    uses(privileges, daily(0, 3), { credential: "PrimaryMasterKey" });
    expect(findingsOf(privileges)[0]?.title).toMatch(/may do everything/);
  });

  test("are safe to switch off after twice the longest time between two uses of any of them", () => {
    const privileges = createPrivileges();
    uses(privileges, daily(0, 100), { principal: "p1" });
    uses(privileges, daily(0, 40), { credential: "PrimaryMasterKey" });
    uses(privileges, [0, 40], { credential: "SecondaryMasterKey" });
    const evidence = findingsOf(privileges).find(({ kind }) => kind === "account-key-in-use")?.cause.evidence;
    expect(evidence?.[1]?.says).toMatch(/59 observed days ago; if 21 more are observed/);
  });
});

test("what a principal is comes from a log that tells it, or is unknown", () => {
  const privileges = createPrivileges();
  for (const [i, principal] of ["p1", "p2"].entries()) addRole(privileges.roles, assignment(`a${i}`, principal));
  uses(privileges, daily(0, 40), { principal: "p1" });
  uses(privileges, daily(0, 40), { principal: "p2" });
  privileges.kinds.set("p2", "managed-identity");
  const kinds = findingsOf(privileges).map(({ subject }) => [subject.principal, subject.principalKind]);
  expect(Object.fromEntries(kinds)).toEqual({ p1: "unknown", p2: "managed-identity" });
});

test("of a group its seen members are counted, without the group itself", () => {
  const privileges = createPrivileges();
  addRole(privileges.roles, assignment("a1", "g1"));
  for (const principal of ["p1", "p2", "p3"]) uses(privileges, daily(0, 40), { principal, roleAssignment: "a1" });
  const [group] = findingsOf(privileges);
  expect(group?.privilege?.abstains.find(({ id }) => id === "group-grant")?.says).toMatch(
    /: 3 of its members were seen/,
  );
});

test("a principal of which no day is kept any more holds nothing and says nothing", () => {
  const privileges = createPrivileges();
  uses(privileges, [0], { credential: "PrimaryMasterKey" });
  uses(privileges, daily(1, 500), { principal: "p1" });
  for (let day = 500; day < 1_000; day += 1) uses(privileges, [day], { principal: "p1" });
  expect(findingsOf(privileges)).toEqual([]);
});

test("a time that has not come yet pushes nothing out, and is told", () => {
  const privileges = createPrivileges();
  privileges.ledger.until = dayAt(100);
  uses(privileges, daily(0, 100), { principal: "p1" });
  uses(privileges, [30_000], { principal: "p1" });
  const [holder] = holdersOf(privileges);
  expect(holder?.exposure?.days).toBe(100);
  expect(privilegeSpots(privileges, 0)).toContainEqual(
    expect.objectContaining({ id: "ledger-ahead", says: expect.stringMatching(/^1 operations/) as string }),
  );
});
