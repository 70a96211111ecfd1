import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { AdaptiveCard } from "adaptivecards";
import { Webhook } from "standardwebhooks";
import { afterEach, describe, expect, test } from "vitest";
import { isDenied } from "../../src/sinks/address-guard.ts";
import { createBucket } from "../../src/sinks/breaker.ts";
import type { Alert, Delivery } from "../../src/sinks/sink.ts";
import { slackMessage, slackSink } from "../../src/sinks/slack.ts";
import { teamsMessage } from "../../src/sinks/teams.ts";
import { secretFault, webhookBody, webhookSink } from "../../src/sinks/webhook.ts";
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
