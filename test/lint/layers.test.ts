import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/** The model first: it may not know the pipeline either, but by a rule of its own. */
const CORE = ["model", "decode", "normalize", "correlate", "detect", "explain", "privileges", "findings"];
const ADAPTERS = ["sources", "sinks", "exports", "store", "server", "simulate"];

interface Planted {
  readonly file: string;
  readonly code: string;
  readonly rule: string | undefined;
}

const planted: readonly Planted[] = [
  ...[...CORE, "lib"].flatMap((folder) => [
    {
      file: `src/${folder}/plants-node.ts`,
      code: `import { readFileSync } from "node:fs";\nexport const x = readFileSync;`,
      rule: "no-restricted-imports",
    },
    {
      file: `src/${folder}/plants-sdk.ts`,
      code: `import { EventHubConsumerClient } from "@azure/event-hubs";\nexport const x = EventHubConsumerClient;`,
      rule: "no-restricted-imports",
    },
    {
      file: `src/${folder}/plants-adapter.ts`,
      code: `import { x } from "../store/store.ts";\nexport const y = x;`,
      rule: "no-restricted-imports",
    },
  ]),
  ...CORE.slice(1).flatMap((folder) => [
    {
      file: `src/${folder}/plants-pipeline.ts`,
      code: `import { step } from "../pipeline.ts";\nexport const y = step;`,
      rule: "no-restricted-imports",
    },
    {
      file: `src/${folder}/plants-analysis.ts`,
      code: `import { createAnalysis } from "../analysis.ts";\nexport const y = createAnalysis;`,
      rule: "no-restricted-imports",
    },
    {
      file: `src/${folder}/plants-clock.ts`,
      code: "export const now = () => Date.now();",
      rule: "no-restricted-properties",
    },
    {
      file: `src/${folder}/plants-chance.ts`,
      code: "export const chance = () => Math.random();",
      rule: "no-restricted-properties",
    },
    {
      file: `src/${folder}/plants-environment.ts`,
      code: "export const home = process.env;",
      rule: "no-restricted-globals",
    },
    {
      file: `src/${folder}/plants-console.ts`,
      code: `export const say = () => console.log("x");`,
      rule: "no-restricted-globals",
    },
    {
      file: `src/${folder}/plants-fetch.ts`,
      code: `export const get = async () => await fetch("http://x");`,
      rule: "no-restricted-globals",
    },
  ]),
  {
    file: "src/model/plants-detector.ts",
    code: `import { detect } from "../detect/detect.ts";\nexport const y = detect;`,
    rule: "no-restricted-imports",
  },
  {
    file: "src/lib/plants-model.ts",
    code: `import { CAUSES } from "../model/cause.ts";\nexport const y = CAUSES;`,
    rule: "no-restricted-imports",
  },
  ...ADAPTERS.flatMap((folder) =>
    ADAPTERS.filter((other) => other !== folder).map((other) => ({
      file: `src/${folder}/plants-${other}.ts`,
      code: `import { x } from "../${other}/x.ts";\nexport const y = x;`,
      rule: "no-restricted-imports",
    })),
  ),
  {
    file: "src/pipeline.ts",
    code: `import { filesSource } from "./sources/files.ts";\nexport const y = filesSource;`,
    rule: "no-restricted-imports",
  },
  {
    file: "src/analysis.ts",
    code: `import { readFileSync } from "node:fs";\nexport const x = readFileSync;`,
    rule: "no-restricted-imports",
  },
  {
    file: "src/detect/is-fine.ts",
    code: `import type { Call } from "../model/call.ts";\nexport const id = (call: Call) => call.id;`,
    rule: undefined,
  },
  {
    file: "src/sinks/is-fine.ts",
    code: `import { request } from "node:https";\nexport const y = request;`,
    rule: undefined,
  },
];

let folder = "";
const found = new Map<string, Set<string>>();

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "scopetrail-lint-"));
  const config = JSON.parse(readFileSync(".oxlintrc.json", "utf8")) as { options: { typeAware: boolean } };
  writeFileSync(
    join(folder, ".oxlintrc.json"),
    JSON.stringify({ ...config, options: { ...config.options, typeAware: false } }),
  );
  for (const { file, code } of planted) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), `${code}\n`);
  }
  for (const { code, filename } of lint(folder)) found.set(filename, (found.get(filename) ?? new Set()).add(code));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function lint(cwd: string): readonly { code: string; filename: string }[] {
  const oxlint = join(process.cwd(), "node_modules/.bin/oxlint");
  try {
    execFileSync(oxlint, ["-f", "json", "src"], { cwd, encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    const { stdout } = error as { stdout: string };
    return (JSON.parse(stdout) as { diagnostics: { code: string; filename: string }[] }).diagnostics;
  }
  throw new Error("the linter found nothing wrong with planted faults");
}

describe("a planted violation of each layer rule is caught", () => {
  test.each(planted)("$file", ({ file, rule }) => {
    const codes = [...(found.get(file) ?? [])].filter((code) => code.includes("no-restricted"));
    if (rule === undefined) expect(codes).toEqual([]);
    else expect(codes.join()).toContain(rule);
  });
});
