import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { writeCorpus } from "../../src/simulate/corpus.ts";
import { generate } from "../../src/simulate/generate.ts";
import { diagnosticsRow, tableRow } from "../../src/simulate/shapes.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const SEEDS = Array.from({ length: 6 }, (_, i) => i + 1);

interface Written {
  readonly path: string;
  readonly bytes: Buffer;
}

async function written(seed: number): Promise<readonly Written[]> {
  await using folder = await temporaryFolder();
  writeCorpus(folder.path, generate({ seed, scenario: "mixed", hours: 1 }));
  return readdirSync(folder.path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((path) => ({ path: path.slice(folder.path.length), bytes: readFileSync(path) }));
}

const corpora = await Promise.all(SEEDS.map(written));
const logs = corpora.flat().filter(({ path }) => path.startsWith("/logs/"));
const found = (text: string, pattern: RegExp): readonly string[] =>
  Array.from(text.matchAll(pattern), (match) => match[1] ?? "");
const textOf = ({ path, bytes }: Written): string => (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();

test("the same seed writes the same bytes", async () => {
  const digests = (files: readonly Written[] = []) =>
    files.map(({ path, bytes }) => [path, createHash("sha256").update(bytes).digest("hex")]);
  expect(digests(await written(5))).toEqual(digests(corpora[4]));
  expect(digests(await written(6))).not.toEqual(digests(corpora[4]));
});

test("every corpus has logs and the truth beside them", () => {
  for (const files of corpora) {
    expect(files.some(({ path }) => path.startsWith("/logs/"))).toBe(true);
    const truth: unknown = JSON.parse(files.find(({ path }) => path === "/truth.json")?.bytes.toString() ?? "");
    expect(truth).toMatchObject({ scenario: "mixed", faults: expect.any(Array), decoys: expect.any(Array) });
  }
});

test.each([[".json"], [".ndjson"], [".ndjson.gz"], ["PT1H.json"]])("some corpus has files *%s", (ending) =>
  expect(logs.some(({ path }) => path.endsWith(ending))).toBe(true),
);

describe("the logs are as untidy as real ones", () => {
  const corpus = generate({ seed: 3, scenario: "decoys", hours: 1 });
  const hub = logs.filter(({ path }) => path.includes("eventhub")).map(textOf)[0] ?? "";

  test("records arrive out of order", () => {
    const times = found(hub, /"time":"([^"]+)"/g);
    const early = times.filter((time, i) => time < (times[i - 1] ?? ""));
    expect(early.length / times.length).toBeGreaterThan(0.1);
  });

  test("a few records are delivered twice", () => {
    const ids = found(hub, /"correlationId":"([^"]+)"/g);
    expect(new Set(ids).size).toBeLessThan(ids.length);
    expect(new Set(ids).size).toBeGreaterThan(0.9 * ids.length);
  });

  test("very few lines cannot be parsed", () => {
    let broken = 0;
    let lines = 0;
    for (const file of logs)
      for (const line of textOf(file).split(/\r?\n/)) {
        if (line === "") continue;
        lines += 1;
        if (!parses(line)) broken += 1;
      }
    expect(broken).toBeGreaterThan(0);
    expect(broken / lines).toBeLessThan(0.01);
  });

  test("a record has the same values in each of the three shapes", () => {
    for (const rendered of corpus.records.filter(({ category }) => category === "GatewayLogs").slice(0, 50)) {
      const { properties } = rendered.record as { properties: Record<string, unknown> };
      expect(tableRow(rendered)).toMatchObject({
        Type: "ApiManagementGatewayLogs",
        ResponseCode: properties["responseCode"],
        ApiId: properties["apiId"],
        CorrelationId: rendered.record["correlationId"],
        Region: rendered.record["location"],
      });
      expect(diagnosticsRow(rendered)).toMatchObject({
        Category: "GatewayLogs",
        responseCode_d: properties["responseCode"],
        apiId_s: properties["apiId"],
        CorrelationId: rendered.record["correlationId"],
      });
    }
  });
});

function parses(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

describe("what the logs hold", () => {
  const records = [4, 5, 6].flatMap((seed) => generate({ seed, scenario: "mixed", hours: 1 }).records);
  const gateway = records.filter(({ category }) => category === "GatewayLogs").map(({ record }) => record);
  const operations = records.filter(({ category }) => category === "DataPlaneRequests").map(({ record }) => record);
  const ids = new Set(gateway.map((record) => record["correlationId"]));
  const returned = new Set(found(JSON.stringify(gateway), /"x-ms-activity-id":\[?"([^"]+)"/g));

  test("every operation is a call's, by the call's id or the id in the answer, but for direct traffic", () => {
    const lone = operations
      .map((record) => record["properties"] as { activityId: string; clientIpAddress: string })
      .filter(({ activityId }) => !ids.has(activityId) && !returned.has(activityId));
    expect(lone.length).toBeGreaterThan(0);
    expect(lone.every(({ clientIpAddress }) => clientIpAddress.startsWith("10."))).toBe(true);
  });

  test("data-plane values are texts and have no sub-status", () => {
    for (const { properties } of operations.slice(0, 500) as unknown as { properties: Record<string, unknown> }[]) {
      expect(Object.values(properties).every((value) => typeof value === "string")).toBe(true);
      expect(Object.keys(properties).filter((name) => /sub_?status/i.test(name))).toEqual([]);
    }
  });

  test("a token that was refused is traced as unverified", () => {
    const refused = gateway.filter((record) => JSON.stringify(record).includes('"source":"validate-jwt"'));
    expect(refused.length).toBeGreaterThan(0);
    for (const record of refused) expect(JSON.stringify(record)).not.toContain('"validated"');
  });
});
