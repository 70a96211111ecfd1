import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { atOnce } from "../../src/lib/in-turns.ts";
import type { Scope } from "../../src/model/grant.ts";
import { ACCOUNT_SCOPE, contains } from "../../src/model/grant.ts";
import {
  ACCOUNT_READ,
  ALL_ACTIONS,
  bitsOf,
  MANAGEMENT,
  needOf,
  permits,
  UNMAPPED,
} from "../../src/privileges/actions.ts";
import { heldAt, leastRoles, type Reach, reachesOf, type Use } from "../../src/privileges/least.ts";
import { countUse, createLedger, placeId, textId, useId } from "../../src/privileges/ledger.ts";
import type { UseFact } from "../../src/privileges/holder.ts";
import { dayCount, daysOf, readUsageInTurns } from "../../src/privileges/usage.ts";
import { replay, replayFacts } from "../../src/privileges/replay.ts";
import { at } from "../builders.ts";

const RUNS = { numRuns: 2_000 * Number(process.env["FAULT_RUNS"] ?? 1) };

const inDatabase = (database: string): readonly Scope[] =>
  ["", "orders", "people", "events"].map((container) => ({ database, container }));
const SCOPES: readonly Scope[] = [ACCOUNT_SCOPE, ...inDatabase("shop"), ...inDatabase("Shop")];

const scope = fc.constantFrom(...SCOPES);
const someGrants = fc.array(fc.record({ actions: fc.integer({ min: 1, max: ALL_ACTIONS }), scope }), {
  minLength: 1,
  maxLength: 5,
});
const someUses = fc.array(
  fc
    .record({ action: fc.integer({ min: 0, max: UNMAPPED }), scope })
    .map((use) => (use.action === ACCOUNT_READ ? { action: ACCOUNT_READ, scope: ACCOUNT_SCOPE } : use)),
  { maxLength: 20 },
);

/** What grants permit where it counts: an account is read with `readMetadata` anywhere. */
const heldFor = (by: readonly Reach[], { action, scope: where }: Use): number =>
  action === ACCOUNT_READ ? by.reduce((sum, { actions }) => sum | actions, 0) & 1 : heldAt(by, where);

const isPermitted = (by: readonly Reach[], grants: readonly Reach[], use: Use): boolean =>
  permits(heldFor(by, use), use.action, heldFor(grants, use));

/** What was let in by the grants. */
const letIn = (granted: readonly Reach[], used: readonly Use[]): readonly Use[] =>
  used.filter((use) => needOf(use.action, heldFor(granted, use)) !== 0);

const narrower = (outer: Scope): readonly Scope[] =>
  SCOPES.filter((inner) => contains(outer, inner) && !contains(inner, outer));

describe("the least roles of any grants and uses", () => {
  test("permit every use that the grants permit", () => {
    fc.assert(
      fc.property(someGrants, someUses, (granted, used) => {
        const least = reachesOf(leastRoles(granted, used));
        for (const use of letIn(granted, used)) expect(isPermitted(least, granted, use)).toBe(true);
      }),
      RUNS,
    );
  });

  test("never grant what the grants do not", () => {
    fc.assert(
      fc.property(someGrants, someUses, (granted, used) => {
        const least = reachesOf(leastRoles(granted, used));
        for (const place of SCOPES) expect(heldAt(least, place) & ~heldAt(granted, place)).toBe(0);
      }),
      RUNS,
    );
  });

  test("are minimal: without any action, on any narrower scope, some use is denied", () => {
    fc.assert(
      fc.property(someGrants, someUses, (granted, used) => {
        const least = reachesOf(leastRoles(granted, used));
        const wanted = letIn(granted, used);
        const denies = (by: readonly Reach[]): boolean => wanted.some((use) => !isPermitted(by, granted, use));
        least.forEach((reach, i) => {
          const others = least.filter((_, j) => j !== i);
          for (const bit of bitsOf(reach.actions))
            expect(denies([...others, { ...reach, actions: reach.actions & ~(1 << bit) }])).toBe(true);
          // What is there for reading the account alone is needed anywhere: no scope is narrower.
          const isAnywhere =
            reach.actions === 1 && letIn([reach], wanted).every(({ action }) => action === ACCOUNT_READ);
          for (const inner of isAnywhere ? [] : narrower(reach.scope))
            expect(denies([...others, { ...reach, scope: inner }])).toBe(true);
        });
      }),
      RUNS,
    );
  });

  test("deny nothing when the ledger is replayed, and any less denies something", () => {
    fc.assert(
      fc.property(someGrants, someUses, (granted, used) => {
        const ledger = createLedger();
        const account = textId(ledger, "shop");
        const signer = textId(ledger, "p");
        for (const { action, scope: where } of used)
          countUse(
            ledger,
            useId(ledger, { signer, place: placeId(ledger, "shop", where.database, where.container), action }),
            {
              time: at(0),
              outcome: "succeeded",
              calls: 1,
            },
          );
        const least = reachesOf(leastRoles(granted, used));
        const run = (proposed: readonly Reach[]) =>
          replay(ledger, { signers: new Set([signer]), account }, { held: granted, proposed });
        expect(run(least)).toMatchObject({ wouldBeDenied: 0, calls: letIn(granted, used).length });
        if (least.length > 0) expect(run(least.slice(1)).wouldBeDenied).toBeGreaterThan(0);
        const usage = atOnce(readUsageInTurns(ledger));
        const facts = [...usage.succeeded.keys()].map((use): UseFact => {
          const [, database = 0, container = 0] = ledger.places[ledger.uses.place[use] ?? 0] ?? [];
          const place = { database: ledger.texts[database] ?? "", container: ledger.texts[container] ?? "" };
          return {
            use,
            action: ledger.uses.action[use] ?? 0,
            scope: place,
            succeeded: usage.succeeded[use] ?? 0,
            denied: 0,
            denied401: 0,
            other: 0,
            last: undefined,
            days: daysOf(usage, use),
            dayCount: dayCount(usage, use),
          };
        });
        const { byDay: _, ...whole } = run(least.slice(1));
        expect(replayFacts(facts, { held: granted, proposed: least.slice(1) })).toEqual(whole);
      }),
      { numRuns: RUNS.numRuns / 10 },
    );
  });

  test("grant nothing for management, which no data action permits", () =>
    expect(
      leastRoles([{ actions: ALL_ACTIONS, scope: ACCOUNT_SCOPE }], [{ action: MANAGEMENT, scope: ACCOUNT_SCOPE }]),
    ).toEqual([]));
});
