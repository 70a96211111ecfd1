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
