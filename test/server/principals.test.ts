import type { Hono } from "hono";
import { beforeAll, expect, test } from "vitest";
import { epochMs } from "../../src/model/time.ts";
import { createApp } from "../../src/server/app.ts";
import { createMemoryDecisions } from "../../src/store/decision-log.ts";
import { at } from "../builders.ts";
import { idOf } from "../privileges/tenant.ts";
import { samplePrincipals } from "./sample-principals.ts";
import { sampleView } from "./sample-view.ts";

let app: Hono;
beforeAll(() => {
  app = createApp(Object.assign(sampleView(), { principals: samplePrincipals() }), {
    allowedHosts: () => ["localhost"],
    version: "test",
    decisions: createMemoryDecisions(),
    now: () => epochMs(at(61)),
    onFailure: (error) => {
      throw error;
    },
  });
});

const get = (path: string): Promise<Response> => Promise.resolve(app.request(path, { headers: { host: "localhost" } }));
const json = async (path: string): Promise<Record<string, never>> =>
  (await (await get(path)).json()) as Record<string, never>;
const text = async (path: string): Promise<string> => await (await get(path)).text();

test("the list has everybody, most that is not needed first, and says up to when", async () => {
  const { items, judgedAt, next } = await json("/api/v1/principals");
  const rows = items as unknown as readonly {
    principal: string;
    score: number;
    lastUsed: string | null;
    verdict: string;
  }[];
  expect(rows.map(({ principal }) => principal)).toEqual(
    expect.arrayContaining([idOf("p1"), idOf("p2"), idOf("p3"), "PrimaryMasterKey"]),
  );
  expect(rows.map(({ score }) => score)).toEqual(rows.map(({ score }) => score).toSorted((a, b) => b - a));
  expect(judgedAt).toMatch(/^2026-07-/);
  expect(next).toBeNull();
  expect(rows.find(({ principal }) => principal === idOf("p3"))).toMatchObject({
    lastUsed: null,
    verdict: "never used",
  });
});

test("one principal has what it holds, used and needs, by account, with its findings", async () => {
  const { items } = await json(`/api/v1/principals/${idOf("p1").toUpperCase()}`);
  expect(items).toMatchObject([
    {
      account: "cosmos-shop",
      privilege: { replay: { wouldBeDenied: 0 }, exposure: { from: "2026-01-01T00:00:00.0000000Z", enough: true } },
      findings: [{ kind: "over-privileged-principal", severity: "high" }],
    },
  ]);
});

test("who is not known is not found, in the API's words and as a page", async () => {
  const response = await get("/api/v1/principals/nobody");
  expect(response.status).toBe(404);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect((await get("/principals/nobody")).status).toBe(404);
});

test("findings about what principals hold are among all, and lead to their principal", async () => {
  const { items } = await json("/api/v1/findings");
  const all = items as unknown as readonly { id: string; kind: string; subject: { principal?: string } }[];
  const wide = all.find(({ kind }) => kind === "over-privileged-principal");
  expect(await json(`/api/v1/findings/${wide?.id}`)).toMatchObject({ id: wide?.id });
  const response = await get(`/failures/${wide?.id}`);
  expect([response.status, response.headers.get("location")]).toEqual([302, `/principals/${idOf("p1")}`]);
  const key = all.find(({ kind }) => kind === "account-key-in-use");
  expect((await get(`/failures/${key?.id}`)).headers.get("location")).toBe("/principals/PrimaryMasterKey");
});

test("what a gateway lets in stands below the list, encoded, and its finding leads there", async () => {
  const page = await text("/principals");
  expect(page).toContain("30 calls of orders were let in without a validated token");
  expect(page).toContain("&lt;b&gt;open&lt;/b&gt;");
  const { items } = await json("/api/v1/findings");
  const all = items as unknown as readonly { id: string; kind: string }[];
  const open = all.find(({ kind }) => kind === "unvalidated-api");
  expect((await get(`/failures/${open?.id}`)).headers.get("location")).toBe(`/principals#${open?.id}`);
});

test("the list is narrowed by text", async () => {
  const narrowed = await text("/principals?q=never%20used");
  expect(narrowed).toContain(idOf("p3"));
  expect(narrowed).not.toContain(`/principals/${idOf("p1")}`);
  expect(await text("/principals?q=%22%3E%3Cb%3E&page=-3")).toContain("&quot;&gt;&lt;b&gt;");
});

test("a page has the matrix, the replay in words, and both ways; what logs hold is encoded", async () => {
  const page = await text(`/principals/${idOf("p1")}`);
  expect(page).toMatch(/Would have been denied: 0 of 293 calls in 198 observed days/);
  expect(page).toContain("○ not used");
  expect(page).toContain("● needed with others");
  expect(page).toContain("az cosmosdb sql role assignment delete");
  expect(page).toContain("resource account &#39;Microsoft.DocumentDB/databaseAccounts@");
  const key = await text("/principals/PrimaryMasterKey");
  expect(key).toContain("&lt;script&gt;");
  expect(key).not.toContain("<script>alert");
  expect(key).toContain("403/5300");
  expect(key).toContain("disableLocalAuth=false");
});
