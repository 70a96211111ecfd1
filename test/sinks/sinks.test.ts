import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { AdaptiveCard } from "adaptivecards";
import { Webhook } from "standardwebhooks";
import { afterEach, describe, expect, test } from "vitest";
import type { EpochMs } from "../../src/model/time.ts";
import { isDenied } from "../../src/sinks/address-guard.ts";
import { createBucket } from "../../src/sinks/breaker.ts";
import { renderNotice } from "../../src/sinks/notice.ts";
import { createOutbox } from "../../src/sinks/outbox.ts";
import type { Alert, Delivery, Sink } from "../../src/sinks/sink.ts";
import { slackMessage, slackSink } from "../../src/sinks/slack.ts";
import { teamsMessage } from "../../src/sinks/teams.ts";
import { secretFault, webhookBody, webhookSink } from "../../src/sinks/webhook.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import type { Store } from "../../src/store/store.ts";
import { finding, hostileFinding } from "../finding-builder.ts";

const opened = (): Alert => ({ id: "msg_1", kind: "finding.opened", finding: finding() });
const hostile = (): Alert => ({ id: "msg_2", kind: "finding.opened", finding: hostileFinding() });

interface Fake {
  readonly url: URL;
  readonly received: { readonly headers: IncomingMessage["headers"]; readonly body: string }[];
}

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A target on loopback that answers as scripted. */
async function fakeTarget(answer: (response: ServerResponse) => void): Promise<Fake> {
  const received: Fake["received"] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      received.push({ headers: request.headers, body });
      answer(response);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/SECRETPATH`), received };
}

const SECRET = `whsec_${Buffer.from("0123456789abcdef01234567").toString("base64")}`;
const now = () => Date.now();

describe("what an answer means", () => {
  const answers: { name: string; answer: (response: ServerResponse) => void; kind: Delivery["kind"] }[] = [
    { name: "200", answer: (response) => response.end("ok"), kind: "delivered" },
    { name: "202", answer: (response) => response.writeHead(202).end(), kind: "delivered" },
    {
      name: "a redirect is not followed",
      answer: (response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
      kind: "broken",
    },
    { name: "401 is never delivered", answer: (response) => response.writeHead(401).end(), kind: "broken" },
    { name: "403 is never delivered", answer: (response) => response.writeHead(403).end(), kind: "broken" },
    { name: "404 is never delivered", answer: (response) => response.writeHead(404).end(), kind: "broken" },
    { name: "410", answer: (response) => response.writeHead(410).end(), kind: "gone" },
    { name: "429", answer: (response) => response.writeHead(429, { "retry-after": "7" }).end(), kind: "retry" },
    { name: "500", answer: (response) => response.writeHead(500).end(), kind: "retry" },
    { name: "a reset connection", answer: (response) => response.destroy(), kind: "retry" },
    {
      name: "throttling told in a 200",
      answer: (response) => response.end("Microsoft Teams endpoint returned HTTP error 429"),
      kind: "retry",
    },
    {
      name: "a huge answer",
      answer: (response) => response.writeHead(200).end("x".repeat(1 << 20)),
      kind: "delivered",
    },
  ];
  test.each(answers)("$name", async ({ answer, kind }) => {
    const { url } = await fakeTarget(answer);
    const sink = slackSink({ name: "s", url, allowPrivate: true });
    const delivery = await sink.send("msg_1", sink.render(opened()), new AbortController().signal);
    expect(delivery.kind).toBe(kind);
    expect(JSON.stringify(delivery)).not.toContain("SECRETPATH");
  });
  test("the wait that a target asks for is passed on", async () => {
    const { url } = await fakeTarget((response) => response.writeHead(429, { "retry-after": "7" }).end());
    expect(
      await slackSink({ name: "s", url, allowPrivate: true }).send("m", "{}", new AbortController().signal),
    ).toMatchObject({ afterMs: 7_000 });
  });
  test("a private address is refused unless it is allowed", async () => {
    const { url, received } = await fakeTarget((response) => response.end());
    expect(
      (await slackSink({ name: "s", url, allowPrivate: false }).send("m", "{}", new AbortController().signal)).kind,
    ).toBe("retry");
    expect(received).toEqual([]);
  });
});

describe("addresses that a webhook must not reach", () => {
  const denied = [
    "127.0.0.1",
    "127.1.2.3",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "168.63.129.16",
    "100.64.0.1",
    "224.0.0.1",
    "::1",
    "::",
    "fc00::1",
    "fe80::1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:a9fe:a9fe",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "not an address",
  ];
  test.each(denied)("%s", (address) => expect(isDenied(address)).toBe(true));
  test.each(["203.0.114.1", "20.50.2.1", "2603:1030:7::1"])("%s is reached", (address) =>
    expect(isDenied(address)).toBe(false),
  );
});

describe("webhook", () => {
  test("is signed by Standard Webhooks, with every secret", async () => {
    const { url, received } = await fakeTarget((response) => response.end());
    const other = `whsec_${Buffer.from("another-secret-of-24-b!!").toString("base64")}`;
    const sink = webhookSink({ name: "w", url, allowPrivate: true, secrets: [other, SECRET], now });
    await sink.send("msg_1", sink.render(opened()), new AbortController().signal);
    const [{ headers, body } = { headers: {}, body: "" }] = received;
    const plain = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    expect(new Webhook(SECRET).verify(body, plain)).toMatchObject({
      type: "finding.opened",
      data: { id: "F-7Q2KABCDEF" },
    });
    expect(() => new Webhook(SECRET).verify(`${body} `, plain)).toThrow();
  });
  test("a hostile finding stays under the limit and stays JSON", () => {
    const body = webhookBody(hostile(), "https://scopetrail.example");
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(20_000);
    expect(JSON.parse(body)).toMatchObject({ type: "finding.opened" });
  });
});

describe("slack", () => {
  test("a hostile finding stays under every limit, with nothing live", () => {
    const { blocks, text } = slackMessage(hostile(), "https://scopetrail.example");
    const rendered = JSON.stringify({ blocks, text });
    for (const block of blocks) {
      if (block.type === "header") expect(block.text.text.length).toBeLessThanOrEqual(150);
      if (block.type === "section")
        for (const field of block.fields ?? []) expect(field.text.length).toBeLessThanOrEqual(12_000);
    }
    const marked = blocks
      .flatMap((block) => (block.type === "section" ? (block.fields ?? []) : []))
      .map((field) => field.text);
    for (const one of [...marked, text]) expect(one).not.toMatch(/<[!@#h]/);
    expect(rendered).not.toContain("\u202e");
  });
  test("a field is never longer than Slack takes", () => {
    const { blocks } = slackMessage(hostile(), undefined);
    const fields = blocks.flatMap((block) => (block.type === "section" ? (block.fields ?? []) : []));
    expect(Math.max(...fields.map((field) => field.text.length))).toBeLessThanOrEqual(2_000);
  });
});

describe("teams", () => {
  test("is a valid card", () => {
    const message = JSON.parse(teamsMessage(opened(), "https://scopetrail.example")) as {
      attachments: { content: object }[];
    };
    const card = new AdaptiveCard();
    card.parse(message.attachments[0]?.content ?? {});
    expect(card.validateProperties().validationEvents).toEqual([]);
    expect(card.getItemCount()).toBe(4);
  });
  test("a hostile finding stays under the limit, with nothing live", () => {
    const text = teamsMessage(hostile(), "https://scopetrail.example");
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(20_000);
    expect(text).not.toMatch(/[^\\]\[click\]\(/);
    expect(text).not.toContain("https://evil");
  });
});

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

describe("a bucket of tokens", () => {
  test("gives as many as come back, and at most what it holds", () => {
    const bucket = createBucket(2, 3);
    expect([0, 0, 0, 0, 400, 500, 600, 10_000, 10_000, 10_000, 10_000].map((at) => bucket.take(at))).toEqual([
      true,
      true,
      true,
      false,
      false,
      true,
      false,
      true,
      true,
      true,
      false,
    ]);
  });
});

describe("secrets of a webhook", () => {
  const bytes = (count: number) => `whsec_${Buffer.alloc(count, 7).toString("base64")}`;
  test.each([
    { name: "32 random bytes", secret: bytes(32), fit: true },
    { name: "the least", secret: bytes(24), fit: true },
    { name: "too short", secret: bytes(23), fit: false },
    { name: "too long", secret: bytes(65), fit: false },
    { name: "no prefix", secret: Buffer.alloc(32).toString("base64"), fit: false },
    { name: "not base64", secret: "whsec_not base64 at all, but long enough", fit: false },
  ])("$name", ({ secret, fit }) => {
    const fault = secretFault(secret);
    expect(fault === undefined).toBe(fit);
    if (fault !== undefined) expect(fault).not.toContain(secret);
  });
});
