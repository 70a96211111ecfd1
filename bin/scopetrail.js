#!/usr/bin/env node
// Plain JavaScript, so that any Node can read it: finds the Node that came with the project (or uses this one
// when it is new enough to run TypeScript) and starts src/main.ts with it.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const require = createRequire(import.meta.url);

/** Node runs the sources by stripping their types: stable since 24.12; 24.15 is what is tested. */
function fit(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 24 || (major === 24 && minor >= 15);
}

function bundledNode() {
  const platform = process.platform === "win32" ? "win" : process.platform;
  try {
    return require.resolve(`node-${platform}-${process.arch}/bin/${platform === "win" ? "node.exe" : "node"}`);
  } catch {
    return undefined;
  }
}

const node = fit(process.versions.node) ? process.execPath : bundledNode();
if (node === undefined) {
  process.stderr.write(
    `scopetrail needs Node 24.15 or newer to run; this is ${process.version}, and no Node came with the packages for ` +
      `${process.platform}-${process.arch}.\nFix: run "npm install" in the project's folder, or install Node 24 LTS.\n`,
  );
  process.exitCode = 2;
} else {
  const command = process.argv[2];
  // What these keep is bounded; the limits make the garbage collector keep to it on machines with much memory.
  const limits = new Map([
    // A heap that begins as large as it becomes is not collected as it grows: a tenth of the processor's time.
    [
      "analyze",
      ["--max-old-space-size=448", "--max-semi-space-size=8", "--initial-heap-size=96", "--min-semi-space-size=8"],
    ],
    ["export", ["--max-old-space-size=320", "--max-semi-space-size=8"]],
    // Collected before it has grown by a fifth: what lies outside the heap, bodies of messages above all, goes with it.
    ["serve", ["--max-semi-space-size=4", "--heap-growing-percent=20"]],
  ]).get(command);
  // What is allocated and given back for weeks: glibc would keep large blocks in pieces, as it raises the size from which it maps them.
  const lasting = { MALLOC_ARENA_MAX: "2", MALLOC_MMAP_THRESHOLD_: "16384", MALLOC_TRIM_THRESHOLD_: "131072" };
  // Tables of many megabytes lie on large pages where the system leaves that to programs: what is looked up in them anywhere is
  // found in fewer steps.
  const large = { GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" };
  const memory = new Map([
    ["analyze", large],
    ["serve", lasting],
  ]).get(command);
  // Sources that were stripped of types and compiled once are kept beside the packages: a start takes a third of the time.
  const cache = fileURLToPath(new URL("../node_modules/.cache/compile", import.meta.url));
  const env = { NODE_COMPILE_CACHE: cache, ...memory, ...process.env };
  const child = spawn(node, [...(limits ?? []), main, ...process.argv.slice(2)], { stdio: "inherit", env });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    process.stderr.write(`scopetrail: cannot start ${node}: ${error.message}\n`);
    process.exitCode = 70;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === "SIGINT" ? 130 : 143);
  });
}
