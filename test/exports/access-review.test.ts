import type { Browser } from "playwright-core";
import { expect, test } from "vitest";
import { accessReviewHtml } from "../../src/exports/access-review-page.ts";
import { Pseudonyms } from "../../src/exports/redaction.ts";
import { NO_REDACTION } from "../../src/model/redaction-profile.ts";
import type { PrincipalRow } from "../../src/privileges/rows.ts";
import { launch } from "../browser/harness.ts";
import { at } from "../builders.ts";

const names = new Pseudonyms(Buffer.alloc(32, 1));
const row = (i: number, more: Partial<PrincipalRow> = {}): PrincipalRow => ({
  principal: `dddddddd-0000-4000-8000-${String(i).padStart(12, "0")}`,
  kind: "principal",
  account: "shop",
  score: 40,
  confidence: 0.9,
  enough: i % 3 !== 0,
  roles: ["Cosmos DB Built-in Data Contributor on /dbs/shop/colls/orders"],
  actionsGranted: 9,
  actionsUsed: i % 9,
  calls: 1_000 * i,
  refused: i,
  lastUsed: i % 4 === 0 ? null : at(i),
  verdict: "holds more than it used",
  findings: ["F-0123456789"],
  ...more,
});
const page = async (rows: readonly PrincipalRow[], profile = NO_REDACTION) =>
  await accessReviewHtml({ rows, profile, names, madeAt: "2026-11-25T12:00:00Z", version: "test" });

test("what logs hold is text; who is hidden is nowhere; keys are told by their names", async () => {
  const hostile = row(1, { principal: `"><script>alert(1)</script>`, roles: ["<img src=x onerror=alert(1)>"] });
  const text = await page([hostile]);
  expect(text).not.toContain("<script>");
  expect(text).not.toContain("<img");
  const hidden = await page([row(2), row(3, { principal: "PrimaryMasterKey", kind: "key" })], {
    ...NO_REDACTION,
    identity: "pseudonym",
  });
  expect(hidden).not.toContain("dddddddd-0000");
  expect(hidden).toContain("PrimaryMasterKey");
  expect(await page(Array.from({ length: 2_003 }, (_, i) => row(i)))).toContain("3 more are in access-review.csv.");
});

const FITS = "document.documentElement.scrollWidth <= innerWidth";

/** Whether it fits the screen and the paper, what it asked for, and the paper's colour. */
async function look(browser: Browser, text: string, colorScheme: "light" | "dark") {
  const context = await browser.newContext({ colorScheme, viewport: { width: 1_200, height: 800 } });
  const tab = await context.newPage();
  const asked: string[] = [];
  tab.on("request", (request) => asked.push(request.url()));
  await tab.setContent(text);
  const onScreen = await tab.evaluate(FITS);
  await tab.emulateMedia({ media: "print" });
  // A4 across, less its margins.
  await tab.setViewportSize({ width: 1_031, height: 700 });
  const onPaper = await tab.evaluate(FITS);
  const paper = await tab.evaluate("getComputedStyle(document.body).backgroundColor");
  await context.close();
  return { onScreen, onPaper, paper, asked };
}

test.each(["light", "dark"] as const)(
  "asks nothing of anybody, and fits the screen and the paper: %s",
  async (theme) => {
    const browser = await launch();
    try {
      const long = row(7, { principal: "x".repeat(300), roles: [] });
      const text = await page([...Array.from({ length: 40 }, (_, i) => row(i)), long]);
      const fits = { onScreen: true, onPaper: true, paper: "rgb(255, 255, 255)", asked: [] };
      expect(await look(browser, text, theme)).toEqual(fits);
    } finally {
      await browser.close();
    }
  },
);
