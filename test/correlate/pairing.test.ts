import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canBe, type Lone, type LoneOperation, type LoneRequest, pairUp } from "../../src/correlate/pairing.ts";

const request = (over: Partial<LoneRequest> = {}): LoneRequest => ({
  entry: 1,
  at: 100,
  totalMs: 20,
  backendMs: 15,
  status: 200,
  account: "shop",
  container: "shop/orders",
  what: "orders|get",
  ...over,
});

const operation = (over: Partial<LoneOperation> = {}): LoneOperation => ({
  entry: 2,
  at: 103,
  durationMs: 10,
  status: 200,
  account: "shop",
  container: "shop/orders",
  what: "shop|orders|Read",
  ...over,
});

describe("a request and an operation", () => {
  test.each<[string, Partial<LoneRequest>, Partial<LoneOperation>, boolean]>([
    ["of one account, container and status, one within the other", {}, {}, true],
    ["of which the operation took as long as the backend", {}, { durationMs: 15 }, true],
    ["of which the operation took longer than the backend", {}, { durationMs: 15.1, at: 101 }, false],
    ["of which the operation began first", {}, { at: 99 }, false],
    ["of which the operation began at the same time", {}, { at: 100 }, false],
    ["of which the operation ended later by more than the clocks differ", {}, { at: 111.1 }, false],
    ["of which the operation ended later by what the clocks differ", {}, { at: 111 }, true],
    ["of which one failed", {}, { status: 404 }, false],
    ["of two accounts", {}, { account: "bills" }, false],
    ["of two containers", {}, { container: "shop/items" }, false],
    ["of which the request names no account and no container", { account: undefined, container: undefined }, {}, true],
  ])("%s", (_, one, other, can) => expect(canBe(request(one), operation(other))).toBe(can));
});

/** Calls a second apart, each with the operation that it caused. */
const pairsApart = (count: number, over: Partial<LoneRequest> = {}): Lone => ({
  requests: Array.from({ length: count }, (_, i) => request({ entry: i, at: 1_000 * i, ...over })),
  operations: Array.from({ length: count }, (_, i) => operation({ entry: 1_000 + i, at: 1_000 * i + 3 })),
  until: 45_000,
  known: 60_000,
});

describe("pairs", () => {
  test("calls that are apart are paired with their operations, of one candidate each", () => {
    const { pairs, crowded, decided } = pairUp(pairsApart(40));
    expect(pairs.map(({ request: one, operation: other }) => other - one)).toEqual(Array(40).fill(1_000));
    expect(pairs.every(({ candidates, probability }) => candidates === 1 && probability > 0.95)).toBe(true);
    expect(crowded).toBe(0);
    expect(decided.length).toBe(80);
  });

  test("what begins after the block is left for the next one", () => {
    const { pairs, decided } = pairUp({ ...pairsApart(40), until: 20_000 });
    expect(pairs.length).toBe(20);
    expect(decided.length).toBe(40);
  });

  test("two requests that could own one operation are less sure, and not both paired", () => {
    const lone = pairsApart(20);
    const { pairs } = pairUp({
      ...lone,
      requests: [...lone.requests, request({ entry: 90, at: 30_000 }), request({ entry: 91, at: 30_000.5 })],
      operations: [...lone.operations, operation({ entry: 92, at: 30_003 })],
    });
    expect(pairs.filter(({ request: one }) => one >= 90 && one <= 91)).toEqual([]);
  });

  test("an operation that fits in two of twenty lone requests is told with both candidates", () => {
    const lone = pairsApart(20);
    const { pairs } = pairUp({
      ...lone,
      requests: [
        ...lone.requests,
        request({ entry: 90, at: 30_000, backendMs: 11 }),
        request({ entry: 91, at: 30_001 }),
      ],
      operations: [
        ...lone.operations,
        operation({ entry: 92, at: 30_003, durationMs: 10 }),
        operation({ entry: 93, at: 30_004, durationMs: 14.5 }),
      ],
    });
    expect(pairs).toContainEqual(expect.objectContaining({ request: 90, operation: 92, candidates: 1 }));
    expect(pairs).toContainEqual(expect.objectContaining({ request: 91, operation: 93, candidates: 2 }));
  });

  test("operations that nobody at the gateway waited for make a pair less sure where they are of its kind", () => {
    const lone = pairsApart(20);
    const least = (over: Partial<LoneOperation>): number => {
      const strangers = Array.from({ length: 900 }, (_, i) =>
        operation({ entry: 5_000 + i, at: 26 + 50 * i, ...over }),
      );
      const operations = [...lone.operations, ...strangers].toSorted((a, b) => a.at - b.at);
      return Math.min(...pairUp({ ...lone, operations }).pairs.map(({ probability }) => probability));
    };
    const alone = Math.min(...pairUp(lone).pairs.map(({ probability }) => probability));
    expect(least({})).toBeLessThan(alone - 0.004);
    expect(least({ what: "shop|items|Query" })).toBeGreaterThan(alone - 0.004);
    expect(least({ status: 404 })).toBeGreaterThan(alone - 0.004);
  });

  test("a request that names no account is paired only where its candidates are of one", () => {
    const lone = pairsApart(20, { account: undefined });
    expect(pairUp(lone).pairs.length).toBe(20);
    const [first = operation()] = lone.operations;
    const other = { ...first, entry: 99, account: "bills", durationMs: 1 };
    const { pairs } = pairUp({ ...lone, operations: [first, other, ...lone.operations.slice(1)] });
    expect(pairs.map(({ request: one }) => one)).toEqual(Array.from({ length: 19 }, (_, i) => i + 1));
  });

  test("more at the same time than can be weighed stay apart, and are counted", () => {
    const { pairs, crowded } = pairUp({
      requests: Array.from({ length: 11 }, (_, i) => request({ entry: i, at: i / 10 })),
      operations: Array.from({ length: 11 }, (_, i) => operation({ entry: 50 + i, at: 3 + i / 10 })),
      until: 45_000,
      known: 60_000,
    });
    expect(pairs).toEqual([]);
    expect(crowded).toBe(11);
  });

  test("so many at the same time that not even their number of pairs is bearable are counted", () => {
    const { pairs, crowded } = pairUp({
      requests: Array.from({ length: 460 }, (_, i) => request({ entry: i, at: i / 100 })),
      operations: Array.from({ length: 460 }, (_, i) => operation({ entry: 500 + i, at: 5 + i / 1_000 })),
      until: 2,
      known: 60_000,
    });
    expect(pairs).toEqual([]);
    expect(crowded).toBe(200);
  });

  test("a request that ends later than is known stays apart, and is counted", () => {
    const { pairs, crowded } = pairUp({
      requests: [request({ at: 0, totalMs: 60_001, backendMs: 60_000 })],
      operations: [operation({ at: 3 })],
      until: 45_000,
      known: 60_000,
    });
    expect([pairs, crowded]).toEqual([[], 1]);
  });
});

const calls = fc.array(
  fc.record({
    at: fc.integer({ min: 0, max: 4_000 }),
    totalMs: fc.integer({ min: 3, max: 80 }),
    status: fc.constantFrom(200, 404),
    account: fc.constantFrom("shop", "bills"),
    container: fc.constantFrom("a/b", "a/c"),
    names: fc.constantFrom("both", "both", "account", "none"),
    has: fc.constantFrom("both", "both", "both", "request", "operation"),
  }),
  { maxLength: 60, size: "max" },
);

test("every pair is of one account, within the envelope and one to one", () => {
  let pairsSeen = 0;
  fc.assert(
    fc.property(calls, (all) => {
      const sorted = all.toSorted((a, b) => a.at - b.at);
      const lone: Lone = {
        requests: sorted
          .filter(({ has }) => has !== "operation")
          .map(({ at, totalMs, status, account, container, names }, entry) =>
            request({
              entry,
              at,
              totalMs,
              backendMs: totalMs - 1,
              status,
              account: names === "none" ? undefined : account,
              container: names === "both" ? container : undefined,
            }),
          ),
        operations: sorted
          .filter(({ has }) => has !== "request")
          .map(({ at, totalMs, status, account, container }, i) =>
            operation({ entry: 1_000 + i, at: at + 1, durationMs: totalMs - 2, status, account, container }),
          ),
        until: 3_000,
        known: 4_100,
      };
      const { pairs, decided, crowded } = pairUp(lone);
      pairsSeen += pairs.length;
      expect(new Set(pairs.map((pair) => pair.request)).size).toBe(pairs.length);
      expect(new Set(pairs.map((pair) => pair.operation)).size).toBe(pairs.length);
      expect(new Set(decided).size).toBe(decided.length);
      expect(crowded).toBeLessThanOrEqual(lone.requests.length);
      for (const pair of pairs) {
        const one = lone.requests[pair.request];
        const other = lone.operations[pair.operation - 1_000];
        if (one === undefined || other === undefined) throw new Error("a pair of what was not given");
        expect(canBe(one, other)).toBe(true);
        expect(pair.probability).toBeGreaterThan(0.5);
        expect(pair.probability).toBeLessThanOrEqual(1);
        expect(pair.candidates).toBe(lone.operations.filter((candidate) => canBe(one, candidate)).length);
      }
    }),
    { numRuns: 300 },
  );
  expect(pairsSeen).toBeGreaterThan(1_000);
});
