import { expect, test } from "vitest";
import { epochMs } from "../../src/model/time.ts";
import { at } from "../builders.ts";
import { eventsOf, refusedByCosmos } from "../traffic.ts";
import { soleFinding } from "./sole-finding.ts";
import { analyze, CALLS, type Fault, orders } from "./tenant.ts";

const MINUTE = 60;

/** Every 75 minutes for ten, with more than an hour between: each is an episode of its own. */
const slowSawtooth: Fault = (call) =>
  orders(call) && (call.seconds + 60 * MINUTE) % (75 * MINUTE) < 10 * MINUTE
    ? refusedByCosmos(call, 401, {})
    : undefined;

test("refusals of a route that come back hours apart are a token that is kept for too long", () => {
  const finding = soleFinding(slowSawtooth, [], true);
  expect(finding?.cause.id).toBe("cached-token-outlived");
  expect(finding?.cause.evidence.map(({ says }) => says)).toContainEqual(expect.stringContaining("every 75 min"));
});

test("a finding that came back counts what was refused each time", () => {
  const finding = soleFinding(slowSawtooth, [], true);
  const isRefused = ({ status }: { status?: number | undefined }): boolean => status === 401;
  const refused = eventsOf(CALLS, slowSawtooth).filter((event) => event.kind === "gateway-request" && isRefused(event));
  expect(refused.length).toBeGreaterThan(300);
  expect(finding?.counts.refused).toBe(refused.length);
});

test("refusals that come back each minute are no token's", () => {
  const finding = soleFinding((call) =>
    orders(call) && call.seconds % 60 < 25 && call.chance < 0.6 ? refusedByCosmos(call, 401, {}) : undefined,
  );
  expect(finding?.cause.id).toBe("unknown-periodic");
  expect(finding?.cause.evidence.map(({ says }) => says)).toContainEqual(expect.stringContaining("every 60 s"));
  const because = finding?.cause.rejected.find(({ id }) => id === "cached-token-outlived")?.because;
  expect(because).toMatch(/faster than any cache/);
});

test("what one backend refuses after a fault of the whole API was mended is a fault of its own", () => {
  const all = (seconds: number): boolean => seconds >= 2_000 && seconds < 4_000;
  const fault: Fault = (call) => {
    if (!orders(call)) return undefined;
    const isRefused = all(call.seconds) || (call.seconds >= 5_200 && call.backend === "orders-a" && call.chance < 0.5);
    return isRefused ? [{ ...call.gateway, status: 401, backendStatus: 401 }] : undefined;
  };
  const findings = analyze(eventsOf(CALLS, fault));
  expect(findings.map(({ splits, onset }) => [splits[0]?.where, Math.round(epochMs(onset) / 60_000)])).toEqual(
    expect.arrayContaining([
      [{ api: "orders" }, Math.round(epochMs(at(2_000)) / 60_000)],
      [{ backend: "orders-a" }, Math.round(epochMs(at(5_200)) / 60_000)],
    ]),
  );
  expect(findings).toHaveLength(2);
});
