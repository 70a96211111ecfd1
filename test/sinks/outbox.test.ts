import { describe, expect, test } from "vitest";
import type { EpochMs } from "../../src/model/time.ts";
import { renderNotice } from "../../src/sinks/notice.ts";
import { createOutbox } from "../../src/sinks/outbox.ts";
import type { Alert, Delivery, Sink } from "../../src/sinks/sink.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import type { Store } from "../../src/store/store.ts";
import { finding } from "../finding-builder.ts";

describe("outbox", () => {
  const commit = (ids: readonly string[], target = "t") => ({
    positions: new Map(),
    kept: new Map(),
    rejects: { rows: [], counts: [], retried: [] },
    ledger: new Map(),
    journal: new Uint8Array(),
    findings: [],
    outbox: ids.map((alertId) => ({ alertId, target, body: alertId, findingId: "F-1" })),
  });
  const scripted = (answers: readonly Delivery[], name = "t"): Sink & { readonly sent: string[] } => {
    const sent: string[] = [];
    return {
      name,
      sent,
      render: () => "",
      send: async (_id, body) =>
        await Promise.resolve(answers[sent.push(body) - 1] ?? { kind: "delivered", status: 200 }),
    };
  };
  const epoch = (ms: number) => ms as EpochMs;
  const started = (sinks: readonly Sink[], store: Store = createMemoryStore()) => {
    const told: string[] = [];
    let time = 0;
    const outbox = createOutbox({
      store,
      sinks,
      now: () => epoch(time),
      elapsed: () => time,
      findingsOf: (ids) => ids.filter((id) => id.startsWith("F-a")).map((id) => finding({ id })),
      onTrouble: (target, because) => told.push(`${target}: ${because}`),
      onFailure: (error) => told.push(String(error)),
    });
    const round = async (at: number) => {
      time = at;
      outbox.round(new AbortController().signal);
      await outbox.settled();
    };
    return { store, told, outbox, round };
  };

  test("keeps the order of a finding's alerts, waits after a failure, and sends nothing twice", async () => {
    const sink = scripted([{ kind: "retry", because: "down" }]);
    const { store, told, round } = started([sink]);
    store.commit(commit(["a", "b"]));
    await round(1_000);
    await round(3_000);
    expect(sink.sent).toEqual(["a"]);
    for (let time = 10_000; time <= 40_000; time += 10_000) await round(time);
    expect(sink.sent).toEqual(["a", "a", "b"]);
    expect(told).toEqual(["t: down"]);
  });
  test.each([
    { name: "names no time", asked: undefined, least: 0.8, most: 1.2 },
    { name: "asks for much more time", asked: 1e10, least: 2, most: 2 },
    { name: "asks for less time", asked: 1, least: 0.8, most: 1.2 },
  ])(
    "a target that fails and $name is tried ten times over 75.6 hours or so, then set aside",
    async ({ asked, least, most }) => {
      const down: Delivery = { kind: "retry", because: "down", ...(asked !== undefined && { afterMs: asked }) };
      const sink = scripted(Array.from({ length: 20 }, () => down));
      const { store, round } = started([sink]);
      store.commit(commit(["a"]));
      await round(0);
      let last = 0;
      for (const seconds of [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]) {
        const tried = sink.sent.length;
        await round(last + 1_000 * seconds * least - 1_000);
        expect(sink.sent.length).toBe(tried);
        last += 1_000 * seconds * most;
        await round(last + 1_000);
        expect(sink.sent.length).toBe(tried + 1);
        last += 1_000;
      }
      await round(1e12);
      expect(sink.sent.length).toBe(10);
      expect(store.due(epoch(1e13), 10)).toEqual([]);
    },
  );
  test("an alert for a target that is gone is set aside, the others go on", async () => {
    const sink = scripted([]);
    const { store, round } = started([sink]);
    store.commit(commit(["x"], "gone"));
    store.commit(commit(["a"]));
    await round(1_000);
    expect(sink.sent).toEqual(["a"]);
    expect(store.due(epoch(1e12), 10)).toEqual([]);
  });
  test("a target that hangs holds up no other", async () => {
    const answer = Promise.withResolvers<Delivery>();
    const hangs: Sink = { name: "slow", render: () => "", send: () => answer.promise };
    const sink = scripted([]);
    const { store, outbox } = started([hangs, sink]);
    store.commit(commit(["x", "y"], "slow"));
    store.commit(commit(["a"]));
    outbox.round(new AbortController().signal);
    await expect.poll(() => sink.sent).toEqual(["a"]);
    answer.resolve({ kind: "delivered", status: 200 });
    await outbox.settled();
    expect(store.due(epoch(1e12), 10).map(({ alertId }) => alertId)).toEqual(["y"]);
  });
  test("at most one alert a second to one target, of whatever finding", async () => {
    const sink = scripted([]);
    const { store, round } = started([sink]);
    for (const id of ["a", "b", "c"])
      store.commit({ ...commit([]), outbox: [{ alertId: id, target: "t", body: id, findingId: `F-${id}` }] });
    await round(1_000);
    await round(1_500);
    expect(sink.sent).toEqual(["a"]);
    await round(2_000);
    expect(sink.sent).toEqual(["a", "b"]);
  });
  test("nothing more goes to a target that answered that it is gone for good", async () => {
    const sink = scripted([{ kind: "gone", because: "410" }]);
    const { store, round, told } = started([sink]);
    store.commit(commit(["a", "b"]));
    for (const time of [1_000, 10_000, 1e9]) await round(time);
    expect(sink.sent).toEqual(["a"]);
    expect(store.due(epoch(1e12), 10)).toEqual([]);
    expect(told).toEqual(["t: 410"]);
  });
  test("what became of an alert and could not be kept is told, and the alert is sent again", async () => {
    const store = createMemoryStore();
    const sink = scripted([]);
    const full = {
      ...store,
      sent: () => {
        throw new Error("the disk is full");
      },
    };
    const { told, round } = started([sink], full);
    store.commit(commit(["a"]));
    await round(1_000);
    await round(3_000);
    expect(sink.sent).toEqual(["a"]);
    await round(62_000);
    expect(sink.sent).toEqual(["a", "a"]);
    expect(told).toEqual(["Error: the disk is full", "Error: the disk is full"]);
  });

  test("an alert that is being sent is not due again, and neither is what follows it", async () => {
    const answer = Promise.withResolvers<Delivery>();
    const sink: Sink = { name: "t", render: () => "", send: () => answer.promise };
    const { store, outbox } = started([sink]);
    store.commit(commit(["a", "b"]));
    outbox.round(new AbortController().signal);
    expect(store.due(epoch(50_000), 10)).toEqual([]);
    expect(store.due(epoch(70_000), 10).map(({ alertId }) => alertId)).toEqual(["a"]);
    answer.resolve({ kind: "delivered", status: 200 });
    await outbox.settled();
    expect(store.due(epoch(70_000), 10).map(({ alertId }) => alertId)).toEqual(["b"]);
  });

  const alone = (ids: readonly string[], target = "t") => ({
    ...commit([]),
    outbox: ids.map((id) => ({ alertId: id, target, body: id, findingId: `F-${id}` })),
  });

  test("a target that fails five times in a row is left alone for half a minute, then tried once", async () => {
    const down: Delivery = { kind: "retry", because: "503" };
    const sink = scripted(Array.from({ length: 6 }, () => down));
    const { store, round } = started([sink]);
    store.commit(alone(["a", "b", "c", "d", "e", "f", "g"]));
    for (const second of [1, 2, 3, 4, 5]) await round(1_000 * second);
    expect(sink.sent).toEqual(["a", "b", "c", "d", "e"]);
    for (const second of [6, 10, 20, 30]) await round(1_000 * second);
    expect(sink.sent).toHaveLength(5);
    await round(35_000);
    expect(sink.sent).toHaveLength(6);
    await round(36_000);
    expect(sink.sent).toHaveLength(6);
    await round(66_000);
    await round(67_000);
    expect(sink.sent).toHaveLength(8);
  });

  test("a fault of a target's configuration keeps the alert and is told through the others, once", async () => {
    const broken: Delivery = {
      kind: "broken",
      because: "hooks.example: answered 403. Check the target's address and secrets.",
    };
    const [bad, good] = [scripted([broken, broken, broken], "bad"), scripted([], "good")];
    const { store, round } = started([bad, good]);
    store.commit(alone(["a"], "bad"));
    await round(1_000);
    await round(2_000);
    expect(good.sent.map((body) => JSON.parse(body) as unknown)).toEqual([
      expect.objectContaining({
        type: "notice",
        data: expect.objectContaining({
          title: "Alerts to bad are not delivered",
          lines: [broken.because, expect.any(String)],
        }),
      }),
    ]);
    for (const minute of [10, 60]) await round(60_000 * minute);
    expect(bad.sent).toEqual(["a", "a", "a"]);
    expect(good.sent).toHaveLength(1);
    expect(store.due(epoch(1e12), 10).map(({ alertId }) => alertId)).toEqual(["a"]);
    await round(1e9);
    expect(bad.sent).toHaveLength(4);
    expect(store.due(epoch(1e12), 10)).toEqual([]);
  });

  const digesting = (sink: Sink & { readonly sent: string[] }) => ({
    ...sink,
    renderDigest: (alerts: readonly Alert[]) => JSON.stringify(alerts.map((one) => [one.kind, one.finding.id])),
  });

  test("more than twenty at once become one digest, and none is sent by itself", async () => {
    const sink = digesting(scripted([]));
    const { store, round } = started([sink]);
    const ids = Array.from({ length: 45 }, (_, i) => `a${i}`);
    store.commit(alone(ids));
    for (const second of [1, 2, 3, 4]) await round(1_000 * second);
    expect(sink.sent.map((body) => JSON.parse(body) as unknown)).toEqual([
      ids.map((id) => ["finding.updated", `F-${id}`]),
    ]);
    expect(store.due(epoch(1e12), 100)).toEqual([]);
    store.commit(alone(["later"]));
    await round(10_000);
    expect(sink.sent.at(-1)).toBe("later");
  });

  test("a digest about findings that are known no more says how many there were", async () => {
    const sink = digesting(scripted([]));
    const { store, round } = started([sink]);
    store.commit(alone(Array.from({ length: 30 }, (_, i) => `z${i}`)));
    await round(1_000);
    await round(2_000);
    expect(sink.sent).toEqual([expect.stringContaining("30 alerts about 30 findings at once")]);
  });

  test("a target that closes each finding by its own key gets each alert", async () => {
    const sink = scripted([]);
    const { store, round } = started([sink]);
    store.commit(alone(Array.from({ length: 30 }, (_, i) => `a${i}`)));
    for (const second of [1, 2, 3]) await round(1_000 * second);
    expect(sink.sent).toEqual(["a0", "a1", "a2"]);
  });

  test.each([
    { type: "slack", shows: '"type":"header"' },
    { type: "teams", shows: "AdaptiveCard" },
    { type: "webhook", shows: '"type":"notice"' },
    { type: "pagerduty", shows: undefined },
  ])("a notice for $type is in its own form", ({ type, shows }) => {
    const body = renderNotice(type, { title: "<!channel> [x](http://evil)", lines: ["a\u202eb"], at: 0 });
    if (shows === undefined) expect(body).toBeUndefined();
    else expect(body).toContain(shows);
    expect(body ?? "").not.toMatch(/\u202e/);
  });

  test("twenty are sent one by one", async () => {
    const sink = scripted([]);
    const { store, round } = started([sink]);
    store.commit(alone(Array.from({ length: 20 }, (_, i) => `a${i}`)));
    for (let second = 1; second <= 20; second++) await round(1_000 * second);
    expect(sink.sent).toHaveLength(20);
  });
});
