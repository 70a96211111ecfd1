import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { expect, test } from "vitest";
import { Buckets, type Incident, incidentHtml } from "../../src/exports/incident.ts";
import { callStory } from "../../src/findings/call-story.ts";
import type { Finding } from "../../src/model/finding.ts";
import { at, gatewayError, gatewayRequest, operation } from "../builders.ts";
import { finding, hostileFinding } from "../finding-builder.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { evidenceOf } from "./evidence-rows.ts";

function incidentOf(about: Finding, text = "plain"): Incident {
  const buckets = new Buckets(about);
  for (let minute = -30; minute < 90; minute++)
    for (let i = 0; i < 5; i++) buckets.count(at(60 * minute + i), minute >= 0 && i < 2);
  const story = callStory(
    evidenceOf(gatewayRequest({ status: 401, api: text, error: gatewayError(text, text) }), [
      operation({ operation: text }),
    ]),
  );
  return {
    finding: about,
    ...buckets.list(),
    calls: [story],
    gaps: [text],
    madeAt: "2026-11-25T12:00:00Z",
    version: "0",
  };
}

test("calls are counted in at most 120 buckets from an hour before the onset, none twice", () => {
  const { buckets, bucketMinutes } = incidentOf(finding());
  expect(bucketMinutes).toBe(2);
  expect(buckets.length).toBeLessThanOrEqual(120);
  expect(buckets.reduce((sum, { calls }) => sum + calls, 0)).toBe(600);
  expect(buckets.reduce((sum, { refused }) => sum + refused, 0)).toBe(180);
  expect(buckets[0]?.start).toBe(at(-3_600));
});

test("the page tells the finding, its cause, what to do and a call", async () => {
  const page = await incidentHtml(incidentOf(finding()));
  for (const text of [
    "52 % of the calls through backend orders-b are refused",
    "418 of 9204 calls (4.5 %; usually 0.0 %)",
    "48 % to 55 %",
    "refused by Cosmos DB",
    "az cosmosdb sql role assignment list",
    "Refused at the gateway with 401",
  ])
    expect(page).toContain(text);
});

test("it needs nothing else, runs nothing that a log holds, and can be printed", { timeout: 120_000 }, async () => {
  const page = await incidentHtml(
    incidentOf(hostileFinding(), "<script>alert(1)</script><img src=x onerror=alert(1)>"),
  );
  expect(page).not.toMatch(/<(?:script|img|link|iframe)|\son\w+="|url\(/i);
  await using folder = await temporaryFolder();
  const path = join(folder.path, "incident.html");
  writeFileSync(path, page);
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  try {
    const tab = await browser.newPage({ colorScheme: "dark" });
    const asked: string[] = [];
    const dialogs: string[] = [];
    tab.on("request", (request) => asked.push(request.url()));
    tab.on("dialog", (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    await tab.goto(pathToFileURL(path).href);
    expect(asked).toEqual([pathToFileURL(path).href]);
    expect(dialogs).toEqual([]);
    const wide = await tab.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth");
    expect(wide).toBe(true);
    expect((await tab.pdf()).subarray(0, 5).toString()).toBe("%PDF-");
  } finally {
    await browser.close();
  }
});
