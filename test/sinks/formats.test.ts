import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { AdaptiveCard } from "adaptivecards";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { alertmanagerSink } from "../../src/sinks/alertmanager.ts";
import { pagerDutyEvent, pagerDutySink } from "../../src/sinks/pagerduty.ts";
import type { Alert, Sink } from "../../src/sinks/sink.ts";
import { slackSink } from "../../src/sinks/slack.ts";
import { teamsSink } from "../../src/sinks/teams.ts";
import { webhookSink } from "../../src/sinks/webhook.ts";
import { at } from "../builders.ts";
import { finding, hostileFinding } from "../finding-builder.ts";
import { HOSTILE_TEXTS } from "../hostile-texts.ts";

const KEY = "0123456789abcdef0123456789abcdef";
const received: string[] = [];
let status = 202;
const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8").on("data", (text: string) => (body += text));
  request.on("end", () => {
    received.push(body);
    response.writeHead(status).end("{}");
  });
});
let url: URL;
beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
});
afterAll(() => server.close());

const alert = (kind: Alert["kind"], of = finding()): Alert => ({ id: "msg_1", kind, finding: of });
const publicUrl = "https://scopetrail.example";
const base = () => ({ name: "t", url, allowPrivate: true, publicUrl });
const pagerDuty = () => pagerDutySink({ ...base(), routingKey: KEY });
const now = () => Date.now();
const sinks: { name: string; cap: number; of: () => Sink }[] = [
  { name: "slack", cap: 40_000, of: () => slackSink(base()) },
  { name: "teams", cap: 20_000, of: () => teamsSink(base()) },
  { name: "webhook", cap: 20_000, of: () => webhookSink({ ...base(), secrets: [], now }) },
  { name: "pagerduty", cap: 512_000, of: pagerDuty },
  { name: "alertmanager webhook", cap: 64_000, of: () => alertmanagerSink({ ...base(), mode: "webhook" }) },
  { name: "alertmanager api", cap: 64_000, of: () => alertmanagerSink({ ...base(), mode: "api" }) },
];

/** A finding of ten thousand principals' splits, and one of each hostile text. */
const hostile = [
  hostileFinding(),
  ...HOSTILE_TEXTS.map(([, text]) =>
    finding({
      title: text,
      subject: { api: text, account: text, principal: text },
      splits: Array.from({ length: 10_000 }, () => ({
        where: { principal: text.slice(0, 200) },
        refusedInside: 1,
        refusedOutside: 0,
        calls: 1,
        refused: 1,
        interval: [0, 1] as const,
        pAdjusted: 0,
      })),
      cause: { ...finding().cause, evidence: [{ says: text, fields: { x: text } }] },
      fix: { says: text, commands: [text] },
    }),
  ),
];

describe.each(sinks)("$name", ({ cap, of }) => {
  test.each(["finding.opened", "finding.resolved"] as const)(
    "a hostile finding that is %s stays under the cap, and is JSON",
    (kind) => {
      for (const one of hostile) {
        const body = of().render(alert(kind, one));
        expect(Buffer.byteLength(body)).toBeLessThanOrEqual(cap);
        expect(() => JSON.parse(body) as unknown).not.toThrow();
      }
    },
  );

  test("a digest of very many stays under the cap, says how many, and leads to all", () => {
    const sink = of();
    if (sink.renderDigest === undefined) return;
    const many = Array.from({ length: 5_000 }, (_, i) =>
      alert("finding.opened", { ...(hostile[i % hostile.length] ?? finding()), id: `F-${i}` }),
    );
    const body = sink.renderDigest(many);
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(cap);
    expect(body).toContain("5000");
    expect(body).toContain("https://scopetrail.example/failures");
    expect(body.replaceAll(/\\n/g, "")).not.toContain("\u202e");
  });
});

describe("digest", () => {
  const digest = [
    alert("finding.resolved", finding({ id: "F-1", severity: "low", title: "The low one." })),
    alert("finding.opened", finding({ id: "F-2", severity: "high", title: "The high one." })),
    ...Array.from({ length: 8 }, (_, i) => alert("finding.opened", finding({ id: `F-1${i}`, severity: "medium" }))),
  ];
  test("of Teams is a valid card, the worst first, with what is left out", () => {
    const body = JSON.parse(teamsSink(base()).renderDigest?.(digest) ?? "") as { attachments: { content: object }[] };
    const card = new AdaptiveCard();
    card.parse(body.attachments[0]?.content ?? {});
    expect(card.validateProperties().validationEvents).toEqual([]);
    const text = JSON.stringify(body);
    expect(text).toContain("10 changes of findings: 9 opened, 1 ended");
    expect(text.indexOf("The high one")).toBeLessThan(
      text.indexOf("The low one") === -1 ? Infinity : text.indexOf("The low one"),
    );
    expect(text).toContain("5 more");
  });
  test("of Slack has nothing live", () => {
    const body = slackSink(base()).renderDigest?.([alert("finding.opened", hostileFinding())]) ?? "";
    for (const field of JSON.stringify(JSON.parse(body)).match(/"mrkdwn","text":"[^"]*/g) ?? [])
      expect(field).not.toMatch(/<[!@#h]/);
  });
});

describe("pagerduty", () => {
  test("a finding has one incident: the same key opens, amends and resolves", () => {
    const keys = (["finding.opened", "finding.updated", "finding.resolved"] as const).map((kind) =>
      pagerDutyEvent(alert(kind), publicUrl),
    );
    expect(new Set(keys.map((event) => event["dedup_key"])).size).toBe(1);
    expect(keys.map((event) => event["event_action"])).toEqual(["trigger", "trigger", "resolve"]);
    expect(keys[0]).toMatchObject({
      payload: {
        severity: "error",
        class: "backend-grants-differ",
        component: "orders",
        timestamp: "2026-11-25T12:00:00.0000000Z",
      },
      client_url: "https://scopetrail.example/failures/F-7Q2KABCDEF",
    });
  });
  test("the summary and the key are within what PagerDuty takes", () => {
    for (const one of hostile) {
      const event = pagerDutyEvent(alert("finding.opened", one), publicUrl) as {
        dedup_key: string;
        payload: { summary: string };
      };
      expect(event.payload.summary.length).toBeLessThanOrEqual(1_024);
      expect(event.dedup_key.length).toBeLessThanOrEqual(255);
      expect(event.payload.summary).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });
  test("the routing key is added at sending, and is in nothing that is stored", async () => {
    const sink = pagerDuty();
    const body = sink.render(alert("finding.opened"));
    expect(body).not.toContain(KEY);
    status = 202;
    expect(await sink.send("msg_1", body, new AbortController().signal)).toEqual({ kind: "delivered", status: 202 });
    expect(JSON.parse(received.at(-1) ?? "")).toMatchObject({ routing_key: KEY, event_action: "trigger" });
  });
  test("where it throttles, it is given a minute; a refusal does not tell the key", async () => {
    const send = async (answer: number) => {
      status = answer;
      return await pagerDuty().send("msg_1", "{}", new AbortController().signal);
    };
    expect(await send(429)).toMatchObject({ kind: "retry", afterMs: 60_000 });
    const refused = await send(400);
    expect(refused.kind).toBe("broken");
    expect(JSON.stringify(refused)).not.toContain(KEY);
  });
});

describe("alertmanager", () => {
  const body = (mode: "webhook" | "api", kind: Alert["kind"], of = finding()) =>
    JSON.parse(alertmanagerSink({ ...base(), mode }).render(alert(kind, of))) as unknown;
  test("the webhook's body has what version 4 has", () => {
    expect(body("webhook", "finding.opened")).toMatchObject({
      version: "4",
      groupKey: '{}:{finding="F-7Q2KABCDEF"}',
      truncatedAlerts: 0,
      receiver: "t",
      status: "firing",
      externalURL: publicUrl,
      alerts: [
        {
          status: "firing",
          labels: {
            alertname: "ScopetrailIntermittentRefusal",
            severity: "high",
            cause: "backend-grants-differ",
            api: "orders",
          },
          startsAt: "2026-11-25T12:00:00.0000000Z",
          endsAt: "0001-01-01T00:00:00Z",
          generatorURL: "https://scopetrail.example/failures/F-7Q2KABCDEF",
        },
      ],
    });
  });
  test("what ended is resolved, with the same labels", () => {
    const ended = finding({ status: "resolved", end: at(600) });
    expect(body("webhook", "finding.resolved", ended)).toMatchObject({
      status: "resolved",
      alerts: [{ status: "resolved", endsAt: "2026-11-25T12:10:00.0000000Z" }],
    });
    const [opened] = body("api", "finding.opened") as { labels: unknown; endsAt: string }[];
    const [resolved] = body("api", "finding.resolved", ended) as { labels: unknown; endsAt: string }[];
    expect(resolved?.labels).toEqual(opened?.labels);
    expect(resolved?.endsAt).toBe("2026-11-25T12:10:00.0000000Z");
    expect(Date.parse(opened?.endsAt ?? "")).toBeGreaterThan(Date.parse("2026-12-01T00:00:00Z"));
  });
  test("labels are short, on one line", () => {
    for (const one of hostile) {
      const { commonLabels } = body("webhook", "finding.opened", one) as { commonLabels: Record<string, string> };
      for (const label of Object.values(commonLabels)) {
        expect(label.length).toBeLessThanOrEqual(200);
        expect(label).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u);
      }
    }
  });
});
