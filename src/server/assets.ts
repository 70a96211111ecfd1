import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Hono } from "hono";

const require = createRequire(import.meta.url);
const WEB = new URL("../../dashboards/web/", import.meta.url);

const JS = "text/javascript; charset=utf-8";

/** A file next to the main file of a package. */
const beside = (name: string, file: string): string => join(dirname(require.resolve(name)), file);
const web = (file: string): string => fileURLToPath(new URL(file, WEB));

/** Everything that may be asked for under `/assets/`, and where it is. */
const ASSETS: ReadonlyMap<string, { readonly path: () => string; readonly type: string }> = new Map([
  ["chart.js", { path: () => beside("chart.js", "chart.umd.min.js"), type: JS }],
  ["luxon.js", { path: () => beside("luxon", "../global/luxon.min.js"), type: JS }],
  ["adapter.js", { path: () => beside("chartjs-adapter-luxon", "chartjs-adapter-luxon.umd.min.js"), type: JS }],
  ["annotation.js", { path: () => beside("chartjs-plugin-annotation", "chartjs-plugin-annotation.min.js"), type: JS }],
  ["morph.js", { path: () => web("morph.js"), type: JS }],
  ["page.js", { path: () => web("page.js"), type: JS }],
  ["decide.js", { path: () => web("decide.js"), type: JS }],
  ["keys.js", { path: () => web("keys.js"), type: JS }],
  ["brush.js", { path: () => web("brush.js"), type: JS }],
  ["chart-page.js", { path: () => web("chart-page.js"), type: JS }],
  ["theme.js", { path: () => web("theme.js"), type: JS }],
  ["style.css", { path: () => web("style.css"), type: "text/css; charset=utf-8" }],
  ["icon.svg", { path: () => web("icon.svg"), type: "image/svg+xml" }],
]);

interface Loaded {
  readonly body: string;
  readonly etag: string;
}

/** Serves the listed files and nothing else; each is read once. */
export function serveAssets(app: Hono): void {
  const loaded = new Map<string, Loaded>();
  app.get("/assets/:name", (context) => {
    const name = context.req.param("name");
    const asset = ASSETS.get(name);
    if (asset === undefined) return context.notFound();
    const file = loaded.get(name) ?? load(asset.path());
    loaded.set(name, file);
    const headers = { "content-type": asset.type, etag: file.etag, "cache-control": "no-cache" };
    if (context.req.header("if-none-match") === file.etag) return context.body(null, 304, headers);
    return context.body(file.body, 200, headers);
  });
}

function load(path: string): Loaded {
  const body = readFileSync(path, "utf8");
  return { body, etag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"` };
}
