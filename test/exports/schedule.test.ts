import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ScheduleJob } from "../../src/commands/schedule-job.ts";
import { writeDue } from "../../src/commands/scheduled-export.ts";
import { keptCalls } from "../../src/commands/kept-calls.ts";
import type { Manifest } from "../../src/exports/manifest.ts";
import { behind, dueEntry, hoursBehind, newSchedule, parseDay } from "../../src/exports/schedule.ts";
import { newSigningPem, parseSigningPem } from "../../src/exports/signing-key.ts";
import { verifyExports } from "../../src/exports/verify-export.mjs";
import { epochMs, type EpochMs, instantFromMs } from "../../src/model/time.ts";
import { callsFolder, openCallLog } from "../../src/store/call-log.ts";
import { gatewayRequest, operation } from "../builders.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { addBundle, inBundle, value } from "./bundles.ts";
import { evidenceOf } from "./evidence-rows.ts";

const HOUR = 3_600_000;
const DAY = value(parseDay("2026-03-02"));
const ms = (at: number): EpochMs => epochMs(instantFromMs(at));
const after = (hours: number): EpochMs => ms(DAY + hours * HOUR);

describe("what is due", () => {
  const schedule = newSchedule("daily", after(13), 7);
  const cases: { name: string; hours: number; due: string | undefined }[] = [
    { name: "nothing before the delay has passed", hours: 1.4, due: undefined },
    { name: "the first hour once it has", hours: 1.5, due: "digest 2026-03-02T00" },
    { name: "the oldest of several", hours: 30, due: "digest 2026-03-02T00" },
    { name: "nothing while the clock stands before the day", hours: -5, due: undefined },
  ];
  test.each(cases)("$name", ({ hours, due }) => {
    const entry = dueEntry(schedule, after(hours), 0.5 * HOUR);
    expect(entry === undefined ? undefined : `${entry.kind} ${entry.from.slice(0, 13)}`).toBe(due);
  });

  test("each hour has one digest and each day one export behind its digests, whenever it is looked", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1_800 }), { maxLength: 20 }), (steps) => {
        let stand = schedule;
        let clock = 0;
        const written: string[] = [];
        for (const minutes of [...steps, 3_600]) {
          clock = Math.round(60 * clock + minutes) / 60;
          for (let entry; (entry = dueEntry(stand, after(clock), HOUR)) !== undefined; ) {
            written.push(`${entry.kind} ${entry.from.slice(0, 13)}`);
            stand = behind(stand, entry, 9);
          }
        }
        expect(new Set(written).size).toBe(written.length);
        const days = written.filter((one) => one.startsWith("export"));
        expect(written.length - days.length).toBe(Math.floor(clock - 1 + 1e-9));
        expect(days).toHaveLength(Math.floor((clock - 1 + 1e-9) / 24));
        for (const [i] of days.entries()) expect(written.indexOf(days[i] ?? "")).toBe(25 * i + 24);
        expect(hoursBehind(stand, after(clock), HOUR)).toBe(0);
      }),
    );
  });
});

const PEM = newSigningPem();

/** A state with kept calls, and the schedule over them. */
async function kept() {
  const folder = await temporaryFolder();
  const state = join(folder.path, "state.db");
  mkdirSync(callsFolder(state));
  const log = keptCalls(openCallLog(callsFolder(state), 400 * 24 * HOUR));
  log.begin(0);
  let count = 0;
  const job: ScheduleJob = {
    name: "daily",
    folder: join(folder.path, "evidence"),
    format: "ndjson",
    profile: undefined,
    redactKey: undefined,
    key: PEM,
    old: undefined,
    from: DAY,
    delayMs: 0.5 * HOUR,
  };
  return {
    job,
    /** Closes calls of these hours, and makes them durable. */
    async add(...hours: readonly number[]): Promise<void> {
      for (const hour of hours) {
        const id = `00000000-0000-4000-8000-${String((count += 1)).padStart(12, "0")}`;
        const time = instantFromMs(DAY + hour * HOUR);
        log.add(evidenceOf(gatewayRequest({ correlationId: id, time }), [operation({ activityId: id, time })]));
      }
      await log.flush();
      await log.settle();
    },
    async write(hours: number) {
      const facts = { findings: [], ledger: [], principals: [], closed: log.durable, says: [] };
      const written = [];
      for await (const one of writeDue(job, { state, facts, now: () => after(hours) })) written.push(value(one));
      return written.map(({ entry, calls }) => `${entry.kind} ${entry.from.slice(5, 13)}: ${calls}`);
    },
    manifest: (sequence: number) =>
      JSON.parse(readFileSync(inBundle(job.folder, sequence, "manifest.json"), "utf8")) as Manifest,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

describe("a schedule", () => {
  test("writes a digest for each hour, also where nothing happened, and an export for the day: one chain that verifies", async () => {
    await using one = await kept();
    await one.add(0.5, 0.7, 5);
    const written = await one.write(24.5);
    expect(written).toHaveLength(25);
    expect(written[24]).toBe("export 03-02T00: 3");
    expect(one.manifest(1)).toMatchObject({
      kind: "digest",
      files: [],
      digests: [{ name: "calls", rows: 2 }, { rows: 2 }],
    });
    expect(one.manifest(2)).toMatchObject({ kind: "digest", digests: [{ rows: 0 }, { rows: 0 }] });
    expect(one.manifest(25)).toMatchObject({
      kind: "export",
      calls: { exported: 3, late: 0 },
      conservation: { records: 0 },
    });
    expect(await verifyExports(one.job.folder)).toMatchObject({ faults: [], exports: 25 });
    expect(await one.write(24.5)).toEqual([]);
  });

  test("a digest's roots are those of the rows that the day's export has of its hour", async () => {
    await using one = await kept();
    await one.add(3.1, 3.2, 3.9);
    await one.write(24.5);
    const tables = one.manifest(25).files.flatMap(({ table }) => table ?? []);
    expect(one.manifest(4).digests).toEqual(tables.map(({ name, rows, merkleRoot }) => ({ name, rows, merkleRoot })));
  });

  test("calls that were closed after their day's export are in the next one, and none is in two", async () => {
    await using one = await kept();
    await one.add(-2, 1, 23);
    await one.write(24.5);
    await one.add(2, 25, 49, -1);
    expect((await one.write(48.5)).at(-1)).toBe("export 03-03T00: 3");
    expect(one.manifest(50)).toMatchObject({ calls: { seen: 3, exported: 3, late: 2 } });
    expect((await one.write(72.5)).at(-1)).toBe("export 03-04T00: 1");
    expect(one.manifest(75).calls).toMatchObject({ exported: 1, late: 0 });
    const ids = [25, 50, 75].flatMap((sequence) =>
      readFileSync(inBundle(one.job.folder, sequence, "calls.ndjson"), "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => (JSON.parse(line) as { id: string }).id.slice(-1)),
    );
    // The first is of a day before the schedule began, and was closed before.
    expect(ids.toSorted()).toEqual(["2", "3", "4", "5", "6", "7"]);
  });

  test("what a stop left half done is not there, and is written once", async () => {
    await using one = await kept();
    await one.add(1);
    await one.write(3.5);
    mkdirSync(join(one.job.folder, ".export-000004.daily.part/x"), { recursive: true });
    expect(await one.write(4.5)).toEqual(["digest 03-02T03: 0"]);
    expect(readdirSync(one.job.folder)).toEqual([1, 2, 3, 4].map((i) => `export-00000${i}`));
  });

  test("goes on behind exports by hand in the same folder", async () => {
    await using one = await kept();
    await one.write(1.5);
    addBundle(one.job.folder, { key: value(parseSigningPem(PEM)) });
    expect(await one.write(2.5)).toEqual(["digest 03-02T01: 0"]);
    expect((await verifyExports(one.job.folder)).faults).toEqual([]);
  });

  test("says why it cannot go on, and writes nothing then", async () => {
    await using one = await kept();
    await one.write(1.5);
    const job = { ...one.job, key: newSigningPem() };
    const facts = { findings: [], ledger: [], principals: [], closed: 0, says: [] };
    const said = [];
    for await (const made of writeDue(job, { state: "none", facts, now: () => after(9) })) said.push(made);
    expect(said).toMatchObject([{ ok: false, error: expect.stringContaining("rotate") as string }]);
    expect(existsSync(join(job.folder, "export-000002"))).toBe(false);
  });
});
