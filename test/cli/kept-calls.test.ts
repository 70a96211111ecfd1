import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { callsFolder, openCallLog } from "../../src/store/call-log.ts";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import { at, claims, gatewayRequest, operation } from "../builders.ts";
import { evidence } from "../exports/bundles.ts";
import { evidenceOf } from "../exports/evidence-rows.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const BIN = join(import.meta.dirname, "../../bin/scopetrail.js");

test("calls that serve keeps are found and exported while it has its state to itself", {
  timeout: 120_000,
}, async () => {
  await using folder = await temporaryFolder();
  const state = join(folder.path, "state.db");
  const log = openCallLog(callsFolder(state), 86_400_000);
  log.begin(0);
  const calls = evidence(5);
  for (const call of calls) log.add(call);
  await log.flush();
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [BIN, ...args, "--state", state], { encoding: "utf8", cwd: folder.path });

  const id = calls[2]?.ids[0] ?? "";
  expect(run("call", id.toUpperCase())).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^Succeeded/) as string,
  });
  expect(run("call", "no-such-id")).toMatchObject({ status: 1, stdout: "" });

  const store = openSqliteStore(state);
  const busy = run("export", "--out", "evidence", "--format", "ndjson", "--from", "2026-11-25T12:00:02Z");
  store.close();
  expect(busy).toMatchObject({ status: 0, stdout: "evidence/export-000001\n" });
  const bundle = join(folder.path, "evidence/export-000001");
  const manifest = JSON.parse(readFileSync(join(bundle, "manifest.json"), "utf8")) as object;
  expect(manifest).toMatchObject({
    calls: { seen: 3, exported: 3, succeeded: 3 },
    conservation: null,
    gaps: [expect.stringContaining("is in use by another process") as string],
    sources: [{ partition: "calls-000000000000000-000000000000005.seg", records: 5 }],
  });
  expect(run("export", "--out", "evidence")).toMatchObject({ status: 0 });
  const later = readFileSync(join(folder.path, "evidence/export-000002/manifest.json"), "utf8");
  expect(JSON.parse(later)).toMatchObject({ calls: { exported: 5 }, conservation: { records: 0 }, gaps: [] });
  const verify = spawnSync(process.execPath, [BIN, "export", "verify", "evidence"], { cwd: folder.path });
  expect(verify.status).toBe(0);
});

test("a refused call that serve kept is beside the last one of its caller that succeeded", async () => {
  await using folder = await temporaryFolder();
  const state = join(folder.path, "state.db");
  const log = openCallLog(callsFolder(state), 86_400_000);
  log.begin(0);
  const correlationId = "00000000-0000-4000-8000-0000000000ff";
  const request = gatewayRequest({ correlationId, time: at(9), status: 403, backendStatus: 403, claims: claims() });
  const refused = evidenceOf(request, [operation({ activityId: correlationId, time: at(9), status: 403 })]);
  const calls = evidence(5);
  for (const call of [...calls, refused]) log.add(call);
  await log.flush();
  const args = [BIN, "call", correlationId, "--json", "--state", state];
  const { stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect(JSON.parse(stdout)).toMatchObject({
    calls: [{ outcome: "refused", lastSuccess: { id: calls[4]?.ids[0], differ: [] } }],
  });
});
