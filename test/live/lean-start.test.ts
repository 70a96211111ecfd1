import { expect, test } from "vitest";
import { temporaryFolder } from "../temporary-folder.ts";
import { startServe } from "./serving.ts";

/** Tells each module that is loaded. */
const TELLS = `import { registerHooks } from "node:module";
registerHooks({ load(url, context, next) { process.stderr.write("loads " + url + "\\n"); return next(url, context); } });`;

test("serve does not load what it may never need: Arrow, Parquet, Log Analytics, sign-in to Azure", async () => {
  await using folder = await temporaryFolder();
  await using serving = await startServe({
    folder: folder.path,
    config: `sources: [{ type: files, name: logs, paths: ["${folder.path}"] }]\nstate: ${folder.path}/state.db\n`,
    environment: { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(TELLS)}` },
  });
  const loaded = serving.said.filter((line) => line.startsWith("loads "));
  expect(loaded.length).toBeGreaterThan(100);
  expect(loaded.filter((line) => /apache-arrow|hyparquet|monitor-query-logs|@azure\/identity/.test(line))).toEqual([]);
  await serving.stop();
});
