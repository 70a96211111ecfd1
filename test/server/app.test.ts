import { describe, expect, test } from "vitest";
import { ReportSchema } from "../../src/findings/report-schema.ts";
import { createMemoryDecisions } from "../../src/store/decision-log.ts";
import { createApp } from "../../src/server/app.ts";
import { findingKql } from "../../src/server/kql.ts";
import { listen } from "../../src/server/listen.ts";
import { epochMs, type EpochMs } from "../../src/model/time.ts";
import { at } from "../builders.ts";
import { finding } from "../finding-builder.ts";
import { sampleView } from "./sample-view.ts";

const HOST = "127.0.0.1:7433";
const NOW = (epochMs(at(61)) + 3_000) as EpochMs;
const app = (view = sampleView(), onFailure = (_error: Error): void => undefined) =>
  createApp(view, {
    allowedHosts: () => [HOST],
    version: "test",
    decisions: createMemoryDecisions(),
    now: () => NOW,
    onFailure,
  });
const get = async (path: string, headers: Record<string, string> = {}) =>
  await app().request(path, { headers: { host: HOST, ...headers } });

const routes = [
  { path: "/", status: 200, type: "text/html" },
  { path: "/failures", status: 200, type: "text/html" },
  { path: "/failures/F-7Q2KABCDEF", status: 200, type: "text/html" },
  { path: "/failures/F-HOSTILE0000", status: 200, type: "text/html" },
  { path: "/failures/F-NOTTHERE00", status: 404, type: "text/html" },
  { path: "/health", status: 200, type: "text/html" },
  { path: "/exports", status: 200, type: "text/html" },
  { path: "/calls", status: 200, type: "text/html" },
  { path: "/calls/known", status: 200, type: "text/html" },
  { path: "/calls/twice?n=2", status: 200, type: "text/html" },
  { path: "/calls/twice?n=99", status: 200, type: "text/html" },
  { path: "/calls/%22%3E%3Cscript%3E", status: 404, type: "text/html" },
  { path: "/calls/unknown", status: 404, type: "text/html" },
  { path: "/nowhere", status: 404, type: "text/html" },
  { path: "/livez", status: 200, type: "application/json" },
  { path: "/readyz", status: 200, type: "application/json" },
  { path: "/api/v1/report", status: 200, type: "application/json" },
  { path: "/api/v1/findings", status: 200, type: "application/json" },
  { path: "/api/v1/findings/F-7Q2KABCDEF", status: 200, type: "application/json" },
  { path: "/api/v1/findings/F-7Q2KABCDEF/minutes", status: 200, type: "application/json" },
  { path: "/api/v1/findings/nope", status: 404, type: "application/problem+json" },
  { path: "/api/v1/minutes", status: 200, type: "application/json" },
  { path: "/api/v1/calls/known", status: 200, type: "application/json" },
  { path: "/api/v1/calls/unknown", status: 404, type: "application/problem+json" },
  { path: "/api/v1/nope", status: 404, type: "application/problem+json" },
  { path: "/assets/style.css", status: 200, type: "text/css" },
  { path: "/assets/chart.js", status: 200, type: "text/javascript" },
  { path: "/assets/luxon.js", status: 200, type: "text/javascript" },
  { path: "/assets/adapter.js", status: 200, type: "text/javascript" },
  { path: "/assets/annotation.js", status: 200, type: "text/javascript" },
  { path: "/assets/..%2Fpackage.json", status: 404, type: "text/html" },
];

describe("routes", () => {
  test.each(routes)("$path is $status", async ({ path, status, type }) => {
    const response = await get(path);
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toContain(type);
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(response.headers.get("content-security-policy")).not.toContain("unsafe");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });
});

test("a foreign host name is not answered, even on loopback", async () => {
  const response = await get("/", { host: "evil.example" });
  expect(response.status).toBe(421);
  expect(await response.text()).not.toContain("F-7Q2KABCDEF");
});

test("an asset that did not change is not sent again", async () => {
  const etag = (await get("/assets/style.css")).headers.get("etag") ?? "";
  expect((await get("/assets/style.css", { "if-none-match": etag })).status).toBe(304);
  expect((await get("/assets/style.css", { "if-none-match": '"other"' })).status).toBe(200);
});

test("text from logs stays text", async () => {
  for (const path of ["/", "/failures", "/failures/F-HOSTILE0000", "/health"]) {
    const page = await (await get(path)).text();
    expect(page).not.toContain("<script>alert");
    expect(page).not.toContain("<img src=x");
    expect(page).not.toContain("<b>odd");
    expect(page.replaceAll(/"[^"]*"/g, '""')).not.toMatch(/<[a-z][^<>]* (?:style|on\w+)=/);
  }
});

test("the report is what the schema says", async () => {
  const report: unknown = await (await get("/api/v1/report")).json();
  const view = sampleView();
  view.findings = [finding()];
  const clean: unknown = await (await app(view).request("/api/v1/report", { headers: { host: HOST } })).json();
  expect(ReportSchema.safeParse(clean).error).toBeUndefined();
  expect(report).toMatchObject({ schema: "scopetrail.report/1" });
});

test("not ready says what is waited for", async () => {
  const view = sampleView();
  view.waiting = ["source hub was not reached yet"];
  const response = await app(view).request("/readyz", { headers: { host: HOST } });
  expect(response.status).toBe(503);
  expect(await response.json()).toEqual({ status: "waiting", waitingFor: ["source hub was not reached yet"] });
});

test("a request that fails is told to the log, and the client learns nothing of it", async () => {
  const view = sampleView();
  view.minutes = () => {
    throw new Error("the secret of the failure");
  };
  const told: string[] = [];
  const failing = app(view, (error) => told.push(error.message));
  const response = await failing.request("/api/v1/minutes", { headers: { host: HOST } });
  expect(response.status).toBe(500);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await response.text()).not.toContain("secret");
  expect(told).toEqual(["the secret of the failure"]);
});

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const searches = [
  { name: "an id of a call", q: " twice ", to: "/calls/twice" },
  { name: "a traceparent", q: `00-${TRACE}-b7ad6b7169203331-01`, to: `/calls/${TRACE}` },
  { name: "text of one finding", q: "orders-b", to: "/failures/F-7Q2KABCDEF" },
  { name: "text of several", q: "f-", to: "/failures?q=f-" },
  { name: "text of none", q: "no such thing", to: "/failures?q=no+such+thing" },
  { name: "nothing", q: "", to: "/failures" },
];
test.each(searches)("a search for $name leads to $to", async ({ q, to }) => {
  const response = await get(`/search?q=${encodeURIComponent(q)}`);
  expect(response.status).toBe(302);
  expect(response.headers.get("location")).toBe(to);
});

test("splits that part the calls in the same way share a bar", async () => {
  const view = sampleView();
  const [split] = finding().splits;
  if (split === undefined) throw new Error("the finding has a split");
  const splits = [
    split,
    { ...split, where: { product: "gold" } },
    { ...split, where: { region: "west" }, refused: 400 },
  ];
  view.findings = [finding({ splits })];
  const page = await (await app(view).request("/failures/F-7Q2KABCDEF", { headers: { host: HOST } })).text();
  const splitsSection = page.slice(page.indexOf('id="splits"'), page.indexOf('id="why"'));
  expect(splitsSection.match(/class="bars"/g)).toHaveLength(2);
  for (const name of ["<b>backend</b> orders-b", "<b>product</b> gold", "<b>region</b> west"])
    expect(page).toContain(name);
});

test.each([
  { name: "the same calls by another name", refused: [100, 98], says: "separate about equally well" },
  { name: "parts of the calls", refused: [60, 40], says: "Several parts of the traffic share the fault" },
])("a finding says what several splits are: $name", async ({ refused, says }) => {
  const view = sampleView();
  const [split] = finding().splits;
  const splits = split === undefined ? [] : refused.map((count) => ({ ...split, refused: count }));
  view.findings = [{ ...finding(), splits }];
  const page = await app(view).request("/failures/F-7Q2KABCDEF", { headers: { host: HOST } });
  expect(await page.text()).toContain(says);
});

test("a query cannot be ended by what a log holds", () => {
  const [split] = finding().splits;
  const where = { api: 'x" or 1 == 1 // \\' };
  const kql = findingKql(finding(split === undefined ? {} : { splits: [{ ...split, where }] }));
  expect(kql).toContain('| where ApiId =~ "x\\" or 1 == 1 // \\\\"');
});

describe("over a socket", () => {
  const serve = async () => {
    const view = sampleView();
    let port = 0;
    const served = createApp(view, {
      allowedHosts: () => [`127.0.0.1:${port}`],
      version: "test",
      decisions: createMemoryDecisions(),
      now: () => NOW,
      onFailure: () => undefined,
    });
    const listening = await listen(served, { port: 0, hostname: "127.0.0.1" });
    if (!listening.ok) throw new Error(listening.error);
    port = listening.value.port;
    return { view, server: listening.value };
  };

  test("a change is told, and a client that left is forgotten", async () => {
    const { view, server } = await serve();
    const gone = new AbortController();
    const response = await fetch(new URL("/api/v1/stream", server.address), { signal: gone.signal });
    const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
    const decoder = new TextDecoder();
    let text = "";
    while (!text.includes("event: hello")) text += decoder.decode((await reader.read()).value);
    view.change();
    while (!text.includes("event: changed")) text += decoder.decode((await reader.read()).value);
    expect(text).toMatch(/id: [0-9a-f]{12}-1\n/);
    expect(view.listeners.size).toBe(2);
    gone.abort();
    await expect.poll(() => view.listeners.size, { timeout: 5_000 }).toBe(1);
    await server.close();
  });

  test("who comes back is told at once of what it missed, also after a restart", async () => {
    const { view, server } = await serve();
    const stream = async (id: string | undefined, until: string): Promise<string> => {
      const gone = new AbortController();
      const headers = id === undefined ? {} : { "last-event-id": id };
      const response = await fetch(new URL("/api/v1/stream", server.address), { signal: gone.signal, headers });
      const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
      let text = "";
      while (!text.includes(until)) text += new TextDecoder().decode((await reader.read()).value);
      gone.abort();
      return text;
    };
    const first = /id: (\S+)/.exec(await stream(undefined, "retry"))?.[1];
    view.change();
    expect(await stream(first, "event: changed")).toContain("event: changed");
    const newest = /id: (\S+)/.exec(await stream(undefined, "retry"))?.[1];
    expect(newest).not.toBe(first);
    expect(await stream(newest, "retry: 2000\n\n")).not.toContain("event: changed");
    expect(await stream(`000000000000-${newest?.split("-")[1]}`, "event: changed")).toContain("event: changed");
    await server.close();
  });

  test("closing does not wait for clients that hold on", async () => {
    const { server } = await serve();
    const response = await fetch(new URL("/api/v1/stream", server.address));
    const began = performance.now();
    await server.close();
    expect(performance.now() - began).toBeLessThan(2_000);
    await response.body?.cancel().catch(() => undefined);
  });

  test("a port that is taken is an error with the way out", async () => {
    const { server } = await serve();
    const second = await listen(app(), { port: server.port, hostname: "127.0.0.1" });
    expect(second).toMatchObject({ ok: false, error: expect.stringMatching(/taken.*--port/) });
    await server.close();
  });
});
