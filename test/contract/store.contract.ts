import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { KEPT_FINDINGS, KEPT_REJECTS, type Store } from "../../src/store/store.ts";
import { instantFromTicks } from "../../src/model/time.ts";
import { bytes, commitOf, commitSnapshot, epoch, findingOf, ledgerRow, textOf } from "../store/sample.ts";

export interface StoreHarness {
  /** Opens what was there before, or something empty. */
  open(): Store;
  close(): Promise<void>;
}

/** What a store holds before the first commit. */
const NOTHING = { positions: new Map(), kept: new Map(), snapshot: undefined, journal: [], isOtherVersion: false };

/** Every promise of `Store`, tried on one implementation. */
export function storeContract(make: () => Promise<StoreHarness>): void {
  let harness: StoreHarness;
  let store: Store;
  beforeEach(async () => {
    harness = await make();
    store = harness.open();
  });
  afterEach(async () => {
    store.close();
    await harness.close();
  });
  const reopen = (): void => {
    store.close();
    store = harness.open();
  };

  describe("what a restart goes on from", () => {
    test("is nothing at first", () => {
      expect(store.load()).toEqual(NOTHING);
      expect(store.ledger()).toEqual(new Map());
      expect(store.findings()).toEqual([]);
      expect(store.due(epoch(9e12), 10)).toEqual([]);
    });

    test("is the newest position of each partition", () => {
      store.commit(
        commitOf({
          positions: new Map([
            [
              "hub",
              new Map([
                ["0", "5"],
                ["1", "7"],
              ]),
            ],
          ]),
        }),
      );
      store.commit(
        commitOf({
          positions: new Map([
            ["hub", new Map([["1", "9/a:b"]])],
            ["__proto__", new Map([["x", ""]])],
          ]),
        }),
      );
      reopen();
      expect(store.load().positions).toEqual(
        new Map([
          [
            "hub",
            new Map([
              ["0", "5"],
              ["1", "9/a:b"],
            ]),
          ],
          ["__proto__", new Map([["x", ""]])],
        ]),
      );
    });

    test("is what sources keep, until they forget it", () => {
      store.commit(
        commitOf({
          kept: new Map([
            [
              "workspace",
              new Map([
                ["__proto__", bytes("a")],
                ["b", bytes("b")],
              ]),
            ],
            ["hub", new Map([["b", bytes("other")]])],
          ]),
        }),
      );
      store.commit(
        commitOf({
          kept: new Map([
            [
              "workspace",
              new Map([
                ["__proto__", bytes("longer")],
                ["b", undefined],
              ]),
            ],
          ]),
        }),
      );
      reopen();
      const { kept } = store.load();
      expect([...kept.keys()].toSorted()).toEqual(["hub", "workspace"]);
      expect([...(kept.get("workspace") ?? [])].map(([key, value]) => [key, textOf(value)])).toEqual([
        ["__proto__", "longer"],
      ]);
    });

    test("is the journal, in order, until a snapshot holds it", () => {
      for (let i = 0; i < 12; i++) store.commit(commitOf({ journal: bytes(`j${i}`) }));
      reopen();
      expect(store.load().journal.map(textOf)).toEqual(Array.from({ length: 12 }, (_, i) => `j${i}`));
      store.stage(bytes("never"), true);
      store.commit(commitOf({ journal: bytes("in the snapshot") }));
      store.stage(bytes("snap"), true);
      store.commit(commitOf({ journal: bytes("while it is staged") }));
      store.stage(bytes("shot"), false);
      reopen();
      expect(store.load()).toMatchObject({ snapshot: undefined, journal: { length: 14 } });
      store.stage(bytes("snap"), true);
      store.commit(commitOf({ journal: bytes("while it is staged again") }));
      store.stage(bytes("shot"), false);
      store.commit(commitOf({ journal: bytes("after"), turns: true }));
      reopen();
      expect(textOf(store.load().snapshot)).toBe("snapshot");
      expect(store.load().journal.map(textOf)).toEqual(["while it is staged again", "after"]);
    });

    test("keeps a staged part though its memory is used for something else", () => {
      const part = Buffer.from("a part of a snapshot");
      store.stage(part, true);
      part.fill(0);
      store.commit(commitOf({ turns: true }));
      reopen();
      expect(textOf(store.load().snapshot)).toBe("a part of a snapshot");
    });

    test("turns to nothing that is not staged", () => {
      commitSnapshot(store, bytes("s"));
      expect(() => store.commit(commitOf({ turns: true, journal: bytes("lost") }))).toThrow("no snapshot is staged");
      reopen();
      expect(textOf(store.load().snapshot)).toBe("s");
      expect(store.load().journal).toEqual([]);
    });

    test("gives up what it turned from part by part, and nothing else", () => {
      commitSnapshot(store, bytes("old"));
      commitSnapshot(store, bytes("new"), { journal: bytes("j") });
      let steps = 0;
      while (store.tidy()) steps += 1;
      expect(steps).toBeLessThan(4);
      expect(store.tidy()).toBe(false);
      reopen();
      expect(textOf(store.load().snapshot)).toBe("new");
      expect(store.load().journal.map(textOf)).toEqual(["j"]);
    });

    test("takes no part of an empty journal", () => {
      store.commit(commitOf());
      expect(store.load().journal).toEqual([]);
    });

    test("keeps a large snapshot, and only the newest", () => {
      const large = new Uint8Array(3 << 20).map((_, i) => i % 251);
      commitSnapshot(store, bytes("old"));
      commitSnapshot(store, large);
      reopen();
      expect(Buffer.compare(store.load().snapshot ?? new Uint8Array(0), large)).toBe(0);
    });

    test("does not change with the caller's buffer", () => {
      const buffer = bytes("before");
      store.commit(commitOf({ journal: buffer }));
      buffer.fill(0);
      expect(store.load().journal.map(textOf)).toEqual(["before"]);
    });
  });

  describe("the ledger", () => {
    test("adds up over commits and restarts", () => {
      store.commit(commitOf({ ledger: new Map([["hub", new Map([["0", ledgerRow(3, { rejected: 1 })]])]]) }));
      reopen();
      store.commit(
        commitOf({
          ledger: new Map([
            [
              "hub",
              new Map([
                ["0", ledgerRow(4, { duplicate: 2, filtered: 5 })],
                ["1", ledgerRow(1)],
              ]),
            ],
          ]),
        }),
      );
      expect(store.ledger()).toEqual(
        new Map([
          [
            "hub",
            new Map([
              ["0", { records: 15, accepted: 7, duplicate: 2, filtered: 5, rejected: 1, bytes: 70 }],
              ["1", ledgerRow(1)],
            ]),
          ],
        ]),
      );
    });

    test.each([
      { name: "a record more than its parts", row: { ...ledgerRow(3), records: 4 } },
      { name: "a negative count", row: { ...ledgerRow(3), accepted: 4, rejected: -1 } },
      { name: "half a record", row: { ...ledgerRow(1), records: 1.5, accepted: 1.5 } },
    ])("refuses $name, and the whole commit with it", ({ row }) => {
      const commit = commitOf({
        positions: new Map([["hub", new Map([["0", "9"]])]]),
        journal: bytes("j"),
        findings: [findingOf("F-1")],
        ledger: new Map([
          [
            "hub",
            new Map([
              ["0", ledgerRow(1)],
              ["1", row],
            ]),
          ],
        ]),
      });
      expect(() => store.commit(commit)).toThrow(/ledger of hub\/1 does not add up/);
      expect(store.load()).toEqual(NOTHING);
      expect(store.ledger()).toEqual(new Map());
      expect(store.findings()).toEqual([]);
    });
  });

  describe("findings", () => {
    test("come back as they were, newest version of each, in the order of their first", () => {
      const resolved = findingOf("F-1", { status: "resolved", end: instantFromTicks(-5) });
      store.commit(commitOf({ findings: [findingOf("F-1"), findingOf("F-2", { subject: {}, splits: [] })] }));
      store.commit(commitOf({ findings: [resolved] }));
      reopen();
      expect(store.findings()).toEqual([resolved, findingOf("F-2", { subject: {}, splits: [] })]);
    });

    test("that were new first are forgotten where there are too many", () => {
      const many = Array.from({ length: KEPT_FINDINGS + 3 }, (_, i) => findingOf(`F-${i}`));
      store.commit(commitOf({ findings: many }));
      store.commit(commitOf({ findings: [findingOf("F-3")] }));
      const ids = store.findings().map(({ id }) => id);
      expect([ids.length, ids[0], ids.at(-1)]).toEqual([KEPT_FINDINGS, "F-3", `F-${KEPT_FINDINGS + 2}`]);
    });

    test("that could not be read back are not taken", () => {
      const commit = commitOf({
        positions: new Map([["hub", new Map([["0", "1"]])]]),
        findings: [findingOf("F-1", { onset: instantFromTicks(Number.NaN) })],
      });
      expect(() => store.commit(commit)).toThrow(/not a finding.*onset/s);
      expect(store.load().positions).toEqual(new Map());
    });
  });

  describe("rejects", () => {
    const reject = (sequence: number, reason = "no-time", raw?: string) => ({
      source: "hub",
      partition: "0",
      sequence,
      place: 1,
      stage: "normalize",
      reason,
      detail: "`time` is missing.",
      sample: "a=1",
      ...(raw === undefined ? {} : { raw }),
    });
    const count = (reason: string, n: number) => ({
      source: "hub",
      partition: "0",
      stage: "normalize",
      reason,
      count: n,
    });

    test("are kept as they were, by number, and counted for good", () => {
      store.commit(
        commitOf({
          rejects: { rows: [reject(1), reject(2, "no-id", '{"a":"é"}')], counts: [count("no-time", 5)], retried: [] },
        }),
      );
      store.commit(
        commitOf({ rejects: { rows: [reject(1)], counts: [count("no-time", 2), count("no-id", 1)], retried: [] } }),
      );
      reopen();
      expect(store.rejects({ after: 0, limit: 10 })).toEqual([
        { id: 1, ...reject(1) },
        { id: 2, ...reject(2, "no-id", '{"a":"é"}') },
      ]);
      expect(store.rejects({ after: 1, limit: 10 }).map(({ id }) => id)).toEqual([2]);
      expect(store.rejects({ after: 0, limit: 1 }).map(({ id }) => id)).toEqual([1]);
      expect(store.rejects({ after: 0, limit: 10, reason: "no-id" }).map(({ id }) => id)).toEqual([2]);
      expect(store.rejectCounts()).toEqual([
        { ...count("no-time", 7), kept: 1 },
        { ...count("no-id", 1), kept: 1 },
      ]);
    });

    test("go when they were read at last; their counts stay", () => {
      store.commit(commitOf({ rejects: { rows: [reject(1), reject(2)], counts: [count("no-time", 2)], retried: [] } }));
      store.commit(commitOf({ rejects: { rows: [], counts: [], retried: [1] } }));
      reopen();
      expect(store.rejects({ after: 0, limit: 10 }).map(({ sequence }) => sequence)).toEqual([2]);
      expect(store.rejectCounts()).toEqual([{ ...count("no-time", 2), kept: 1 }]);
    });

    test("are only so many, the newest", () => {
      const many = Array.from({ length: KEPT_REJECTS + 3 }, (_, i) => reject(i));
      store.commit(commitOf({ rejects: { rows: many, counts: [], retried: [] } }));
      const kept = store.rejects({ after: 0, limit: KEPT_REJECTS + 10 });
      expect([kept.length, kept[0]?.sequence, kept.at(-1)?.sequence]).toEqual([KEPT_REJECTS, 3, KEPT_REJECTS + 2]);
    });
  });

  describe("alerts", () => {
    const alert = (alertId: string, findingId: string, target = "teams") => ({
      alertId,
      findingId,
      target,
      body: `body of ${alertId}`,
    });
    const dueIds = (now = 0, limit = 10): string[] =>
      store.due(epoch(now), limit).map((row) => `${row.target}:${row.alertId}`);

    test("are due at once, oldest first, with the body as committed", () => {
      store.commit(commitOf({ outbox: [alert("b", "F-1"), alert("a", "F-2"), alert("b", "F-1", "slack")] }));
      reopen();
      expect(dueIds()).toEqual(["teams:b", "teams:a", "slack:b"]);
      expect(store.due(epoch(0), 1)).toEqual([
        { alertId: "b", target: "teams", findingId: "F-1", body: "body of b", attempts: 0 },
      ]);
    });

    test("are not due again once sent or dead", () => {
      store.commit(commitOf({ outbox: [alert("a", "F-1"), alert("b", "F-2"), alert("c", "F-3")] }));
      store.sent("a", "teams");
      store.dead("b", "teams", "410");
      reopen();
      expect(dueIds()).toEqual(["teams:c"]);
    });

    test("wait for their next attempt, and count them", () => {
      store.commit(commitOf({ outbox: [alert("a", "F-1")] }));
      store.retry("a", "teams", epoch(1_000), "503");
      store.retry("a", "teams", epoch(2_000), "503");
      reopen();
      expect(dueIds(1_999)).toEqual([]);
      expect(store.due(epoch(2_000), 10)).toMatchObject([{ alertId: "a", attempts: 2 }]);
    });

    test("never overtake an earlier one about the same finding to the same target", () => {
      store.commit(
        commitOf({
          outbox: [
            alert("opened", "F-1"),
            alert("resolved", "F-1"),
            alert("resolved", "F-1", "slack"),
            alert("other", "F-2"),
          ],
        }),
      );
      store.retry("opened", "teams", epoch(5_000), "503");
      reopen();
      expect(dueIds(1_000)).toEqual(["slack:resolved", "teams:other"]);
      expect(dueIds(5_000)).toEqual(["teams:opened", "slack:resolved", "teams:other"]);
      store.dead("opened", "teams", "gave up");
      expect(dueIds(5_000)).toEqual(["teams:resolved", "slack:resolved", "teams:other"]);
    });

    test("of no finding wait for no other", () => {
      store.commit(
        commitOf({
          outbox: [
            { alertId: "a", target: "teams", body: "" },
            { alertId: "b", target: "teams", body: "" },
          ],
        }),
      );
      expect(dueIds()).toEqual(["teams:a", "teams:b"]);
    });

    test("that are known are not added again, sent or not", () => {
      store.commit(commitOf({ outbox: [alert("a", "F-1"), alert("b", "F-2")] }));
      store.sent("a", "teams");
      store.commit(commitOf({ outbox: [alert("a", "F-1"), { ...alert("b", "F-2"), body: "another" }] }));
      reopen();
      expect(store.due(epoch(0), 10)).toEqual([
        { alertId: "b", target: "teams", findingId: "F-2", body: "body of b", attempts: 0 },
      ]);
    });

    test("that are leased are due again only later, and keep their place before those that follow", () => {
      store.commit(commitOf({ outbox: [alert("opened", "F-1"), alert("resolved", "F-1")] }));
      store.lease("opened", "teams", epoch(1_000));
      expect(dueIds(999)).toEqual([]);
      expect(dueIds(1_000)).toEqual(["teams:opened"]);
      store.sent("opened", "teams");
      expect(dueIds(0)).toEqual(["teams:resolved"]);
      store.lease("resolved", "teams", epoch(9_000));
      store.retry("resolved", "teams", epoch(2_000), "503");
      expect(dueIds(2_000)).toEqual(["teams:resolved"]);
    });

    test("that are folded are not due; what stands for them is, once", () => {
      store.commit(commitOf({ outbox: [alert("a", "F-1"), alert("b", "F-2"), alert("b", "F-2", "slack")] }));
      store.fold("teams", ["a", "b"], { alertId: "digest", target: "teams", body: "both" });
      store.fold("teams", ["a", "b"], { alertId: "digest", target: "teams", body: "both" });
      reopen();
      expect(dueIds()).toEqual(["slack:b", "teams:digest"]);
      store.notify([{ alertId: "note", target: "slack", body: "n" }]);
      store.notify([{ alertId: "note", target: "slack", body: "n" }]);
      expect(dueIds()).toEqual(["slack:b", "teams:digest", "slack:note"]);
    });

    test("that are unknown change nothing when marked", () => {
      store.commit(commitOf({ outbox: [alert("a", "F-1")] }));
      store.sent("a", "slack");
      store.retry("z", "teams", epoch(9), "503");
      expect(dueIds()).toEqual(["teams:a"]);
    });
  });
}
