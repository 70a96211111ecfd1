import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { temporaryFolder } from "../temporary-folder.ts";
import { endWithTest } from "../end-with-test.ts";

const MAIN = join(import.meta.dirname, "../../src/main.ts");

/** Starts the demo, with a module loaded before it, and waits for its address. */
async function startDemo(before: string) {
  const preload = `data:text/javascript,${encodeURIComponent(before)}`;
  const child = endWithTest(
    spawn(process.execPath, ["--import", preload, MAIN, "demo", "--port", "0"], {
      stdio: ["ignore", "ignore", "pipe"],
    }),
  );
  const said: string[] = [];
  const ready = Promise.withResolvers<void>();
  createInterface(child.stderr).on("line", (line) => {
    said.push(line);
    if (line.includes("http://")) ready.resolve();
  });
  await Promise.race([ready.promise, once(child, "exit")]);
  return { child, said };
}

const THROWS_LATER = `process.on("SIGUSR2", () => { throw new Error("SharedAccessKey=TOPSECRET"); });`;
const REJECTS_LATER = `process.on("SIGUSR2", () => { Promise.reject(new Error("SharedAccessKey=TOPSECRET")); });`;

test.each([
  { name: "an exception that nobody waits for", before: THROWS_LATER },
  { name: "a rejection that nobody waits for", before: REJECTS_LATER },
])("$name ends with the exit code of a bug and no secret", async ({ before }) => {
  const { child, said } = await startDemo(before);
  child.kill("SIGUSR2");
  const [code] = await once(child, "close");
  expect(code).toBe(70);
  expect(said.join("\n")).toMatch(/scopetrail: Error: SharedAccessKey=«redacted»/);
});

test.each([
  { signal: "SIGTERM" as const, code: 0 },
  { signal: "SIGINT" as const, code: 130 },
])("$signal ends it with exit code $code", async ({ signal, code }) => {
  const { child } = await startDemo("");
  child.kill(signal);
  expect(await once(child, "close")).toEqual([code, null]);
});

test("a hub that says nothing at the start is named while it is waited for, and a signal ends the wait", async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket));
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  await using folder = await temporaryFolder();
  const config = join(folder.path, "config.yml");
  await writeFile(
    config,
    `sources: [{ type: event-hubs, name: logs, connectionString: "env:HUB" }]\nstate: ${join(folder.path, "s.db")}\n`,
  );
  const child = endWithTest(
    spawn(process.execPath, [MAIN, "serve", "--config", config, "--port", "0"], {
      env: {
        ...process.env,
        HUB: `Endpoint=sb://127.0.0.1:${port};SharedAccessKeyName=a;SharedAccessKey=b;EntityPath=logs;UseDevelopmentEmulator=true`,
      },
      stdio: ["ignore", "ignore", "pipe"],
    }),
  );
  const closed = once(child, "close");
  for await (const line of createInterface(child.stderr)) if (line.includes("source logs was not reached yet")) break;
  child.kill("SIGTERM");
  expect(await closed).toEqual([0, null]);
  for (const socket of sockets) socket.destroy();
  silent.close();
}, 30_000);
