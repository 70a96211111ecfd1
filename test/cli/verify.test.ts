import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { join } from "node:path";
import { expect, test } from "vitest";
import { callsForBound, cleanBound } from "../../src/lib/clean-bound.ts";
import { callId, gatewayLine, operationLine } from "../exports/log-lines.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const BIN = join(import.meta.dirname, "../../bin/scopetrail.js");

test.each([
  { calls: 299, share: 0.01 },
  { calls: 59, share: 0.05 },
  { calls: 2_995, share: 0.001 },
])("$calls clean calls rule out $share at 95 %, one less does not", ({ calls, share }) => {
  expect(callsForBound(share, 0.95)).toBe(calls);
  expect(cleanBound(calls, 0.95)).toBeLessThanOrEqual(share);
  expect(cleanBound(calls - 1, 0.95)).toBeGreaterThan(share);
});

/** A gateway on loopback that writes both logs as it answers; every `refuses`-th call is refused by Cosmos DB. */
async function startGateway(log: string, refuses: number) {
  let count = 0;
  const secrets: (string | undefined)[] = [];
  const agents = new Set<string | undefined>();
  const server = createServer((request, response) => {
    count += 1;
    const status = refuses > 0 && count % refuses === 0 ? 403 : 200;
    const mark = String(request.headers["x-scopetrail-mark"]);
    agents.add(request.headers["user-agent"]);
    secrets.push(request.headers["x-secret"]?.toString());
    const time = new Date().toISOString();
    const gateway = {
      time,
      responseCode: status,
      backendResponseCode: status,
      requestHeaders: { "x-scopetrail-mark": mark },
    };
    appendFileSync(
      log,
      `${gatewayLine(callId(count), gateway)}\n${operationLine(mark, { time, statusCode: String(status) })}\n`,
    );
    response.writeHead(status).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { url: `http://127.0.0.1:${address.port}/orders/1`, secrets, agents, close: () => server.close() };
}

async function verify(args: readonly string[]) {
  const child = spawn(process.execPath, [BIN, "verify", ...args], { env: { ...process.env, SECRET: "s3cr3t" } });
  const [out, said, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { out, said, code: code as number };
}

test("verify: clean, not clean and why, not there, and nobody who answers", { timeout: 120_000 }, async () => {
  await using folder = await temporaryFolder({ "logs/a.ndjson": "", "logs/b.ndjson": "" });
  const [a, b] = ["a", "b"].map((name) => join(folder.path, `logs/${name}.ndjson`)) as [string, string];
  const clean = await startGateway(a, 0);
  const good = await verify(["--url", clean.url, "--below", "10", "--in", a, "--header", "x-secret: env:SECRET"]);
  clean.close();
  expect(good).toMatchObject({ code: 0, said: "" });
  expect(good.out).toMatch(/^Clean to under 9\.8 % at 95 %: none of 29 calls was refused\.\n {2}29 sent: 29 × 200\n$/);
  // What it uses on its way is nobody's need: the usage ledger passes over it by this name.
  expect([...clean.agents]).toEqual(["scopetrail/verify"]);
  expect(new Set(clean.secrets)).toEqual(new Set(["s3cr3t"]));

  const half = await startGateway(b, 2);
  const bad = await verify(["--url", half.url, "--count", "20", "--in", b, "--json"]);
  half.close();
  expect(bad.code).toBe(1);
  expect(JSON.parse(bad.out)).toMatchObject({
    sent: 20,
    refused: 10,
    answers: { "200": 10, "403": 10 },
    below: null,
    notFound: 0,
    why: [{ says: expect.stringMatching(/^Refused by Cosmos DB with 403: dddddddd-/) as string, count: 10 }],
  });

  const gone = await verify(["--url", half.url, "--count", "2"]);
  expect(gone).toMatchObject({
    code: 4,
    out: expect.stringMatching(/^No answer: nothing can be said\.\n.*ECONNREFUSED/) as string,
  });
  const wrong = await verify(["--url", "ftp://x", "--count", "0", "--header", "x: env:NOT_SET"]);
  expect(wrong.code).toBe(2);
  expect(wrong.said.trimEnd().split("\n")).toHaveLength(3);
});

test("verify: by gateway, identity and operation, each by itself and all together", { timeout: 120_000 }, async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const who = request.headers.authorization ?? "";
    asked.push(`${request.method} ${request.url} ${who}`);
    response.writeHead(request.url?.startsWith("/neu/") === true && who === "Bearer t2" ? 403 : 200).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const base = `http://127.0.0.1:${port}`;
  const matrix = [
    "--gateway-url",
    `West Europe=${base}/weu`,
    `North Europe=${base}/neu/`,
    "--identity",
    "billing=env:T1",
    "reports=env:T2",
  ];
  const operations = ["--operation", "GET /orders/1", "/carts/1"];
  process.env["T1"] = "t1";
  process.env["T2"] = "t2";
  const bad = await verify([...matrix, ...operations, "--count", "3", "--json"]);
  expect(bad.code).toBe(1);
  const outcome = JSON.parse(bad.out) as {
    needed: number;
    cells: readonly { refused: number; below: number | null }[];
  };
  expect(outcome).toMatchObject({ sent: 24, refused: 6, below: null, unanswered: 0 });
  // Eight at once at 95 %: each at 1 - 0.05 / 8.
  expect(outcome.needed).toBe(callsForBound(0.01, 1 - 0.05 / 8));
  expect(outcome.cells.map(({ refused }) => refused)).toEqual([0, 0, 0, 0, 0, 0, 3, 3]);
  expect(outcome.cells[0]?.below).toBeCloseTo(cleanBound(3, 1 - 0.05 / 8));
  expect(outcome.cells[7]).toMatchObject({
    gateway: "North Europe",
    identity: "reports",
    operation: "GET /carts/1",
    below: null,
  });
  expect(asked.filter((one) => one === "GET /neu/carts/1 Bearer t2")).toHaveLength(3);

  const said = await verify([...matrix, ...operations, "--count", "3"]);
  expect(said.out).toMatch(
    /^Not clean: 2 of 8 combinations were refused, 6 of 24 calls\.\n {2}West Europe · billing · GET \/orders\/1: clean to under /,
  );
  expect(said.out).toMatch(/North Europe · reports · GET \/carts\/1: 3 of 3 refused\n/);
  expect(said.out).toContain(`needs ${outcome.needed} answered calls of each combination`);
  expect(said.out + said.said).not.toMatch(/t1|t2/);

  const clean = await verify([...matrix.slice(0, 2), ...matrix.slice(3), "--below", "20"]);
  server.close();
  const needed = callsForBound(0.2, 1 - 0.05 / 2);
  expect(clean).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^Clean: each of 2 combinations to under \d+ %, all together at 95 %\./) as string,
  });
  expect(clean.out).toContain(`${2 * needed} sent: ${2 * needed} × 200`);

  const wrong = await verify([
    "--gateway-url",
    "x",
    "--identity",
    "a=token",
    "--operation",
    "POST /x",
    "--confidence",
    "100",
  ]);
  expect(wrong.code).toBe(2);
  expect(wrong.said.trimEnd().split("\n")).toHaveLength(4);
});
