import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildServing } from "../../src/commands/build-access.ts";
import { parseConfig } from "../../src/config/load-config.ts";
import { epoch } from "../store/sample.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const KEY = "k".repeat(43);
const STANDBY = "standby: { account: https://a.blob.core.windows.net, container: copies }\n";

/** The pseudonym that a viewer of a machine is shown, or why it does not start. */
async function pseudonymOn(machine: { readonly auth: string; readonly standby?: string; readonly key?: string }) {
  await using folder = await temporaryFolder();
  const state = join(folder.path, "state.db");
  const text = `sources: [{ type: files, name: f, paths: ["x"] }]\nstate: ${state}\nserver: { auth: { tokens: [{ name: a, sha256: "${"0".repeat(64)}", roles: [viewer] }]${machine.auth} } }\n${machine.standby ?? ""}`;
  const config = parseConfig(text, "c.yml");
  if (!config.ok) throw new Error(config.error.join("\n"));
  const environment = { KEY: machine.key };
  const serving = buildServing(config.value, { environment, now: () => epoch(0), log: createLogger("silent") });
  const isMade = existsSync(`${state}.pseudonym-key`);
  return { of: serving.ok ? serving.value.access?.pseudonyms.of("ann") : serving.error, isMade };
}

test("machines with the same key show the same pseudonyms, and none is kept beside the state", async () => {
  const machine = { auth: ", pseudonymKey: env:KEY", standby: STANDBY, key: KEY };
  const first = await pseudonymOn(machine);
  expect(first).toEqual({ of: expect.stringMatching(/^~[0-9a-f]{16}$/), isMade: false });
  expect(await pseudonymOn(machine)).toEqual(first);
});

test("machines that stand by without one are refused, with the way out; one that is alone makes its own", async () => {
  expect(await pseudonymOn({ auth: "", standby: STANDBY })).toEqual({
    of: [expect.stringMatching(/^server\.auth\.pseudonymKey is needed with standby: .*env:NAME/)],
    isMade: false,
  });
  expect(await pseudonymOn({ auth: "" })).toMatchObject({ isMade: true });
});

test.each([
  { name: "is not set", key: undefined, says: /^server\.auth\.pseudonymKey: env:KEY: .*not set/ },
  { name: "is short", key: "short", says: /^server\.auth\.pseudonymKey: env:KEY: .*shorter than 32 bytes/ },
])("a key that $name is told by its reference", async ({ key, says }) => {
  const { of } = await pseudonymOn({ auth: ", pseudonymKey: env:KEY", ...(key === undefined ? {} : { key }) });
  expect(of).toEqual([expect.stringMatching(says)]);
});
