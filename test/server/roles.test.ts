import { describe, expect, test } from "vitest";
import type { AccessEvent } from "../../src/server/access/access-log.ts";
import type { AccessOptions } from "../../src/server/access/access.ts";
import { tokenHash } from "../../src/server/access/api-tokens.ts";
import { createRateLimit } from "../../src/server/access/rate-limit.ts";
import { ROLES } from "../../src/server/access/who.ts";
import { createApp } from "../../src/server/app.ts";
import { createMemoryDecisions } from "../../src/store/decision-log.ts";
import { finding } from "../finding-builder.ts";
import { idOf } from "../privileges/tenant.ts";
import { accessParts, NOW } from "./access-parts.ts";
import { samplePrincipals } from "./sample-principals.ts";
import { sampleView } from "./sample-view.ts";

const HOST = "scopetrail.example";
const text = (role: string) => `scopetrail_${role.padEnd(43, "x")}`;
const tokens = ROLES.map((role) => ({ name: role, sha256: tokenHash(text(role)), roles: [role] }));
const OBJECT = "22222222-2222-4222-8222-222222222222";
const APP = "11111111-1111-4111-8111-111111111111";

function view() {
  const found = finding({
    title: `${OBJECT} is refused by 203.0.113.7.`,
    subject: { principal: OBJECT, principalKind: "service-principal", api: "orders" },
    splits: finding().splits.map((split) => Object.assign({}, split, { where: { appId: "app-1" } })),
  });
  return Object.assign(sampleView(), { findings: [found], principals: samplePrincipals() });
}

function served(over: Partial<AccessOptions> = {}) {
  const told: AccessEvent[] = [];
  const failures: Error[] = [];
  const app = createApp(view(), {
    allowedHosts: () => [HOST],
    version: "test",
    decisions: createMemoryDecisions(),
    now: () => NOW,
    hasMcp: true,
    access: { ...accessParts(told), tokens, ...over },
    onFailure: (error) => failures.push(error),
  });
  const ask = async (role: string, path: string, body?: unknown) =>
    await app.request(path, {
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
      headers: { host: HOST, authorization: `Bearer ${text(role)}`, "content-type": "application/json" },
    });
  const send = async (role: string, path: string, init: RequestInit) =>
    await app.request(path, { ...init, headers: { host: HOST, authorization: `Bearer ${text(role)}` } });
  return { ask, send, told, failures };
}

const { ask } = served();
const PATHS = [
  "/",
  "/?by=caller",
  "/failures",
  "/failures/F-7Q2KABCDEF",
  "/calls",
  "/calls/known",
  "/metrics",
  "/principals",
  "/api/v1/report",
  "/api/v1/findings",
  "/api/v1/findings/F-7Q2KABCDEF/comparison",
  "/api/v1/findings/F-7Q2KABCDEF/samples",
  "/api/v1/calls/known",
  "/api/v1/principals",
  "/api/v1/matrix?by=caller",
];
const NAMES = [
  OBJECT,
  APP,
  "33333333-3333-4333-8333-333333333333",
  "203.0.113.7",
  "198.51.100.9",
  "app-1",
  idOf("p1"),
  idOf("p2"),
];

describe("a viewer is shown nobody's name", () => {
  test.each(PATHS)("on %s", async (path) => {
    const response = await ask("viewer", path);
    expect(response.status).toBe(200);
    const shown = await response.text();
    expect(NAMES.filter((name) => shown.includes(name))).toEqual([]);
  });

  test("and whoever decides or answers for evidence is shown each of them somewhere", async () => {
    for (const role of ["operator", "auditor"]) {
      const pages = await Promise.all(PATHS.map(async (path) => await (await ask(role, path)).text()));
      expect(NAMES.filter((name) => !pages.some((page) => page.includes(name)))).toEqual([]);
    }
  });

  test("nor a program that asks in a viewer's place", async () => {
    for (const [name, input] of [
      ["get_finding", { id: "F-7Q2KABCDEF" }],
      ["find_failures", {}],
    ]) {
      const params = { name, arguments: input };
      const answer = await ask("viewer", "/mcp", { jsonrpc: "2.0", id: 1, method: "tools/call", params });
      expect(answer.status).toBe(200);
      const shown = await answer.text();
      expect(shown).toContain("F-7Q2KABCDEF");
      expect(NAMES.filter((one) => shown.includes(one))).toEqual([]);
    }
  });

  test("a pseudonym leads to the page of whom it stands for", async () => {
    const { items } = (await (await ask("viewer", "/api/v1/principals")).json()) as { items: { principal: string }[] };
    const hidden = items.map(({ principal }) => principal).filter((name) => name.startsWith("~"));
    expect(hidden.length).toBeGreaterThan(1);
    for (const name of hidden) {
      const page = await ask("viewer", `/principals/${encodeURIComponent(name)}`);
      expect(page.status).toBe(200);
      const shown = await page.text();
      expect(shown).toContain(name);
      expect(NAMES.filter((one) => shown.includes(one))).toEqual([]);
    }
    expect((await ask("viewer", `/principals/${idOf("p1")}`)).status).toBe(404);
  });
});

describe("who is behind a pseudonym", () => {
  const pseudonym = accessParts().pseudonyms.of(OBJECT);
  const body = { pseudonym, reason: "incident 7" };

  test("is told to an auditor and to nobody else, and is on record", async () => {
    const { ask: asked, told } = served();
    for (const role of ["viewer", "operator"]) expect((await asked(role, "/api/v1/reveals", body)).status).toBe(403);
    expect(told).toEqual([]);
    expect(await (await asked("auditor", "/api/v1/reveals", body)).json()).toEqual({ pseudonym, name: OBJECT });
    expect((await asked("auditor", "/api/v1/reveals", { ...body, pseudonym: `~${"0".repeat(16)}` })).status).toBe(404);
    expect((await asked("auditor", "/api/v1/reveals", { pseudonym })).status).toBe(400);
    expect(told).toEqual([
      { who: "token auditor", what: "reveal", of: pseudonym, reason: "incident 7", found: true },
      { who: "token auditor", what: "reveal", of: `~${"0".repeat(16)}`, reason: "incident 7", found: false },
    ]);
  });

  test("is not told where it cannot be put on record", async () => {
    const { ask: asked, failures } = served({
      log: () => {
        throw new Error("the disk is full");
      },
    });
    const answer = await asked("auditor", "/api/v1/reveals", body);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain(OBJECT);
    expect(failures.map(({ message }) => message)).toEqual(["the disk is full"]);
  });

  test("a page asks for it: only with a reason, and on record; others have no such page", async () => {
    const { send, ask: asked, told } = served();
    const post = (role: string, form: Readonly<Record<string, string>>) =>
      send(role, "/reveals", { method: "POST", body: new URLSearchParams(form) });
    for (const role of ["viewer", "operator"]) {
      expect((await asked(role, "/reveals")).status).toBe(403);
      expect((await post(role, body)).status).toBe(403);
      expect(await (await asked(role, "/principals")).text()).not.toContain("/reveals");
    }
    expect(await (await asked("auditor", "/principals")).text()).toContain('href="/reveals"');
    const led = await asked("auditor", `/search?q=${encodeURIComponent(pseudonym)}`);
    expect(led.status).toBe(302);
    expect(await (await asked("auditor", led.headers.get("location") ?? "")).text()).toContain(`value="${pseudonym}"`);
    const wrong = await post("auditor", { pseudonym: '"><script>', reason: " " });
    expect(wrong.status).toBe(400);
    const says = await wrong.text();
    expect(says).toContain("A pseudonym is a ~ and 16 digits");
    expect(says).toContain("Say why");
    expect(says).not.toContain('"><script>');
    expect(told).toEqual([]);
    const found = await post("auditor", body);
    expect(await found.text()).toContain(`<strong>${OBJECT}</strong>`);
    const unknown = await post("auditor", { ...body, pseudonym: `~${"0".repeat(16)}` });
    expect(await unknown.text()).toContain("Nobody who is known now");
    expect(told.map((event) => [event.of, event.reason, event.found])).toEqual([
      [pseudonym, "incident 7", true],
      [`~${"0".repeat(16)}`, "incident 7", false],
    ]);
  });

  test("its page does not tell where it cannot be put on record", async () => {
    const { send } = served({
      log: () => {
        throw new Error("the disk is full");
      },
    });
    const answer = await send("auditor", "/reveals", { method: "POST", body: new URLSearchParams(body) });
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain(OBJECT);
  });
});

test("who asks too often waits; others do not", async () => {
  let now = Number(NOW);
  const { ask: asked } = served({ now: () => now as typeof NOW, rate: { perSecond: 2, burst: 3 } });
  const statuses = [];
  for (let i = 0; i < 4; i++) statuses.push((await asked("viewer", "/api/v1/health")).status);
  expect(statuses).toEqual([200, 200, 200, 429]);
  const refused = await asked("viewer", "/api/v1/health");
  expect(refused.headers.get("retry-after")).toBe("1");
  expect((await asked("operator", "/api/v1/health")).status).toBe(200);
  now += 500;
  expect((await asked("viewer", "/api/v1/health")).status).toBe(200);
  for (let i = 0; i < 3; i++) await asked("nobody", "/api/v1/health");
  expect((await asked("nobody", "/api/v1/health")).status).toBe(429);
});

test("a limit is exact over time, whatever the clock does", () => {
  let now = 0;
  const limit = createRateLimit({ perSecond: 4, burst: 2 }, () => now);
  let taken = 0;
  for (let step = 0; step < 1_000; step++) {
    now += step % 7 === 0 ? -5 : 25;
    if (limit.take("a") === 0) taken += 1;
  }
  expect(taken).toBeGreaterThanOrEqual(Math.floor((now / 1_000) * 4));
  expect(taken).toBeLessThanOrEqual(Math.ceil(((now + 5 * 143) / 1_000) * 4) + 2);
});
