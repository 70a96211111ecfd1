import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type ControlHandler, serveControl, askControl, controlPath } from "../../src/commands/control.ts";
import { stat } from "node:fs/promises";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import { startEventHubsEmulator } from "../emulators/event-hubs.ts";
import { commitOf } from "../store/sample.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { reportWhen, startServe } from "./serving.ts";

const MAIN = join(import.meta.dirname, "../../src/main.ts");

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly said: string;
}

function scopetrail(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], (_, out, said) =>
      resolve({ code: child.exitCode ?? -1, out, said }),
    );
  });
}

const GATEWAY = {
  category: "GatewayLogs",
  correlationId: "c-1",
  time: "2026-11-25T12:00:00Z",
  properties: { responseCode: 200 },
};
const NO_TIME = { ...GATEWAY, time: undefined, callerIpAddress: "10.0.0.1", url: "https://x/?sig=TOPSECRET" };

describe("rejects", () => {
  test("of a running serve are listed, shown, exported and read again; so are those of a state at rest", {
    timeout: 150_000,
  }, async () => {
    const emulator = await startEventHubsEmulator();
    const hub = emulator.addHub("logs", { partitions: 1 });
    hub.partition("0").add(JSON.stringify({ records: [GATEWAY, NO_TIME] }));
    hub.partition("0").add("{not json");
    await using folder = await temporaryFolder();
    const config = `sources: [{ type: event-hubs, name: hub, connectionString: "env:HUB" }]\nstate: ${folder.path}/state.db\n`;
    const file = join(folder.path, "serve.yml");
    await using serving = await startServe({
      folder: folder.path,
      config,
      environment: { HUB: emulator.connectionString("logs") },
    });
    await reportWhen(serving.address, ({ input }) => input.records >= 3);
    try {
      const live = await scopetrail("rejects", "list", "--config", file, "--json");
      expect(JSON.parse(live.out)).toEqual([
        { source: "hub", partition: "0", stage: "decode", reason: "truncated", count: 1, kept: 1 },
        { source: "hub", partition: "0", stage: "normalize", reason: "no-time", count: 1, kept: 1 },
      ]);
      expect((await scopetrail("rejects", "retry", "--config", file)).out).toBe(
        "0 read, 1 still rejected, 1 of which only a sample was kept\n",
      );
    } finally {
      await serving.stop();
      await emulator.close();
    }
    const exported = (await scopetrail("rejects", "export", "--config", file)).out.trimEnd().split("\n");
    expect(exported).toHaveLength(2);
    const row = exported
      .map((line) => JSON.parse(line) as { id: number; reason: string; raw?: string })
      .find((one) => one.reason === "no-time");
    expect(JSON.parse(row?.raw ?? "")).toMatchObject({ correlationId: "c-1", callerIpAddress: "10.0.0.1" });
    expect(exported.join()).not.toContain("TOPSECRET");
    const shown = await scopetrail("rejects", "show", String(row?.id), "--config", file);
    expect(JSON.parse(shown.out)).toMatchObject({ reason: "no-time", sequence: 0, place: 1, stage: "normalize" });
    expect(await scopetrail("rejects", "show", "77", "--config", file)).toMatchObject({
      code: 2,
      said: "rejects: no reject 77 is kept\n",
    });
    expect((await scopetrail("rejects", "list", "--config", file)).out).toContain("normalize/no-time  hub/0");
  });

  test("that can be read by now go the way of every record, once", { timeout: 90_000 }, async () => {
    await using folder = await temporaryFolder({
      "serve.yml": `sources: [{ type: simulated, name: x }]\nstate: ./state.db\n`,
    });
    const state = join(folder.path, "state.db");
    const file = join(folder.path, "serve.yml");
    await writeFile(file, `sources: [{ type: simulated, name: x }]\nstate: ${state}\n`);
    const store = openSqliteStore(state);
    const row = {
      source: "hub",
      partition: "0",
      sequence: 1,
      place: 0,
      stage: "normalize",
      reason: "no-time",
      detail: "d",
      sample: "s",
    };
    store.commit(
      commitOf({
        rejects: {
          rows: [
            { ...row, raw: JSON.stringify(GATEWAY) },
            { ...row, sequence: 2, raw: JSON.stringify(NO_TIME) },
            { ...row, sequence: 3 },
          ],
          counts: [],
          retried: [],
        },
      }),
    );
    store.close();
    const retry = (): Promise<Ended> => scopetrail("rejects", "retry", "--config", file);
    expect(await retry()).toMatchObject({
      code: 0,
      out: "1 read, 1 still rejected, 1 of which only a sample was kept\n",
    });
    expect((await retry()).out).toBe("0 read, 1 still rejected, 1 of which only a sample was kept\n");
    const after = openSqliteStore(state);
    expect(after.rejects({ after: 0, limit: 10 }).map(({ sequence }) => sequence)).toEqual([2, 3]);
    expect(after.ledger().get("backfill")?.get("rejects")).toMatchObject({ records: 1, accepted: 1 });
    after.close();
  });
});

describe("commands to a running serve", () => {
  const echo: ControlHandler = async (request, say) => {
    say(request);
    if (request.do === "retry") throw new Error("not now");
  };

  test("come over a socket that is only for the owner, and end with how it went", async () => {
    await using folder = await temporaryFolder();
    const state = join(folder.path, "state.db");
    expect(await askControl(state, { do: "reject-counts" }, () => undefined)).toBeUndefined();
    const close = await serveControl(state, echo);
    expect((await stat(controlPath(state))).mode & 0o777).toBe(0o600);
    const said: unknown[] = [];
    expect(await askControl(state, { do: "reject-counts" }, (value) => said.push(value))).toEqual({ kind: "done" });
    expect(await askControl(state, { do: "retry" }, (value) => said.push(value))).toEqual({
      kind: "failed",
      because: "not now",
    });
    expect(said).toEqual([{ do: "reject-counts" }, { do: "retry" }]);
    await close();
    expect(await askControl(state, { do: "reject-counts" }, () => undefined)).toBeUndefined();
  });

  test("find it after it was killed and started again, and where the state's path is long", async () => {
    await using folder = await temporaryFolder();
    const state = join(folder.path, "x".repeat(90), "state.db");
    expect(Buffer.byteLength(controlPath(state))).toBeLessThanOrEqual(100);
    await writeFile(controlPath(state), "left behind");
    const close = await serveControl(state, echo);
    expect(await askControl(state, { do: "reject-counts" }, () => undefined)).toEqual({ kind: "done" });
    await close();
  });
});
