import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exportRows } from "../../src/commands/export-rows.ts";
import { keptCalls } from "../../src/commands/kept-calls.ts";
import { viewerPseudonyms } from "../../src/commands/viewer-pseudonyms.ts";
import type { AccessLine } from "../../src/model/access.ts";
import type { EpochMs } from "../../src/model/time.ts";
import { tokenHash } from "../../src/server/access/api-tokens.ts";
import { createApp } from "../../src/server/app.ts";
import { listen } from "../../src/server/listen.ts";
import { type AccessLog, openAccessLog, readAccess } from "../../src/store/access-log.ts";
import { callsFolder, openCallLog } from "../../src/store/call-log.ts";
import { createMemoryDecisions } from "../../src/store/decision-log.ts";
import { evidence } from "../exports/bundles.ts";
import { value } from "../exports/bundles.ts";
import { temporaryFolder, type TemporaryFolder } from "../temporary-folder.ts";
import { sampleView } from "./sample-view.ts";

const TOKENS = { viewer: `scopetrail_${"v".repeat(43)}`, auditor: `scopetrail_${"a".repeat(43)}` } as const;
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const now = (): EpochMs => Date.UTC(2026, 10, 25, 13) as EpochMs;

let folder: TemporaryFolder;
let accesses: AccessLog;
let app: ReturnType<typeof createApp>;
beforeEach(async () => {
  folder = await temporaryFolder();
  const calls = callsFolder(join(folder.path, "s"));
  mkdirSync(calls);
  const log = keptCalls(openCallLog(calls, 1e15));
  log.begin(0);
  const all = evidence(30);
  for (const one of all.slice(0, 20)) log.add(one);
  await log.flush();
  await log.settle();
  for (const one of all.slice(20)) log.add(one);
  accesses = openAccessLog(join(folder.path, "access"));
  const rows = exportRows({ calls: log, folder: calls, durable: () => log.durable ?? 0 });
  app = createApp(sampleView(), {
    allowedHosts: () => ["x"],
    version: "test",
    decisions: createMemoryDecisions(),
    now,
    access: {
      now,
      pseudonyms: viewerPseudonyms(Buffer.alloc(32)),
      log: () => undefined,
      rate: { perSecond: 1_000, burst: 1_000 },
      tokens: (["viewer", "auditor"] as const).map((role) => ({
        name: role,
        sha256: tokenHash(TOKENS[role]),
        roles: [role],
      })),
    },
    evidence: {
      rows,
      note: (access) => accesses.add({ at: now(), ...access }),
      accesses: (span) => accesses.read(span),
      counts: () => accesses.counts(),
    },
    onDownload: (access) => accesses.add({ at: now(), ...access }),
    onFailure: (error) => {
      throw error;
    },
  });
});
afterEach(() => folder[Symbol.asyncDispose]());

const ask = async (path: string, accept?: string, who: keyof typeof TOKENS = "auditor") =>
  await app.request(path, {
    headers: { host: "x", authorization: `Bearer ${TOKENS[who]}`, ...(accept === undefined ? {} : { accept }) },
  });
const noted = (): readonly AccessLine[] => [...readAccess(join(folder.path, "access"), {})];
const linesOf = (text: string): readonly string[] => text.trimEnd().split("\n");

describe("/api/v1/export", () => {
  test("is for auditors", async () => {
    expect((await ask("/api/v1/export", undefined, "viewer")).status).toBe(403);
    expect((await ask("/api/v1/audit", undefined, "viewer")).status).toBe(403);
    expect((await app.request("/api/v1/export", { headers: { host: "x" } })).status).toBe(401);
    expect(noted()).toEqual([]);
  });

  const formats: { accept: string | undefined; type: string; begins: string }[] = [
    { accept: undefined, type: "application/x-ndjson", begins: '{"id":"' },
    { accept: "*/*", type: "application/x-ndjson", begins: '{"id":"' },
    {
      accept: "text/csv;q=0.5, application/vnd.apache.parquet",
      type: "application/vnd.apache.parquet",
      begins: "PAR1",
    },
    { accept: "text/csv", type: "text/csv", begins: "id,time," },
    { accept: "application/vnd.apache.arrow.file", type: "application/vnd.apache.arrow.file", begins: "ARROW1" },
    { accept: "application/vnd.ocsf+x-ndjson", type: "application/vnd.ocsf+x-ndjson", begins: '{"class_uid":6003' },
    { accept: "text/x-cef", type: "text/x-cef", begins: "CEF:0|Scopetrail" },
  ];
  test.each(formats)("gives $type to whoever accepts $accept", async ({ accept, type, begins }) => {
    const answer = await ask("/api/v1/export", accept);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe(type);
    expect(
      Buffer.from(await answer.arrayBuffer())
        .toString("latin1")
        .startsWith(begins),
    ).toBe(true);
  });

  test("gives what is on the disk and what still waits, each once, and narrows", async () => {
    const all = linesOf(await (await ask("/api/v1/export")).text());
    expect(new Set(all).size).toBe(30);
    const later = await ask("/api/v1/export?from=2026-11-25T12:00:10Z&to=2026-11-25T12:00:25Z&table=operations");
    expect(linesOf(await later.text())).toHaveLength(15);
    const nobody = await ask("/api/v1/export?principal=nobody");
    expect(await nobody.text()).toBe("");
    for (const path of ["/api/v1/export", "/api/v1/audit"]) {
      const headers = { host: "x", authorization: `Bearer ${TOKENS.auditor}` };
      expect((await app.request(path, { method: "OPTIONS", headers })).status).toBe(405);
    }
    for (const redact of ["0", "address", "identity=truncate", "address=drop,", "adress=drop"]) {
      const refused = await ask(`/api/v1/export?redact=${encodeURIComponent(redact)}`);
      expect([redact, refused.status]).toEqual([redact, 400]);
      expect(await refused.text()).toContain("redact: such as address=truncate");
    }
    const hidden = await (await ask("/api/v1/export?redact=address%3Ddrop")).text();
    expect(hidden).not.toContain("caller_address");
  });

  test("Parquet is what DuckDB reads, all rows and UTC", async () => {
    const path = join(folder.path, "calls.parquet");
    writeFileSync(
      path,
      Buffer.from(await (await ask("/api/v1/export", "application/vnd.apache.parquet")).arrayBuffer()),
    );
    const db = await (await DuckDBInstance.create()).connect();
    const read = await db.runAndReadAll(`select count(distinct id), typeof(min(time)) from '${path}'`);
    expect(read.getRows()).toEqual([[30n, "TIMESTAMP WITH TIME ZONE"]]);
  });

  test.each([
    { name: "a strange time", path: "?from=yesterday", status: 400 },
    { name: "a strange parameter", path: "?limit=3", status: 400 },
    { name: "no such finding", path: "?finding=F-NONE", status: 404 },
  ])("$name is refused", async ({ path, status }) => {
    expect((await ask(`/api/v1/export${path}`)).status).toBe(status);
  });

  test("a format that there is not is refused", async () => {
    expect((await ask("/api/v1/export", "image/png")).status).toBe(406);
  });

  test("its document has it, with every format", async () => {
    const document = (await (await ask("/api/v1/openapi.json")).json()) as {
      paths: Record<
        string,
        { get: { parameters: { name: string }[]; responses: Record<string, { content: object }> } }
      >;
    };
    const { get } = document.paths["/api/v1/export"] ?? { get: { parameters: [], responses: {} } };
    expect(get.parameters.map(({ name }) => name)).toEqual([
      "table",
      "from",
      "to",
      "principal",
      "container",
      "finding",
      "redact",
    ]);
    expect(Object.keys(get.responses["200"]?.content ?? {})).toHaveLength(6);
    expect(document.paths["/api/v1/audit"]).toBeDefined();
  });

  test("nothing is given where it cannot be noted", async () => {
    accesses.close();
    const answer = await ask("/api/v1/export");
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ detail: expect.stringContaining("cannot be noted") as string });
  });

  test("a client that goes away ends the work, and is noted as cut; two run at once and no more", async () => {
    const server = value(await listen(app, { port: 0, hostname: "127.0.0.1", tls: undefined }));
    const headers = { host: "x", authorization: `Bearer ${TOKENS.auditor}` };
    const open = async () => {
      const asked = request({ port: server.port, path: "/api/v1/export?table=calls", headers });
      asked.on("error", () => undefined);
      asked.end();
      const [answer] = (await once(asked, "response")) as [{ statusCode: number; pause(): void }];
      return { asked, status: answer.statusCode };
    };
    // Not one byte of the body is read, so that both go on.
    const held = [await ask("/api/v1/export"), await ask("/api/v1/export")];
    expect((await open()).status).toBe(503);
    await Promise.all(held.map(async ({ body }) => await body?.cancel()));
    expect((await open()).status).toBe(200);
    expect(noted().filter(({ outcome }) => outcome === "cut")).toHaveLength(2);
    await server.close();
  });
});

describe("the log of accesses", () => {
  test("has who took what, by which filter, how many rows; and who read the log", async () => {
    await (await ask("/api/v1/export?principal=nobody", "text/csv")).text();
    await (await ask("/api/v1/findings", "text/csv")).text();
    const audit = linesOf(await (await ask("/api/v1/audit")).text()).map((line) => JSON.parse(line) as AccessLine);
    expect(audit).toMatchObject([
      {
        sequence: 1,
        who: "token auditor",
        what: "export",
        filter: "csv?principal=nobody",
        rows: null,
        outcome: "begun",
      },
      { sequence: 2, what: "export", rows: 0, outcome: "ok" },
      { sequence: 3, what: "download", via: "/api/v1/findings", outcome: "ok" },
      { sequence: 4, what: "audit", rows: null, outcome: "begun" },
    ]);
    expect(audit[2]?.rows).toBeGreaterThan(0);
    expect(noted().at(-1)).toMatchObject({ what: "audit", who: "token auditor", rows: 4, outcome: "ok" });
  });

  test("goes on after a crash in the middle of a line, and tells a line that was changed", () => {
    const path = join(folder.path, "access");
    const access = { at: 5, who: "w", what: "call", via: "v", filter: "f", rows: 1, outcome: "ok" } as const;
    accesses.add(access);
    accesses.add(access);
    accesses.close();
    const [name = ""] = readdirSync(path);
    const file = join(path, name);
    writeFileSync(file, `${readFileSync(file, "utf8")}{"sequence":3,`);
    const again = openAccessLog(path);
    again.add({ ...access, at: 9 });
    expect([...again.read({ from: 6 })]).toMatchObject([{ sequence: 3, at: 9 }]);
    expect(again.counts()).toEqual({ kept: 3, forgotten: 0 });
    writeFileSync(file, readFileSync(file, "utf8").replace('"who":"w"', '"who":"x"'));
    expect(() => [...again.read({})]).toThrow("line 2 does not follow the one before: it was changed.");
    again.close();
  });

  test("is bounded; what is given up is counted, and what is left is one chain", () => {
    const path = join(folder.path, "small");
    const log = openAccessLog(path, { fileBytes: 1_000, files: 3 });
    const access = { who: "w", what: "call", via: "v", filter: "f", rows: 1, outcome: "ok" } as const;
    for (let at = 0; at < 50; at++) log.add({ at, ...access });
    const { kept, forgotten } = log.counts();
    expect(kept + forgotten).toBe(50);
    expect(forgotten).toBeGreaterThan(0);
    expect([...log.read({})].map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: kept }, (_, i) => forgotten + i + 1),
    );
    log.close();
    const again = openAccessLog(path);
    again.add({ at: 50, ...access });
    expect([...again.read({ from: 49 })]).toMatchObject([{ sequence: 50 }, { sequence: 51 }]);
    again.close();
  });
});
