import { describe, expect, test } from "vitest";
import type { Dimension } from "../../src/model/call.ts";
import { CAUSES } from "../../src/model/cause.ts";
import type { Draft } from "../../src/simulate/draft.ts";
import { ALL_FAULTS as MAKERS } from "../../src/simulate/faults/all.ts";
import type { Fault, FaultMaker } from "../../src/simulate/faults/fault.ts";
import { disturb } from "../../src/simulate/generate.ts";
import type { Rendered } from "../../src/simulate/operation.ts";
import { Random } from "../../src/simulate/random.ts";
import { renderCall } from "../../src/simulate/render.ts";
import { buildTenant, type Tenant } from "../../src/simulate/tenant.ts";
import { traffic } from "../../src/simulate/traffic.ts";

const MINUTE = 60_000;
const FROM = Date.UTC(2026, 10, 25, 6);
const END = FROM + 300 * MINUTE;

interface Played {
  readonly tenant: Tenant;
  readonly fault: Fault;
  readonly drafts: readonly Draft[];
  readonly random: Random;
}

/** The fault on the first tenants that have what it needs. */
function play(make: FaultMaker, seeds: number): readonly Played[] {
  const played: Played[] = [];
  for (let seed = 1; seed <= 60 && played.length < seeds; seed++) {
    const tenant = buildTenant(seed);
    const random = new Random(seed);
    const fault = make({ tenant, random, from: FROM + 60 * MINUTE, to: FROM + 120 * MINUTE, end: END });
    if (fault === undefined) continue;
    const drafts = [...traffic(tenant, { from: FROM, to: END })];
    for (const draft of drafts) disturb(draft, [fault], [], random);
    played.push({ tenant, fault, drafts, random });
  }
  return played;
}

/** The fault on the tenants of some seeds, without their calls. */
const planned = (make: FaultMaker): readonly Fault[] =>
  Array.from({ length: 20 }, (_, seed) =>
    make({
      tenant: buildTenant(seed),
      random: new Random(seed),
      from: FROM + 60 * MINUTE,
      to: FROM + 120 * MINUTE,
      end: END,
    }),
  ).filter((fault) => fault !== undefined);

/** All texts that the records of a call hold: what a split may be named by. */
function textsOf(records: readonly Rendered[]): ReadonlySet<string> {
  const texts = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value === "string") {
      texts.add(value.toLowerCase());
      if (/^\d+\.\d+\.\d+\.\d+$/.test(value)) texts.add(`${value.slice(0, value.lastIndexOf("."))}.0/24`);
      if (value.startsWith("/")) texts.add(value.slice(value.lastIndexOf("/") + 1).toLowerCase());
    } else if (typeof value === "object" && value !== null) for (const inner of Object.values(value)) visit(inner);
  };
  for (const { record } of records) visit(record);
  return texts;
}

describe.each(MAKERS)("%s", (cause, make) => {
  const played = play(make, 2);
  const refused = played.flatMap(({ drafts }) => drafts.filter(({ fault }) => fault === cause));

  test("some tenant can have it", () => expect(played.length).toBeGreaterThan(0));

  test("refuses with 401 or 403 while it lasts and at no other time", () => {
    expect(refused.length).toBeGreaterThan(10);
    expect(refused.every(({ status }) => status === 401 || status === 403)).toBe(true);
    for (const { fault, drafts } of played)
      for (const draft of drafts)
        if (draft.fault === cause) {
          expect(draft.at).toBeGreaterThanOrEqual(fault.from);
          expect(draft.at).toBeLessThan(fault.to);
        }
  });

  test("the calls that it hits succeeded before", () => {
    for (const { fault, drafts } of played) {
      const before = drafts.filter((draft) => draft.at < fault.from && fault.affects(draft));
      const denied = before.filter(({ status }) => status === 401 || status === 403);
      expect(before.length).toBeGreaterThan(0);
      expect(denied.length / before.length).toBeLessThan(0.02);
    }
  });

  test("lasts at least two minutes and not longer than the logs", () => {
    for (const { fault } of played) {
      expect(fault.to - fault.from).toBeGreaterThanOrEqual(2 * MINUTE);
      expect(fault.to).toBeLessThanOrEqual(END);
    }
  });

  test("its split is in the logs of the refused calls", () => {
    for (const { tenant, fault, drafts, random } of played) {
      const mine = drafts.filter((draft) => draft.fault === cause);
      const told = mine.filter((draft) => {
        const texts = textsOf(renderCall(tenant, draft, random));
        return Object.values(fault.where).every((value) => texts.has(value.toLowerCase()));
      });
      expect({ where: fault.where, told: told.length }).toEqual({ where: fault.where, told: mine.length });
    }
  });

  test("its control-plane records come before its onset, by minutes at most", () => {
    for (const { fault } of played)
      for (const { at, log } of fault.records) {
        if (log === "key-vault" || log === "sign-in") continue;
        expect(at).toBeLessThan(fault.from);
        expect(fault.from - at).toBeLessThan(15 * MINUTE);
      }
  });
});

test("a vault's records reach back a day at most, failed sign-ins an hour, and both end with the fault", () => {
  for (const [, make] of MAKERS)
    for (const fault of planned(make))
      for (const { at, log } of fault.records) {
        expect(at).toBeLessThanOrEqual(fault.to);
        expect(fault.from - at).toBeLessThan((log === "key-vault" ? 24 * 60 : 60) * MINUTE);
      }
});

test("every cause of the catalogue can be injected, but for the one that is no refusal", () => {
  const injected = new Set(MAKERS.map(([cause]) => cause));
  expect(CAUSES.filter((cause) => !injected.has(cause))).toEqual(["not-authorization-limit"]);
});

const share = (drafts: readonly Draft[], fault: Fault, from: number, to: number): number => {
  const during = drafts.filter((draft) => draft.at >= from && draft.at < to && fault.affects(draft));
  return during.filter((draft) => draft.fault === fault.cause).length / during.length;
};
const makerOf = (cause: string): FaultMaker => MAKERS.find(([name]) => name === cause)?.[1] ?? (() => undefined);
const told = (dimension: Dimension, { where }: Fault): string => where[dimension] ?? "";

describe("clocks", () => {
  test("a role assignment that spreads is everywhere within ten minutes, most of it sooner", () => {
    const spreading = play(makerOf("role-assignment-propagating-or-missing"), 8).filter(
      ({ fault }) => fault.to - fault.from === 10 * MINUTE,
    );
    expect(spreading.length).toBeGreaterThan(0);
    for (const { drafts, fault } of spreading)
      expect(share(drafts, fault, fault.from, fault.from + 150_000)).toBeGreaterThan(
        2 * share(drafts, fault, fault.to - 150_000, fault.to),
      );
  });

  test("a region that has read the new signing key accepts it, and goes on to", () => {
    const rolled = play(makerOf("signing-key-rollover"), 8).filter(({ fault }) => fault.to - fault.from === 5 * MINUTE);
    expect(rolled.length).toBeGreaterThan(0);
    for (const { drafts, fault } of rolled) {
      const fresh = drafts.filter(({ token }) => token?.keyId === told("keyId", fault));
      for (const region of new Set(fresh.map((draft) => draft.region))) {
        const here = fresh.filter((draft) => draft.region === region);
        const lastRefused = here.findLast((draft) => draft.fault === fault.cause)?.at ?? fault.from;
        const firstAccepted = here.find(({ status }) => status < 400)?.at ?? fault.to;
        expect(firstAccepted).toBeGreaterThan(lastRefused);
      }
      expect(fresh.some(({ at, status }) => at < fault.to && status < 400)).toBe(true);
      expect(fresh.some(({ at, status }) => at > fault.to && status < 400)).toBe(true);
    }
  });

  test("tokens kept too long fail once each life of a token, past their end", () => {
    const played = play(makerOf("caller-token-expired"), 10);
    for (const { drafts, fault } of played)
      for (const draft of drafts.filter((one) => one.fault === fault.cause))
        expect(draft.token?.expires).toBeLessThanOrEqual(draft.at);
    expect(played.some(({ fault }) => fault.from !== FROM + 60 * MINUTE)).toBe(true);
  });
});
