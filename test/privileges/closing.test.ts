import { describe, expect, test } from "vitest";
import type { Analysis } from "../../src/analysis.ts";
import { alertFor } from "../../src/findings/alerts.ts";
import { toFindingJson } from "../../src/findings/report-json.ts";
import { FindingSchema } from "../../src/findings/report-schema.ts";
import type { Finding, FindingKind } from "../../src/model/finding.ts";
import { instantFromMs } from "../../src/model/time.ts";
import { KEYS, type PrivilegeException } from "../../src/privileges/exceptions.ts";
import { setExceptions } from "../../src/privileges/standing.ts";
import { batchOf, feed, listing, logOf, newAnalysis } from "./live-tenant.ts";
import { idOf, type TenantSpec } from "./tenant.ts";

type Operations = TenantSpec["operations"];
const WIDE = [{ id: "a1", principal: "p1", role: "contributor", scope: "/" }];
const NARROW = [{ id: "a1", principal: "p1", role: "reader", scope: "/dbs/shop/colls/orders" }];
const reads = (from: string, days: number): Operations => [
  { who: "p1", operation: "Read", at: "shop/orders", from, days, applied: "a1" },
  { who: "p1", operation: "Query", at: "shop/orders", from, days, applied: "a1" },
];
const others = (from: string, days: number): Operations => [
  { who: "p9", operation: "Read", at: "shop/orders", from, days },
];
const key = (from: string, days: number): Operations => [
  { who: "PrimaryMasterKey", operation: "Read", at: "shop/orders", from, days },
];
const log = (operations: Operations) => batchOf(logOf(operations));

const exception = (over: Partial<PrivilegeException>): PrivilegeException => ({
  principal: idOf("p1"),
  kind: "accepted",
  owner: "sre@example.com",
  reason: "nightly restore",
  expires: instantFromMs(Date.parse("2026-12-31T00:00:00Z")),
  ...over,
});

const found = (analysis: Analysis, kind: FindingKind): Finding | undefined =>
  [...analysis.standing.findings.values()].find((finding) => finding.kind === kind);
function closed(analysis: Analysis, kind: FindingKind): string {
  const finding = found(analysis, kind);
  if (finding === undefined) return "none";
  expect(FindingSchema.parse(toFindingJson(finding)).closed).toEqual(finding.closed);
  return `${finding.status} ${finding.closed?.because ?? "-"}: ${finding.closed?.says ?? ""}`;
}

const standing = (assignments: TenantSpec["assignments"], operations: Operations): Analysis => {
  const analysis = newAnalysis();
  feed(analysis, listing({ assignments: assignments ?? [] }, "2026-01-01T00:00:00Z"));
  feed(analysis, log(operations));
  return analysis;
};

describe("a finding that ends says why", () => {
  test("its grant is gone; open again it says nothing of that", () => {
    const analysis = standing(WIDE, reads("2026-01-01", 40));
    expect(closed(analysis, "over-privileged-principal")).toBe("open -: ");
    feed(analysis, listing({ assignments: [] }, "2026-02-10T00:00:00Z"));
    expect(closed(analysis, "over-privileged-principal")).toBe(
      "resolved grant-gone: It holds no role on the account any more",
    );
    feed(analysis, listing({ assignments: WIDE }, "2026-02-11T00:00:00Z"));
    feed(analysis, log(reads("2026-02-11", 3)));
    expect(closed(analysis, "over-privileged-principal")).toBe("open -: ");
  });

  test("what it holds is another role now", () => {
    const analysis = standing(WIDE, reads("2026-01-01", 40));
    feed(analysis, listing({ assignments: NARROW }, "2026-02-10T00:00:00Z"));
    feed(analysis, log(reads("2026-02-11", 3)));
    expect(closed(analysis, "over-privileged-principal")).toBe("resolved grant-changed: What it holds has changed");
  });

  test("it is used now", () => {
    const analysis = standing(NARROW, others("2026-01-01", 40));
    expect(closed(analysis, "grant-never-used")).toMatch(/^open/);
    feed(analysis, log(reads("2026-02-10", 3)));
    expect(closed(analysis, "grant-never-used")).toMatch(/^resolved used-now: It was used, last on 2026-02-1/);
  });

  test("somebody answers for it: not using what is for emergencies is right", () => {
    const analysis = standing(WIDE, others("2026-01-01", 40));
    setExceptions(analysis.standing, [exception({ kind: "break-glass" })]);
    feed(analysis, log(others("2026-02-10", 2)));
    expect(closed(analysis, "grant-never-used")).toMatch(/^resolved excepted: An exception says/);
  });

  test("an exception mutes it until its last day, and says who and why", () => {
    const analysis = standing(WIDE, reads("2026-01-01", 40));
    setExceptions(analysis.standing, [exception({ expires: instantFromMs(Date.parse("2026-02-13T00:00:00Z")) })]);
    feed(analysis, log(reads("2026-02-10", 2)));
    expect(closed(analysis, "over-privileged-principal")).toBe(
      "muted excepted: sre@example.com answers for it until 2026-02-12: nightly restore",
    );
    feed(analysis, log(reads("2026-02-12", 3)));
    expect(closed(analysis, "over-privileged-principal")).toBe("open -: ");
  });
});

describe("keys that somebody answers for", () => {
  test("are muted on their account alone", () => {
    const analysis = standing(WIDE, key("2026-01-01", 40));
    setExceptions(analysis.standing, [exception({ principal: KEYS, account: "another" })]);
    feed(analysis, log(key("2026-02-10", 1)));
    expect(closed(analysis, "account-key-in-use")).toBe("open -: ");
    setExceptions(analysis.standing, [exception({ principal: KEYS, account: "cosmos-shop" })]);
    feed(analysis, log(key("2026-02-11", 2)));
    expect(closed(analysis, "account-key-in-use")).toMatch(/^muted excepted: sre@example.com/);
  });

  test("as break-glass raise an alert when they are used, and it ends when they rest", () => {
    const analysis = standing(WIDE, others("2026-01-01", 5));
    setExceptions(analysis.standing, [exception({ principal: KEYS, account: "cosmos-shop", kind: "break-glass" })]);
    feed(analysis, log(others("2026-01-06", 5)));
    expect(found(analysis, "break-glass-used")).toBeUndefined();
    const told = [...feed(analysis, log(key("2026-01-11", 1))), ...feed(analysis, log(others("2026-01-12", 2)))].find(
      ({ kind }) => kind === "break-glass-used",
    );
    expect(told).toMatchObject({ severity: "high", status: "open", subject: { principalKind: "account-key" } });
    expect(told && alertFor(undefined, told)).toBe("finding.opened");
    expect(closed(analysis, "account-key-in-use")).toMatch(/^muted/);
    feed(analysis, log(others("2026-01-14", 95)));
    expect(closed(analysis, "break-glass-used")).toBe("resolved quiet: It was not used for 90 days");
  });
});

test("what a scanner does is no use, until nobody answers for it any more", () => {
  const analysis = newAnalysis();
  const until = instantFromMs(Date.parse("2026-01-21T00:00:00Z"));
  setExceptions(analysis.standing, [exception({ kind: "scanner", principal: "purview-scanner", expires: until })]);
  feed(analysis, listing({ assignments: WIDE }, "2026-01-01T00:00:00Z"));
  feed(analysis, log(reads("2026-01-01", 40).map((one) => Object.assign({}, one, { agent: "Purview-Scanner" }))));
  feed(analysis, log(others("2026-02-10", 1)));
  // Two operations a day from the 21st on; it was judged last before those of the last day.
  expect(found(analysis, "over-privileged-principal")?.counts.calls).toBe(2 * 19);
  setExceptions(analysis.standing, []);
  expect([...analysis.standing.privileges.ledger.ignored.keys()]).toEqual(["scopetrail"]);
});
