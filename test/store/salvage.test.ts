import { copyFile, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openState } from "../../src/commands/open-state.ts";
import type { Finding } from "../../src/model/finding.ts";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import { StoreError } from "../../src/store/store-error.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { temporaryFolder, type TemporaryFolder } from "../temporary-folder.ts";
import { commitLoop, numberIn, tornParts } from "./loop-commit.ts";
import { epoch } from "./sample.ts";

const PAGE = 4_096;
const COMMITS = 60;
const log = createLogger("silent");
let folder: TemporaryFolder;
let path: string;
let sound: string;
let findings: readonly Finding[];
let alerts: number;
beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, "state.db");
  sound = join(folder.path, "sound.db");
  const store = openSqliteStore(sound);
  for (let n = 1; n <= COMMITS; n++) commitLoop(store, n, 1);
  findings = store.findings();
  alerts = store.due(epoch(0), 1_000).length;
  store.close();
});
afterEach(() => folder[Symbol.asyncDispose]());

async function withoutPage(page: number): Promise<void> {
  for (const file of await readdir(folder.path)) if (file.startsWith("state.db")) await rm(join(folder.path, file));
  await copyFile(sound, path);
  const file = await open(path, "r+");
  await file.write(new Uint8Array(PAGE), 0, PAGE, page * PAGE);
  await file.close();
}

const openedOr = (work: () => ReturnType<typeof openState>): ReturnType<typeof openState> | StoreError => {
  try {
    return work();
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
};

/** Of what was written, as it was or ended. */
function checkFindings(found: readonly Finding[], areEnded: boolean): void {
  const written = new Map(findings.map((finding) => [finding.id, finding]));
  for (const finding of found) {
    const before = written.get(finding.id);
    expect(finding).toEqual(
      areEnded && before !== undefined ? { ...before, status: "resolved", end: before.detectedAt } : before,
    );
  }
}

test("of a state that lost any one page, what can be read goes on, and nothing else is in it", {
  timeout: 60_000,
}, async () => {
  const outcomes = { whole: 0, "goes on": 0, anew: 0, refused: 0 };
  let fewest = Number.POSITIVE_INFINITY;
  const pages = (await stat(sound)).size / PAGE;
  for (let page = 0; page < pages; page++) {
    await withoutPage(page);
    const store = openedOr(() => openState(path, log, { salvages: true }));
    if (store instanceof StoreError) {
      expect(store.kind).toBe("corrupt");
      outcomes.refused += 1;
      continue;
    }
    const isSalvaged = (await readdir(folder.path)).some((file) => file.startsWith("state.db.damaged-"));
    const { snapshot, journal, positions } = store.load();
    const goesOn = snapshot !== undefined;
    const found = store.findings();
    checkFindings(found, !goesOn);
    if (goesOn) {
      expect(numberIn(store)).toBe(COMMITS);
      expect(tornParts(store, COMMITS).filter((torn) => !/^(?:findings|alerts)/.test(torn))).toEqual([]);
    } else {
      // Of partition 1 there are no counts: where it was read up to is not gone on from.
      expect(journal).toEqual([]);
      expect([undefined, new Map([["0", String(COMMITS)]])]).toContainEqual(positions.get("hub"));
      expect(store.ledger().get("hub")?.get("0")?.records).toBe(positions.has("hub") ? 3 * COMMITS : undefined);
    }
    expect(store.due(epoch(0), 1_000).length).toBeLessThanOrEqual(alerts);
    if (isSalvaged && found.length > 0) fewest = Math.min(fewest, found.length);
    outcomes[isSalvaged ? (goesOn ? "goes on" : "anew") : "whole"] += 1;
    commitLoop(store, COMMITS + 1, COMMITS + 1);
    store.close();
  }
  console.info(`${pages} pages: ${JSON.stringify(outcomes)}; ${fewest} to ${findings.length} findings kept`);
  expect(outcomes["goes on"]).toBeGreaterThan(0);
  expect(outcomes.anew).toBeGreaterThan(0);
  expect(fewest).toBeLessThan(findings.length);
});

test("without being asked to, a damaged state is left as it is", async () => {
  await withoutPage(3);
  const failure = openedOr(() => openState(path, log));
  expect(failure).toMatchObject({ kind: "corrupt", message: expect.stringContaining("--salvage") });
});

test.each([
  { what: "finding", row: `update finding set body = replace(body, '"calls":30,', '"calls":31,') where id = 'F-30'` },
  { what: "alert", row: "update outbox set body = '31' where alert = 'a-30'" },
  { what: "receiver", row: "update outbox set target = 'mail' where alert = 'a-30'" },
])(
  "a $what whose text has another letter is not told: the state is damaged, and the others are kept",
  async ({ row }) => {
    await copyFile(sound, path);
    const db = new DatabaseSync(path);
    expect(db.prepare(row).run().changes).toBe(1);
    db.close();
    expect(openedOr(() => openState(path, log))).toMatchObject({ kind: "corrupt" });
    const store = openState(path, log, { salvages: true });
    expect(numberIn(store)).toBe(COMMITS);
    const kept = [store.findings().length, store.due(epoch(0), 1_000).length];
    store.close();
    const isFinding = row.includes("finding");
    expect(kept).toEqual([findings.length - (isFinding ? 1 : 0), alerts - (isFinding ? 0 : 1)]);
  },
);
