import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tokenHash } from "../../src/server/access/api-tokens.ts";
import type { Listening } from "../../src/server/listen.ts";
import { finding } from "../finding-builder.ts";
import { accessParts } from "../server/access-parts.ts";
import { samplePrincipals } from "../server/sample-principals.ts";
import { type SampleView, sampleView } from "../server/sample-view.ts";
import { drawn, launch, openPage, serve } from "./harness.ts";

const PAGES = [
  "/",
  "/?from=now-1h&by=caller",
  "/failures",
  "/failures?status=open&from=now-2d",
  "/failures/F-7Q2KABCDEF",
  "/failures/F-HOSTILE0000",
  "/calls",
  "/calls/3f06647e-1111-4222-8333-530eb9f15261",
  "/calls/9a17c0de-1111-4222-8333-530eb9f111f0",
  "/calls/twice?n=2",
  "/principals",
  "/principals/dddddddd-0000-4000-8000-000000000001",
  "/principals/PrimaryMasterKey",
  "/exports?from=2026-03-01&redact=address%3Ddrop",
  "/health",
];

let browser: Browser;
let server: Listening;
let view: SampleView;

beforeAll(async () => {
  view = Object.assign(sampleView(), { principals: samplePrincipals() });
  server = await serve(view, 0);
  browser = await launch();
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

const open = (path: string, options: Parameters<typeof openPage>[2] = {}, from: Listening = server) =>
  openPage(browser, new URL(path, from.address), options);

/** What breaks WCAG 2.2 AA, with everything unfolded. */
async function violations(page: Page): Promise<readonly object[]> {
  await page.evaluate("document.querySelectorAll('details').forEach((it) => { it.open = true; })");
  await page.evaluate(axe.source);
  const found = await page.evaluate<
    readonly { id: string; nodes: readonly { target: unknown; failureSummary: string }[] }[]
  >(
    `axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }).then(({ violations }) => violations)`,
  );
  return found.map(({ id, nodes }) => ({
    id,
    nodes: nodes.map(({ target, failureSummary }) => ({ target, failureSummary })),
  }));
}

describe.each(["light", "dark"] as const)("in the %s theme", (colorScheme) => {
  test.each(PAGES)("%s loads without a complaint, and is accessible by WCAG 2.2 AA", async (path) => {
    const { page, complaints } = await open(path, { colorScheme });
    expect(await page.locator("main").innerText()).not.toBe("");
    if ((await page.locator("canvas").count()) > 0) await drawn(page);
    expect(complaints).toEqual([]);
    expect(await violations(page)).toEqual([]);
    await page.close();
  });
});

test.each(["light", "dark"] as const)("an auditor looks up a pseudonym, in the %s theme", async (colorScheme) => {
  const token = `scopetrail_${"a".repeat(43)}`;
  const auditor = { name: "auditor", sha256: tokenHash(token), roles: ["auditor"] as const };
  const access = { ...accessParts(), tokens: [auditor] };
  const guarded = await serve(view, 0, access);
  const [name = ""] = view.identities();
  try {
    const { page, complaints } = await open("/principals", { colorScheme, token }, guarded);
    await page.getByText("Who is behind a pseudonym?").click();
    await page.getByLabel("Pseudonym").fill(access.pseudonyms.of(name));
    await page.getByLabel("Why").fill("incident 7");
    await page.getByText("Look it up").click();
    expect(await page.locator("#answer").innerText()).toContain(name);
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);
  } finally {
    await guarded.close();
  }
});

test.each(PAGES)("%s fits a narrow screen", async (path) => {
  const { page } = await open(path, { width: 360 });
  expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
  await page.close();
});

test("a new finding appears without a reload", async () => {
  const { page } = await open("/");
  await expect.poll(() => view.listeners.size).toBeGreaterThan(1);
  const before = view.findings;
  view.findings = [finding({ id: "F-NEWONE0000", title: "A fault that has just begun." }), ...before];
  view.change();
  await page.getByText("A fault that has just begun.").first().waitFor();
  view.findings = before;
  await page.close();
});

test("a change keeps scroll, focus, selection and what was opened", async () => {
  const { page } = await open("/");
  await expect.poll(() => view.listeners.size).toBeGreaterThan(1);
  const before = view.findings;
  await page.locator(".as-table summary").first().click();
  await page.locator(`#attention a[href="/failures/F-7Q2KABCDEF"]`).focus();
  await page.evaluate(`scrollTo(0, 120); getSelection().selectAllChildren(document.querySelector("#blind .spots p"))`);
  view.findings = [finding({ id: "F-NEWONE0000", title: "A fault that has just begun." }), ...before];
  view.change();
  await page.locator("#attention").getByText("A fault that has just begun.").waitFor();
  const kept = await page.evaluate(
    `({ focus: document.activeElement.getAttribute("href"), top: scrollY, open: document.querySelector(".as-table").open, selected: getSelection().toString() })`,
  );
  expect(kept).toEqual({ focus: "/failures/F-7Q2KABCDEF", top: 120, open: true, selected: "9 calls carry no claims." });
  view.findings = before.filter(({ status }) => status !== "open");
  view.change();
  await page.getByText("Nobody is refused who should not be.").first().waitFor();
  expect(await page.locator("#attention li").count()).toBe(0);
  view.findings = before;
  await page.close();
});

test("without scripts there are words and numbers, and nothing that does not work", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(new URL("/failures/F-7Q2KABCDEF", server.address).href);
  expect(await page.locator("h1").innerText()).toContain("backend orders-b");
  expect(await page.locator("button:visible, canvas:visible").count()).toBe(0);
  await page.locator(".as-table summary").first().click();
  expect(await page.locator("#when tbody tr").first().isVisible()).toBe(true);
  await context.close();
});

test("the keyboard leads from the overview to a command that is copied", async () => {
  const { page } = await open("/");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const tabTo = async (selector: string): Promise<void> => {
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) return;
    }
    throw new Error(`60 presses of Tab do not lead to ${selector}`);
  };
  await page.keyboard.press("Tab");
  expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to content");
  await tabTo("#attention .finding a");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/failures/F-7Q2KABCDEF");
  await tabTo(`[data-copy-from="command-0"]`);
  await page.keyboard.press("Enter");
  await page.getByText("Done").first().waitFor();
  expect(await page.evaluate("navigator.clipboard.readText()")).toBe("az cosmosdb sql role assignment list");
  await tabTo("#copy-kql");
  await page.keyboard.press("Enter");
  await page.getByText("Copied").first().waitFor();
  expect(await page.evaluate("navigator.clipboard.readText()")).toContain("ApiManagementGatewayLogs");
  await page.close();
});

test("a server that does not answer is told, and so is its return", async () => {
  const first = await serve(view, 0);
  const { page } = await open("/", {}, first);
  await page.locator(".live.fresh").waitFor();
  await first.close();
  await page.getByText("Scopetrail does not answer").waitFor();
  const second = await serve(view, first.port);
  await page.locator(".live.fresh").waitFor();
  expect(await page.locator("#live").innerText()).toContain("Live · lag");
  await page.close();
  await second.close();
});

test("the theme can be switched, and is kept", async () => {
  const { page } = await open("/");
  const background = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
  expect(await background()).toBe("rgb(255, 255, 255)");
  await page.locator("#theme").click();
  expect(await background()).toBe("rgb(13, 17, 23)");
  await page.reload();
  expect(await background()).toBe("rgb(13, 17, 23)");
  await page.close();
});

test("a query can be copied", async () => {
  const { page } = await open("/failures/F-7Q2KABCDEF");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Copy as KQL" }).click();
  await page.getByText("Copied").first().waitFor();
  expect(await page.evaluate("navigator.clipboard.readText()")).toContain("ApiManagementGatewayLogs");
  await page.close();
});
