import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { supervised } from "../../src/commands/supervised.ts";
import type { Batch, Source } from "../../src/sources/source.ts";
import { SourceError, type SourceErrorKind } from "../../src/sources/source-error.ts";
import { startEventHubsEmulator } from "../emulators/event-hubs.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { reportWhen, startServe } from "./serving.ts";

const record = (i: number) => ({
  category: "GatewayLogs",
  correlationId: `c-${i}`,
  time: "2026-11-25T12:00:00Z",
  properties: { responseCode: 200 },
});
const body = (from: number, count: number): string =>
  JSON.stringify({ records: Array.from({ length: count }, (_, i) => record(from + i)) });

test("a source that is refused, and one that is taken over, do not end the others", { timeout: 120_000 }, async () => {
  const emulator = await startEventHubsEmulator();
  const [good, stolen] = ["good", "stolen"].map((name) => emulator.addHub(name, { partitions: 1 }));
  good?.partition("0").add(body(0, 5));
  stolen?.partition("0").add(body(100, 3));
  await using folder = await temporaryFolder();
  await using serving = await startServe({
    folder: folder.path,
    environment: {
      GOOD: emulator.connectionString("good"),
      STOLEN: emulator.connectionString("stolen"),
      BAD: emulator.connectionString("good").replace("c2VjcmV0", "TOPSECRET"),
    },
    config: `
sources:
  - { type: event-hubs, name: good, connectionString: "env:GOOD" }
  - { type: event-hubs, name: bad, connectionString: "env:BAD" }
  - { type: event-hubs, name: stolen, connectionString: "env:STOLEN", ownerLevel: 1 }
state: ${folder.path}/state.db
`,
  });
  try {
    await serving.hear(/bad: hub good .* refuses to be read\..* The other sources go on/);
    await reportWhen(serving.address, ({ input }) => input.records >= 8);
    await using other = await startServe({
      folder: folder.path,
      name: "other",
      environment: { STOLEN: emulator.connectionString("stolen") },
      config: `sources: [{ type: event-hubs, name: stolen, connectionString: "env:STOLEN", ownerLevel: 1 }]\nstate: ${folder.path}/other.db\n`,
    });
    await serving.hear(/stolen: partition 0 .* is read by another reader .* The other sources go on\./);
    good?.partition("0").add(body(5, 4));
    const { input } = await reportWhen(serving.address, (report) => report.input.records >= 12);
    expect(input).toMatchObject({ records: 12, accepted: 12 });
    const ready = (await (await fetch(new URL("/readyz", serving.address))).json()) as {
      waitingFor?: readonly string[];
    };
    expect(JSON.stringify(ready)).toMatch(/bad: hub good.*stolen: partition 0/s);
    expect(serving.said.join("\n")).not.toContain("TOPSECRET");
    await other.stop();
  } finally {
    expect(await serving.stop()).toBe(0);
    await emulator.close();
  }
});

/** Delivers one batch a call of `read` after the last checkpoint, and then fails. */
function failing(kinds: (SourceErrorKind | "end")[]): Source & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    name: "hub",
    asked,
    partitions: async () => ["0"],
    async *read(from, _signal, kept): AsyncGenerator<Batch> {
      const at = Number(from.get("0") ?? 0);
      asked.push(`${at} ${[...(kept?.keys() ?? [])].join()}`);
      yield {
        partition: "0",
        records: [],
        rejects: [],
        bytes: 0,
        checkpoint: String(at + 1),
        kept: new Map([
          [`k${at}`, new Uint8Array(1)],
          [`k${at - 1}`, undefined],
        ]),
        caughtUp: true,
      };
      const kind = kinds.shift() ?? "end";
      if (kind !== "end") throw new SourceError("hub", kind, `it is ${kind}`);
    },
  };
}

const watchOf = (told: string[], isAlone = false) => ({
  isAlone,
  retryMs: 1,
  onReached: () => told.push("reached"),
  onDown: ({ message }: SourceError) => told.push(message),
  onUp: () => told.push("up"),
});

async function readAll(source: Source): Promise<number> {
  let batches = 0;
  for await (const _batch of source.read(new Map(), AbortSignal.timeout(5_000))) batches += 1;
  return batches;
}

test("a source that failed goes on after what it delivered, and each reason is told once", async () => {
  const told: string[] = [];
  const source = failing(["refused", "unreachable", "config", "end"]);
  expect(await readAll(supervised(source, watchOf(told)))).toBe(4);
  expect(source.asked).toEqual(["0 ", "1 k0", "2 k1", "3 k2"]);
  const up = ["up", "reached"];
  expect(told).toEqual(["hub: it is refused", ...up, "hub: it is unreachable", ...up, "hub: it is config", ...up]);
});

test.each([
  { name: "one that was taken over", kinds: ["stolen" as const], isAlone: false },
  { name: "the only one", kinds: ["refused" as const], isAlone: true },
])("$name is not tried again", async ({ kinds, isAlone }) => {
  const told: string[] = [];
  await expect(readAll(supervised(failing([...kinds]), watchOf(told, isAlone)))).rejects.toThrow(`it is ${kinds[0]}`);
  expect(told).toEqual([]);
});

test("a stop ends the wait between two attempts", async () => {
  const stop = new AbortController();
  const source = supervised(failing(["refused"]), { ...watchOf([]), retryMs: 60_000 });
  const reading = (async () => {
    for await (const _batch of source.read(new Map(), stop.signal)) await sleep(1);
  })();
  await sleep(20);
  stop.abort();
  await expect(reading).resolves.toBeUndefined();
});
