import { describe, expect, test } from "vitest";
import type { Decoy } from "../../src/simulate/decoy.ts";
import { planDecoys } from "../../src/simulate/decoys.ts";
import type { Draft } from "../../src/simulate/draft.ts";
import { disturb, generate } from "../../src/simulate/generate.ts";
import { Random } from "../../src/simulate/random.ts";
import { buildTenant } from "../../src/simulate/tenant.ts";
import { traffic } from "../../src/simulate/traffic.ts";

const FROM = Date.UTC(2026, 10, 25, 6);
const span = { from: FROM, to: FROM + 3 * 3_600_000 };

interface Played {
  readonly decoy: Decoy;
  readonly touched: readonly Draft[];
}

/** Every kind of decoy, on two tenants. */
const played: readonly Played[] = [4, 9].flatMap((seed) => {
  const tenant = buildTenant(seed);
  const random = new Random(seed);
  return planDecoys({ tenant, random, ...span }, 99).map((decoy) => {
    const drafts = [...traffic(tenant, span)];
    const before = drafts.map(({ status }) => status);
    for (const draft of drafts) disturb(draft, [], [decoy], random);
    return { decoy, touched: [...drafts.filter(({ status }, i) => status !== before[i]), ...(decoy.calls ?? [])] };
  });
});
const kindOf = (kind: string): readonly Draft[] =>
  played.filter(({ decoy }) => decoy.kind.startsWith(kind)).flatMap(({ touched }) => touched);
const statuses = (kind: string): readonly number[] =>
  [...new Set(kindOf(kind).map(({ status }) => status))].toSorted((a, b) => a - b);

test("a corpus has several decoys, each told in the truth", () => {
  for (let seed = 1; seed <= 5; seed++)
    expect(generate({ seed, scenario: "decoys", hours: 1 }).truth.decoys.length).toBeGreaterThanOrEqual(3);
});

test("no decoy is a fault", () => {
  for (const { touched } of played) for (const { fault } of touched) expect(fault).toBeUndefined();
  expect(generate({ seed: 7, scenario: "decoys", hours: 2 }).truth.faults).toEqual([]);
});

describe("what each looks like", () => {
  test.each([
    ["outage-5xx", [503]],
    ["throttled-429", [429]],
    ["not-found-404", [404]],
    ["limit-403", [403]],
    ["scanner", [401]],
    ["forged-tokens", [401]],
    ["no-right", [403]],
    ["retry-storm", [401]],
  ])("%s: %j", (kind, expected) => expect(statuses(kind)).toEqual(expected));

  test("a limit is told by its sub-status", () => {
    for (const { subStatus } of kindOf("limit-403")) expect([1014, 1005, 1028, 3, 1008]).toContain(subStatus);
  });

  test("a scanner has no credential, a forger another's", () => {
    for (const { token, subscription } of kindOf("scanner"))
      expect([token, subscription]).toEqual([undefined, undefined]);
    for (const { validated, app, address } of kindOf("forged-tokens")) {
      expect(validated).toBe(false);
      expect(app.networks.some((network) => address.startsWith(`${network}.`))).toBe(false);
    }
  });

  test("a challenge is answered within 200 ms by the same caller", () => {
    const calls = kindOf("credential-challenge");
    for (const bare of calls.filter(({ status }) => status === 401))
      expect(
        calls.some(
          ({ status, at, address }) => status < 400 && address === bare.address && at > bare.at && at <= bare.at + 200,
        ),
      ).toBe(true);
  });

  test("a retry storm comes from one caller with one token, every second or faster", () => {
    for (const { touched } of played.filter(({ decoy }) => decoy.kind === "retry-storm")) {
      expect(new Set(touched.map(({ app }) => app.appId)).size).toBe(1);
      expect(touched.length).toBeGreaterThanOrEqual(15);
    }
  });
});
