import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decodeBody } from "../../src/decode/decode-body.ts";
import { normalize } from "../../src/normalize/normalize.ts";
import { formatInstant, type Instant } from "../../src/model/time.ts";

const FIXTURES = "fixtures";

const cases = readdirSync(FIXTURES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) => ["input.json", "input.ndjson"].map((file) => ({ name, file })))
  .filter(({ name, file }) => existsSync(join(FIXTURES, name, file)));

const TIMES = new Set(["time", "expires", "issued"]);

/** Instants as text and maps as objects: a golden file is read by people. */
const readable = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, inner: unknown) => {
      if (TIMES.has(key) && typeof inner === "number") return formatInstant(inner as Instant);
      return inner instanceof Map ? Object.fromEntries(inner) : inner;
    }),
  );

function normalized(name: string, file: string) {
  const bytes = readFileSync(join(FIXTURES, name, file));
  const { records, rejects } = decodeBody(bytes, { source: name, partition: "0", sequence: 1 });
  return { records: records.map((record) => normalize(record)), rejects };
}

test("there are cases", () => expect(cases.length).toBeGreaterThan(8));

describe("a record becomes the same event as before", () => {
  test.each(cases)("$name", async ({ name, file }) => {
    const text = `${JSON.stringify(readable(normalized(name, file)), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(join("../..", FIXTURES, name, "expected.json"));
  });
});

describe("the same record by another route is the same event", () => {
  const keyOf = (name: string, file: string): string[] =>
    normalized(name, file).records.flatMap((one) => (one.kind === "event" ? [one.event.dedupKey] : []));
  test("gateway request", () => {
    const [hub] = keyOf("gateway-event-hub", "input.json");
    expect(hub).toBeDefined();
    expect(keyOf("gateway-table", "input.ndjson")).toEqual([hub]);
    expect(keyOf("gateway-azure-diagnostics", "input.json")).toEqual([hub]);
  });
  test("data-plane operation", () => {
    const [hub] = keyOf("data-plane-event-hub", "input.json");
    expect(hub).toBeDefined();
    expect(keyOf("data-plane-query-answer", "input.json")).toEqual([hub]);
    expect(keyOf("data-plane-azure-diagnostics", "input.ndjson")).toEqual([hub]);
  });
  test("a retry a moment later is another event", () => {
    const text = readFileSync(join(FIXTURES, "data-plane-event-hub", "input.json"), "utf8");
    const keys = [text, text.replace("01.7654321Z", "01.9654321Z"), text.replace('"1.5000"', '"9.1000"')].map(
      (body) => {
        const [record] = decodeBody(new TextEncoder().encode(body), {
          source: "s",
          partition: "0",
          sequence: 1,
        }).records;
        const event = record === undefined ? undefined : normalize(record);
        return event?.kind === "event" ? event.event.dedupKey : "";
      },
    );
    expect(new Set(keys).size).toBe(3);
  });
});
