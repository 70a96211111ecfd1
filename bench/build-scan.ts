/** Compiles src/decode/scan/assembly to WebAssembly and writes it as a module: `npm run build:scan`. The same source gives the same bytes. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const SOURCE = join(ROOT, "src/decode/scan/assembly/index.ts");
const MODULE = join(ROOT, "src/decode/scan/scan-wasm.ts");
const COMPILER = join(ROOT, "node_modules/assemblyscript/bin/asc.js");
const FEATURES = "simd,bulk-memory,sign-extension,nontrapping-f2i";

/** The text of the module that the source gives. */
export function buildScan(): string {
  const folder = mkdtempSync(join(tmpdir(), "scopetrail-scan-"));
  try {
    const out = join(folder, "scan.wasm");
    const options = ["-O3", "--noAssert", "--runtime", "stub", "--enable", FEATURES, "--outFile", out];
    const run = spawnSync(process.execPath, [COMPILER, SOURCE, ...options], { cwd: ROOT, encoding: "utf8" });
    if (run.status !== 0) throw new Error(`the scan does not compile:\n${run.stderr}`);
    const base64 = readFileSync(out).toString("base64");
    const lines = base64.match(/.{1,112}/g) ?? [];
    return `/** Compiled from \`assembly/\` by \`npm run build:scan\`. */\nexport const SCAN_WASM =\n${lines.map((line) => `  "${line}"`).join(" +\n")};\n`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) writeFileSync(MODULE, buildScan());
