import type { ChildProcess } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readyServe, spawnServe } from "./live/serving.ts";
import { temporaryFolder } from "./temporary-folder.ts";

describe("a test that takes too long while serve still starts", () => {
  const silent = createServer();
  let child: ChildProcess | undefined;
  beforeAll(async () => {
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
  });
  afterAll(() => silent.close());

  test.fails("fails", async () => {
    await using folder = await temporaryFolder();
    const { port } = silent.address() as AddressInfo;
    await using serving = await spawnServe({
      folder: folder.path,
      config: `sources: [{ type: event-hubs, name: logs, connectionString: "env:HUB" }]\nstate: ${folder.path}/s.db\n`,
      environment: {
        HUB: `Endpoint=sb://127.0.0.1:${port};SharedAccessKeyName=a;SharedAccessKey=b;EntityPath=logs;UseDevelopmentEmulator=true`,
      },
    });
    ({ child } = serving);
    await expect(readyServe(serving)).resolves.toBeDefined();
  }, 1_500);

  test("leaves no process behind", () => expect(child?.signalCode).toBe("SIGKILL"));
});
