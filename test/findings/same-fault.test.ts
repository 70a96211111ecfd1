import { describe, expect, test } from "vitest";
import {
  fragmentsOf,
  isFragment,
  isLater,
  otherViewOf,
  recognise,
  tellsMore,
  type Tracked,
} from "../../src/findings/same-fault.ts";
import { finding } from "../finding-builder.ts";
import { explanation, type Facts } from "./explanation-builder.ts";

function tracked(facts: Facts = {}, status: "open" | "resolved" = "open"): Tracked {
  const told = explanation(facts);
  return {
    finding: { ...finding(), id: `F-${JSON.stringify(facts)}`, status, counts: told.counts },
    symptom: told.symptom,
    key: "api=orders",
    lastRefused: told.span.to,
    gapMs: told.gapMs,
    refusedCalls: told.refusedCalls,
    explanation: told,
    isProvisional: false,
  };
}

describe("a lesser part of what was told", () => {
  const whole = { refused: 100 };
  const part = explanation({ refused: 30, calls: ["a", "b"], where: { api: "orders", region: "West Europe" } });
  test.each([
    { name: "of another finding", known: tracked(whole), own: false, fragment: true },
    { name: "of its own, which has ended", known: tracked(whole, "resolved"), own: true, fragment: true },
    { name: "of its own, which goes on: it is amended", known: tracked(whole), own: true, fragment: false },
    { name: "but nearly as large", known: tracked({ refused: 50 }), own: false, fragment: false },
    { name: "but with other calls", known: tracked({ ...whole, calls: ["x", "y", "z"] }), own: false, fragment: false },
    { name: "but later", known: tracked({ ...whole, span: [-900, -300] }, "resolved"), own: true, fragment: false },
    {
      name: "but of another symptom",
      known: tracked({ ...whole, symptom: "cosmos:401" }),
      own: false,
      fragment: false,
    },
  ])("$name: $fragment", ({ known, own, fragment }) => {
    expect(isFragment([known], part, own ? known : undefined)).toBe(fragment);
  });
});

describe("what was told before a fault was seen whole", () => {
  const early = { refused: 20, calls: ["a", "b"], where: { callerNetwork: "203.0.4.0/24" } };
  test.each([
    { name: "a lesser part of its calls", known: early, ends: true },
    { name: "other calls", known: { ...early, calls: ["x", "y"] }, ends: false },
    { name: "nearly as many calls", known: { ...early, refused: 60 }, ends: false },
    { name: "another reason", known: { ...early, told: "rbac" }, ends: false },
    { name: "another symptom", known: { ...early, symptom: "cosmos:401" }, ends: false },
    { name: "an earlier time", known: { ...early, span: [-900, -300] as const }, ends: false },
  ])("$name ends with it: $ends", ({ known, ends }) => {
    const whole = explanation({ refused: 100, told: "wrong-key" });
    expect(fragmentsOf([tracked(known)], whole, "F-OWN")).toHaveLength(ends ? 1 : 0);
    expect(fragmentsOf([tracked(known)], whole, tracked(known).finding.id)).toEqual([]);
  });
});

describe("another view of the same fault", () => {
  const gateway = { layer: "backend", symptom: "backend:403", seenBy: "gateway", cause: "unknown" } as const;
  const calls = Array.from({ length: 100 }, (_, i) => 6_000 * i + ((i * i * 131) % 4_000));
  const cosmos = { seenBy: "cosmos", where: { cosmosPrincipal: "p" }, cause: "role-too-narrow" } as const;
  test.each([
    { name: "the same attributes by another symptom", a: { symptom: "cosmos:401" }, b: {}, same: true },
    { name: "a part of its calls", a: { where: { api: "orders", region: "x" } }, b: {}, same: true },
    {
      name: "few of one client that all have what separates many",
      a: {},
      b: { where: { callerNetwork: "203.0.4.9" }, refused: 20, common: { api: "orders" } },
      same: true,
    },
    {
      name: "few of one client of another API",
      a: {},
      b: { where: { callerNetwork: "203.0.4.9" }, refused: 20, common: { api: "billing" } },
      same: false,
    },
    {
      name: "few of one client of that API, for another cause",
      a: {},
      b: { where: { callerNetwork: "203.0.4.9" }, refused: 20, common: { api: "orders" }, cause: "ip-filter" as const },
      same: false,
    },
    {
      name: "nearly as many of one client of that API",
      a: {},
      b: { where: { callerNetwork: "203.0.4.9" }, refused: 80, common: { api: "orders" } },
      same: false,
    },
    {
      name: "a part of its calls by another symptom, for the same cause",
      a: { symptom: "cosmos:401", where: { api: "orders", region: "x" } },
      b: {},
      same: true,
    },
    {
      name: "a part of its calls by another symptom, for a cause that is not known",
      a: { symptom: "cosmos:401", where: { api: "orders", region: "x" }, cause: "unknown" as const },
      b: { cause: "unknown" as const },
      same: false,
    },
    {
      name: "told the same",
      a: { where: { api: "orders", region: "x" }, told: "rbac" },
      b: { told: "rbac" },
      same: true,
    },
    {
      name: "told another reason",
      a: { told: "wrong-key", cause: "key-rotated" as const },
      b: { told: "local-auth-disabled", cause: "local-auth-disabled" as const },
      same: false,
    },
    { name: "the other log of the same refusals", a: gateway, b: cosmos, same: true },
    { name: "the other log, half as many", a: { ...gateway, refused: 50 }, b: cosmos, same: false },
    {
      name: "the other log of a part of them, from the same moment on",
      a: gateway,
      b: { ...cosmos, refused: 50, status: "401" as const },
      same: true,
    },
    {
      name: "the other log of fewer, from the same moment on, which answers otherwise",
      a: gateway,
      b: { ...cosmos, refused: 50, status: "403" as const },
      same: false,
    },
    { name: "the other log, later", a: { ...gateway, span: [200, 900] as const }, b: cosmos, same: false },
    {
      name: "the other log of a part of the refusals, call by call",
      a: { ...gateway, refusedAt: calls },
      b: { ...cosmos, refused: 30, span: [200, 600] as const, refusedAt: calls.slice(-30).map((time) => time + 40) },
      same: true,
    },
    { name: "two parts of the same log", a: { where: { api: "billing" } }, b: {}, same: false },
    { name: "another time", a: { symptom: "cosmos:401", span: [700, 900] as const }, b: {}, same: false },
    { name: "another cause", a: { symptom: "cosmos:401", cause: "key-rotated" as const }, b: {}, same: false },
  ])("$name: $same", ({ a, b, same }) => {
    expect(otherViewOf([tracked(a)], explanation(b), undefined) !== undefined).toBe(same);
  });
  test("of two logs, the one that names a cause tells more; of one log, the one with more calls", () => {
    expect(tellsMore(explanation(cosmos), explanation(gateway))).toBe(true);
    expect(tellsMore(explanation(gateway), explanation(cosmos))).toBe(false);
    expect(tellsMore(explanation({ refused: 9 }), explanation({ refused: 8 }))).toBe(true);
    expect(tellsMore(explanation({ refused: 8 }), explanation({ refused: 8 }))).toBe(false);
  });

  test.each([
    { name: "only Cosmos DB's log tells it", names: ["cosmosPrincipal"] as const, more: false },
    { name: "the gateway's log tells it", names: ["backend"] as const, more: true },
  ])("of two logs, the surer one tells more of a cause that lies in what $name: $more", ({ names, more }) => {
    const surer = explanation({ ...gateway, cause: "role-too-narrow", confidence: 0.8, names });
    expect(tellsMore(surer, explanation({ ...cosmos, confidence: 0.75 }))).toBe(more);
  });

  test("what separates one is a part of what separates the other, but no call is in both: they are two faults", () => {
    const names = (of: string): readonly string[] => Array.from({ length: 30 }, (_, i) => `${of}-${i}`);
    const all = tracked({ calls: names("a") });
    const part = { where: { api: "orders", region: "West Europe" }, cause: "ip-filter" } as const;
    expect(otherViewOf([all], explanation({ ...part, calls: names("b") }), undefined)).toBeUndefined();
    expect(otherViewOf([all], explanation({ ...part, calls: [...names("b"), "a-0"] }), undefined)).toBe(all);
    expect(otherViewOf([all], explanation({ ...part, calls: ["b-0"] }), undefined)).toBe(all);
  });
});

describe("a view that tells more of a fault", () => {
  const HOUR = 3_600;
  const first = explanation({ refused: 50, span: [0, 2 * HOUR] });
  test.each([
    { name: "begins with it", span: [60, 2 * HOUR] as const, late: false },
    { name: "began before it", span: [-HOUR, 2 * HOUR] as const, late: false },
    { name: "begins long after: it is of another fault", span: [HOUR, 2 * HOUR] as const, late: true },
  ])("$name", ({ span, late }) => {
    expect(isLater(explanation({ refused: 100, span }), first)).toBe(late);
    expect(isLater(explanation({ refused: 10, span }), first)).toBe(false);
  });
});

describe("the same fault seen before", () => {
  const context = { key: "api=orders", taken: new Set<string>(), isProvisional: false };
  test.each([
    { name: "by its attributes", known: tracked({ calls: ["x"] }), found: true },
    { name: "by its calls", known: { ...tracked(), key: "other" }, found: true },
    { name: "by neither", known: { ...tracked({ calls: ["x"] }), key: "other" }, found: false },
    {
      name: "by its attributes, but told another reason",
      known: tracked({ calls: ["x"], told: "rbac" }),
      found: false,
    },
    { name: "by its attributes, but long ago", known: tracked({ span: [-20_000, -19_000] }), found: false },
  ])("$name: $found", ({ known, found }) => {
    expect(recognise([known], explanation({ told: "firewall" }), context) !== undefined).toBe(found);
  });
});

test("of findings that hold most of its calls, the one with the most of them is the same fault", () => {
  const large = tracked({ calls: ["a", "b", "c", "d", "e", "f"], where: { api: "orders" } });
  const small = tracked({ calls: ["g", "h"], where: { callerNetwork: "203.0.4.0/24" } });
  const now = explanation({ calls: ["b", "c", "d", "e", "f", "g", "h", "i"] });
  const context = { key: "region=West Europe", taken: new Set<string>(), isProvisional: false };
  for (const known of [
    [large, small],
    [small, large],
  ])
    expect(recognise(known, now, context)).toBe(large);
});
