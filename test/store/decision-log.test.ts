import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Decision } from "../../src/findings/decisions.ts";
import type { EpochMs } from "../../src/model/time.ts";
import { openDecisionLog } from "../../src/store/decision-log.ts";
import { StoreError } from "../../src/store/store-error.ts";
import { type TemporaryFolder, temporaryFolder } from "../temporary-folder.ts";

const made = (about: string, over: Partial<Decision> = {}): Decision => ({
  at: 1_795_608_000_000 as EpochMs,
  by: "maria",
  kind: "mute",
  finding: about,
  scope: "finding",
  about,
  reason: "line one\nline two \u2028 \ud83d\ude00",
  until: null,
  ...over,
});

describe("the log of decisions", () => {
  let folder: TemporaryFolder;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder[Symbol.asyncDispose]());
  const fresh = (name: string) => join(folder.path, "state", name);

  test("decisions are there after a restart, in their order", () => {
    const path = fresh("restart");
    const log = openDecisionLog(path);
    const all = [made("F-1"), made("F-2", { until: 1_795_608_100_000 as EpochMs }), made("F-1", { kind: "unmute" })];
    for (const one of all) log.add(one);
    log.close();
    const again = openDecisionLog(path);
    expect(again.decisions.log).toEqual(all);
    expect([...again.decisions.mutes.values()].map(({ about }) => about)).toEqual(["F-2"]);
    again.close();
    expect(statSync(path).mode & 0o077).toBe(0);
  });

  test("a line that a crash left half is cut off, and the next one is whole", () => {
    const path = fresh("torn");
    const log = openDecisionLog(path);
    log.add(made("F-1"));
    log.close();
    appendFileSync(path, `{"at":1795608000000,"by":"mar`);
    const again = openDecisionLog(path);
    expect(again.decisions.log.map(({ about }) => about)).toEqual(["F-1"]);
    again.add(made("F-2"));
    again.close();
    expect(readFileSync(path, "utf8").trimEnd().split("\n")).toHaveLength(2);
    const third = openDecisionLog(path);
    expect(third.decisions.log.map(({ about }) => about)).toEqual(["F-1", "F-2"]);
    third.close();
  });

  test.each([
    ["is no JSON", "nonsense\n"],
    ["is another thing", `{"hello":1}\n`],
    ["has an unknown kind", `${JSON.stringify({ ...made("F-1"), kind: "delete" })}\n`],
  ])("a line that %s is told with its number", (_, line) => {
    const path = fresh(`bad${line.length}`);
    openDecisionLog(path).close();
    writeFileSync(path, `${JSON.stringify(made("F-1"))}\n${line}`);
    expect(() => openDecisionLog(path)).toThrow(StoreError);
    expect(() => openDecisionLog(path)).toThrow(/line 2/);
  });
});
