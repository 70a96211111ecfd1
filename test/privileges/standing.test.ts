import { describe, expect, test } from "vitest";
import type { Analysis } from "../../src/analysis.ts";
import { alertFor } from "../../src/findings/alerts.ts";
import type { Finding } from "../../src/model/finding.ts";
import { formatInstant } from "../../src/model/time.ts";
import { stateCodec } from "../../src/store/codec.ts";
import { formatFindingRow, parseFindingRow } from "../../src/store/finding-row.ts";
import { batchOf, feed, listing, logOf, newAnalysis } from "./live-tenant.ts";
import { idOf, type TenantSpec } from "./tenant.ts";

const ROLES: Pick<TenantSpec, "assignments"> = {
  assignments: [
    { id: "a1", principal: "p1", role: "contributor", scope: "/" },
    { id: "a2", principal: "p2", role: "reader", scope: "/dbs/shop/colls/orders" },
  ],
};

const operations = (from: string, days: number): TenantSpec["operations"] => [
  { who: "p1", operation: "Read", at: "shop/orders", from, days, applied: "a1" },
  { who: "p2", operation: "Read", at: "shop/orders", from, days, applied: "a2" },
  { who: "p2", operation: "Query", at: "shop/orders", from, days, applied: "a2" },
  { who: "PrimaryMasterKey", operation: "Upsert", at: "shop/people", from, days: 1 },
];

const told = (findings: readonly Finding[]) => findings.map(({ kind, status }) => `${kind} ${status}`);
const wide = ({ standing }: Analysis): Finding | undefined =>
  [...standing.findings.values()].find(({ kind }) => kind === "over-privileged-principal");

describe("while logs come in", () => {
  test("a finding opens, ends when the role is no longer listed, and is the same one when it returns", () => {
    const analysis = newAnalysis();
    feed(analysis, listing(ROLES, "2026-01-01T00:00:00Z"));
    feed(analysis, batchOf(logOf(operations("2026-01-01", 120))));
    const open = wide(analysis);
    expect(open).toMatchObject({ status: "open", severity: "high", subject: { principal: idOf("p1") } });

    const without = { assignments: ROLES.assignments?.slice(1) ?? [] };
    const ended = feed(analysis, listing(without, "2026-05-02T00:00:00Z"));
    expect(told(ended)).toEqual(["over-privileged-principal resolved"]);
    expect(ended[0]).toMatchObject({ id: open?.id, end: analysis.now });
    expect(ended[0] && alertFor(open, ended[0])).toBe("finding.resolved");

    const returned = feed(analysis, listing(ROLES, "2026-05-03T00:00:00Z"));
    feed(analysis, batchOf(logOf(operations("2026-05-03", 40))));
    expect(returned.map(({ id, status, severity }) => ({ id, status, severity }))).toContainEqual({
      id: open?.id,
      status: "open",
      severity: "low",
    });
    // It is judged by the days since it returned.
    expect(wide(analysis)?.privilege?.exposure).toMatchObject({ days: 38, enough: false });
  });

  test("nothing is told again as long as only its numbers grow", () => {
    const analysis = newAnalysis();
    feed(analysis, listing(ROLES, "2026-01-01T00:00:00Z"));
    feed(analysis, batchOf(logOf(operations("2026-01-01", 120))));
    const before = wide(analysis)?.privilege?.replay.calls ?? 0;
    const grown = logOf(operations("2026-05-01", 3)).filter((record) => !JSON.stringify(record).includes("MasterKey"));
    expect(feed(analysis, batchOf(grown))).toEqual([]);
    expect(wide(analysis)?.privilege?.replay.calls).toBeGreaterThan(before);
  });

  test("only what is severe is told to people", () => {
    const analysis = newAnalysis();
    feed(analysis, listing(ROLES, "2026-01-01T00:00:00Z"));
    const all = feed(analysis, batchOf(logOf(operations("2026-01-01", 120))));
    const alerts = all.flatMap((finding) => (alertFor(undefined, finding) === undefined ? [] : [finding.kind]));
    expect(new Set(told(all))).toContain("account-key-in-use open");
    expect(new Set(alerts)).toEqual(new Set(["over-privileged-principal"]));
  });

  test("neither cuts of the stream nor restarts change what stands", () => {
    const log = logOf(operations("2026-01-01", 60));
    const plain = newAnalysis();
    feed(plain, listing(ROLES, "2026-01-01T00:00:00Z"));
    feed(plain, batchOf(log));
    let cut = newAnalysis();
    feed(cut, listing(ROLES, "2026-01-01T00:00:00Z"));
    for (let from = 0; from < log.length; from += 17) {
      feed(cut, batchOf(log.slice(from, from + 17)));
      if (from % 51 === 0) cut = stateCodec.decode(stateCodec.encode(cut)) as Analysis;
    }
    expect(cut.standing.findings).toEqual(plain.standing.findings);
    expect(cut.standing.rows).toEqual(plain.standing.rows);
  });
});

test("roles and sums that come before any log are judged by the time of the sums; roles alone by none", () => {
  const analysis = newAnalysis();
  expect(feed(analysis, listing(ROLES, "2026-01-01T00:00:00Z"))).toEqual([]);
  expect(analysis.standing.judgedAt).toBeUndefined();
  const days = { from: "2026-01-01", days: 60, minutes: 15 } as const;
  feed(analysis, batchOf(logOf([{ who: "p1", operation: "Read", at: "shop/orders", ...days }])));
  const found = feed(analysis, listing({ assignments: ROLES.assignments?.slice(0, 1) ?? [] }, "2026-03-02T00:00:00Z"));
  expect(found.map(({ detectedAt }) => formatInstant(detectedAt))).toEqual(["2026-03-01T12:00:00.0000000Z"]);
  for (const finding of found) expect(parseFindingRow(formatFindingRow(finding))).toEqual(finding);
});

test("a list of roles is whole: what is new in a later one is new since then", () => {
  const analysis = newAnalysis();
  const one = { assignments: ROLES.assignments?.slice(1) ?? [] };
  feed(analysis, listing(one, "2026-01-01T00:00:00Z"));
  feed(analysis, batchOf(logOf(operations("2026-01-01", 60))));
  feed(analysis, listing(ROLES, "2026-02-25T00:00:00Z"));
  expect(wide(analysis)?.privilege?.abstains.map(({ id }) => id)).toContain("new-grant");
});
