import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { callId, gatewayLine, LOGS } from "../exports/log-lines.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const BIN = join(import.meta.dirname, "../../bin/scopetrail.js");

test("call: a person's words, JSON, and what is not there", async () => {
  await using folder = await temporaryFolder({
    "a.ndjson": LOGS,
    "b.ndjson": gatewayLine(callId(7), { time: "2026-11-25T11:00:00Z" }),
  });
  const run = (...args: string[]) => spawnSync(process.execPath, [BIN, "call", ...args], { encoding: "utf8" });
  const words = run(callId(3).toUpperCase(), "--in", folder.path);
  expect(words.status).toBe(0);
  expect(words.stdout).toMatch(
    /^Refused by Cosmos DB with 403: dddddddd-0000-4000-8000-000000000001 asked for Read on/,
  );
  expect(words.stdout).toContain("100.0 ms  cosmos   Read shop/shop/orders: 403, 1.5 ms, 2.83 RU");
  expect(words.stdout).toContain(`
Beside the last call that succeeded
  ${callId(1)}, 2\u202fh 0\u202fmin before
  Nothing that the logs tell differs.
  Alike: subscription, caller address, `);
  const refused = run(callId(3), "--in", folder.path, "--json");
  expect(JSON.parse(refused.stdout)).toMatchObject({
    calls: [{ id: callId(3), lastSuccess: { id: callId(1), time: "2026-11-25T12:00:00.1234567Z", differ: [] } }],
  });
  const json = run(callId(1), "--in", folder.path, "--json");
  expect(JSON.parse(json.stdout)).toMatchObject({
    schema: "scopetrail.call/1",
    count: 1,
    calls: [
      {
        id: callId(1),
        outcome: "succeeded",
        lastSuccess: null,
        call: { time: "2026-11-25T12:00:00.1234567Z", subscription: "team-a" },
      },
    ],
  });
  expect(run(callId(99), "--in", folder.path)).toMatchObject({
    status: 1,
    stdout: "",
    stderr: `call: there is no call with the id ${callId(99)} in this input\n`,
  });
  expect(run(callId(1), "--state", "no.db")).toMatchObject({
    status: 2,
    stderr: "call: no.db.calls: there are no kept calls. Name files with --in, or a --state.\n",
  });
});
