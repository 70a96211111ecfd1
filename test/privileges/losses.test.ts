import { describe, expect, test } from "vitest";
import { accept, type Accepted } from "../../src/accept.ts";
import type { Analysis } from "../../src/analysis.ts";
import { createEventTable } from "../../src/model/event-table.ts";
import { type Instant, plusMs } from "../../src/model/time.ts";
import { createTally } from "../../src/findings/input-counts.ts";
import { step } from "../../src/pipeline.ts";
import { addLoss, createLosses, lossText, lostDays } from "../../src/privileges/losses.ts";
import { dayOf } from "../../src/privileges/ledger.ts";
import type { Batch } from "../../src/sources/source.ts";
import { stateCodec } from "../../src/store/codec.ts";
import { at } from "../builders.ts";
import { batchOf, feed, listing, logOf, newAnalysis } from "./live-tenant.ts";

const ROLES = { assignments: [{ id: "a1", principal: "p1", role: "contributor", scope: "/" }] };
const days = (from: string, count: number, more: Partial<Batch> = {}): Batch =>
  batchOf(logOf([{ who: "p1", operation: "Read", at: "shop/orders", from, days: count, applied: "a1" }]), more);
const quiet = (more: Partial<Batch>): Batch => batchOf([], { ...more });

function without(input: Partial<Accepted>): Accepted {
  const events = createEventTable(0);
  return {
    partition: "",
    events,
    texts: [],
    tally: createTally(),
    caughtUp: true,
    enqueued: undefined,
    gap: undefined,
    ...input,
  };
}

/** As it was judged last: before the last day but one of what was fed was learned. */
function seen(analysis: Analysis): string {
  const [finding] = [...analysis.standing.findings.values()];
  const exposure = finding?.privilege?.exposure;
  const notes = finding?.privilege?.abstains.filter(({ id }) => id === "log-gap") ?? [];
  return `${exposure?.days ?? 0} days, ${exposure?.gaps.length ?? 0} gaps. ${notes.map(({ says }) => says).join(" ")}`;
}

const started = (): Analysis => {
  const analysis = newAnalysis();
  feed(analysis, listing(ROLES, "2026-01-01T00:00:00Z"));
  feed(analysis, days("2026-01-01", 20));
  return analysis;
};

describe("days of which records are missing are not observed", () => {
  test("from the last record before a retention gap to the first after it", () => {
    const analysis = started();
    feed(analysis, quiet({ gap: { from: 21, to: 30 } }));
    feed(analysis, days("2026-01-24", 20));
    feed(analysis, days("2026-02-13", 1));
    expect(seen(analysis)).toBe(
      "37 days, 1 gaps. 3 days without any record of the account are not counted as observed. 2 days are not counted as observed, because records are missing (0: past the hub's retention before they could be read).",
    );
  });

  test("a gap within a delivery, too", () => {
    const analysis = started();
    feed(analysis, days("2026-01-21", 20, { gap: { from: 21, to: 30 } }));
    feed(analysis, days("2026-02-10", 1));
    expect(seen(analysis)).toMatch(/^37 days, 1 gaps\. 2 days are not/);
  });

  test("after a restart, too", () => {
    const analysis = started();
    feed(analysis, quiet({ gap: { from: 21, to: 30 } }));
    const again = stateCodec.decode(stateCodec.encode(analysis)) as Analysis;
    feed(again, days("2026-01-21", 21));
    expect(seen(again)).toMatch(/^37 days, 1 gaps/);
  });

  test("as long as a partition is behind and says nothing; once it has caught up, what it had was only late", () => {
    const analysis = started();
    feed(analysis, days("2026-01-21", 1, { partition: "1", caughtUp: false }));
    step(analysis, without({ silent: ["1"] }));
    feed(analysis, days("2026-01-22", 20));
    feed(analysis, days("2026-02-11", 1));
    expect(seen(analysis)).toMatch(/^20 days, 0 gaps\. .*\(1: its source is behind and says nothing\)/);
    feed(analysis, quiet({ partition: "1", caughtUp: true }));
    feed(analysis, days("2026-02-12", 2));
    expect(seen(analysis)).toBe("42 days, 0 gaps. ");
  });

  test("on the last day of a source that is read no longer, and not after it", () => {
    const analysis = started();
    step(analysis, without({ silent: ["0"], left: true }));
    feed(analysis, days("2026-01-21", 20, { partition: "2" }));
    feed(analysis, days("2026-02-10", 1, { partition: "2" }));
    expect(seen(analysis)).toMatch(/^38 days, 1 gaps\. 1 day is not .*\(0: its source is read no longer\)/);
  });

  test("where a workspace's rows were too many to be compared", () => {
    const analysis = started();
    const ms = (text: string) => Date.parse(text) as NonNullable<Batch["unsure"]>["from"];
    feed(analysis, quiet({ unsure: { from: ms("2026-01-04T10:00:00Z"), to: ms("2026-01-05T11:00:00Z") } }));
    feed(analysis, days("2026-01-21", 2));
    expect(seen(analysis)).toMatch(/^18 days, 1 gaps\. 2 days are not .*too many to be compared/);
  });

  test("a key is not known to be unused on them", () => {
    const analysis = newAnalysis();
    feed(
      analysis,
      batchOf(logOf([{ who: "PrimaryMasterKey", operation: "Read", at: "shop/orders", from: "2026-01-01", days: 1 }])),
    );
    feed(analysis, days("2026-01-02", 20));
    feed(analysis, days("2026-01-22", 20, { gap: { from: 1, to: 2 } }));
    feed(analysis, days("2026-02-11", 1));
    const [, second] =
      [...analysis.standing.findings.values()].find(({ kind }) => kind === "account-key-in-use")?.cause.evidence ?? [];
    expect(second?.says).toMatch(/, 37 observed days ago: local authentication/);
  });
});

test("of very many losses the last one grows: none is forgotten", () => {
  const losses = createLosses();
  const time = (day: number): Instant => plusMs(at(0), day * 86_400_000);
  for (let i = 0; i < 1_200; i++)
    addLoss(losses, { partition: "0", because: "not-compared", from: time(i), to: time(i) });
  expect(losses.past).toHaveLength(1_000);
  expect(lostDays(losses, time(1_199)).has(dayOf(time(1_150)))).toBe(true);
});

test("of many reasons three are told", () => {
  const loss = (partition: string) => ({ partition, because: "silent", from: at(0), to: at(0) }) as const;
  expect(lossText(["0", "1", "2", "3", "3"].map(loss))).toMatch(/^0: .*; 1: .*; 2: .*; and 1 more$/);
});

test("what an accepted batch says of missing records is kept for a replay", () => {
  const analysis = newAnalysis();
  const unsure = { from: 1, to: 2 } as unknown as NonNullable<Batch["unsure"]>;
  expect(accept(analysis, quiet({ unsure, gap: { from: 1, to: 2 } }))).toMatchObject({
    unsure,
    gap: { from: 1, to: 2 },
  });
});
