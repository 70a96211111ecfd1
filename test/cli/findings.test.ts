import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findingFromJson } from "../../src/findings/finding-from-json.ts";
import { toFindingJson } from "../../src/findings/report-json.ts";
import type { Listening } from "../../src/server/listen.ts";
import { at } from "../builders.ts";
import { serve } from "../browser/harness.ts";
import { finding, hostileFinding } from "../finding-builder.ts";
import { sampleView } from "../server/sample-view.ts";
import { scopetrail } from "./running.ts";

let server: Listening;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  const view = sampleView();
  view.findings = [
    finding(),
    finding({ id: "F-ENDED00000", status: "resolved", end: at(300), severity: "low" }),
    { ...hostileFinding(), id: "F-HOSTILE000", severity: "medium" },
  ];
  server = await serve(view, 0);
  env = { SCOPETRAIL_URL: server.address, COLUMNS: "80" };
});
afterAll(() => server.close());

test("a finding is the same after a way through the published JSON", () => {
  expect(findingFromJson(JSON.parse(JSON.stringify(toFindingJson(finding({ end: at(60.123_456_7) })))))).toEqual(
    finding({ end: at(60.123_456_7) }),
  );
});

describe("findings", () => {
  test("list: data on standard output, worst first, nothing that a terminal would run", async () => {
    const run = await scopetrail(["findings", "list"], env);
    expect(run.status).toBe(0);
    expect(run.stderr).toBe("");
    expect(run.stdout.indexOf("F-7Q2KABCDEF")).toBeLessThan(run.stdout.indexOf("F-HOSTILE000"));
    expect(run.stdout.indexOf("F-HOSTILE000")).toBeLessThan(run.stdout.indexOf("F-ENDED00000"));
    expect(run.stdout.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  test("list: narrowed, as JSON, with an exit code for who asks", async () => {
    const run = await scopetrail(
      ["findings", "list", "--status", "open", "--severity", "high", "--json", "--fail-on", "high"],
      env,
    );
    expect(run.status).toBe(1);
    const { items } = JSON.parse(run.stdout) as { items: { id: string }[] };
    expect(items.map(({ id }) => id)).toEqual(["F-7Q2KABCDEF"]);
  });

  test("show, in words; no such finding is said", async () => {
    const [shown, missing] = await Promise.all([
      scopetrail(["findings", "show", "F-7Q2KABCDEF"], { ...env, FORCE_COLOR: "1" }),
      scopetrail(["findings", "show", "F-NOTTHERE00"], env),
    ]);
    expect(shown.stdout).toContain("backend orders-b: 52 % refused");
    expect(shown.stdout).toContain("\u001b[");
    expect(missing).toMatchObject({ status: 2, stdout: "" });
    expect(missing.stderr).toContain("no such resource");
  });

  test("mute and unmute say what they did; the server keeps it", async () => {
    const muted = await scopetrail(["findings", "mute", "F-7Q2KABCDEF", "--for", "8h", "--reason", "planned"], env);
    expect(muted).toMatchObject({ status: 0, stdout: "" });
    expect(muted.stderr).toMatch(/is muted until 20/);
    const decisions = await fetch(new URL("/api/v1/findings/F-7Q2KABCDEF/decisions", server.address));
    expect(await decisions.json()).toMatchObject({ items: [{ kind: "mute", reason: "planned" }] });
    expect((await scopetrail(["findings", "unmute", "F-7Q2KABCDEF", "--reason", "done"], env)).status).toBe(0);
  });

  test.each([
    { name: "no answer", args: ["list", "--url", "http://127.0.0.1:9"], status: 4, says: /does not answer/ },
    { name: "no address", args: ["list", "--url", "nowhere"], status: 2, says: /--url/ },
    { name: "no token", args: ["list", "--token", "env:NOT_SET_ANYWHERE"], status: 2, says: /NOT_SET_ANYWHERE/ },
    { name: "no span", args: ["mute", "F-X", "--reason", "x", "--for", "8x"], status: 2, says: /30m, 8h or 7d/ },
    { name: "no time", args: ["list", "--from", "yesterday"], status: 2, says: /from/ },
  ])("$name is exit code $status, with the way out", async ({ args, status, says }) => {
    const run = await scopetrail(["findings", ...args], env);
    expect(run.stderr).toMatch(says);
    expect(run.status).toBe(status);
  });
});
