import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { buildScan } from "../../../bench/build-scan.ts";

test("the module is what its source compiles to, byte for byte", () => {
  expect(readFileSync("src/decode/scan/scan-wasm.ts", "utf8")).toBe(buildScan());
});
