import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Listening } from "../../src/server/listen.ts";
import type { Finding } from "../../src/model/finding.ts";
import { finding } from "../finding-builder.ts";
import { HOSTILE_TEXTS } from "../hostile-texts.ts";
import { type SampleView, sampleView } from "../server/sample-view.ts";
import { drawn, launch, openPage, serve } from "./harness.ts";

let browser: Browser;
let server: Listening;
let view: SampleView;

beforeAll(async () => {
  view = sampleView();
  server = await serve(view, 0);
  browser = await launch();
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

const open = (path: string, options: Parameters<typeof openPage>[2] = {}) =>
  openPage(browser, new URL(path, server.address), options);
const added = (title: string) => finding({ id: "F-NEWONE0000", title });

test("a paused page stays as it is, counts what it misses, and catches up", async () => {
  const { page } = await open("/");
  await expect.poll(() => view.listeners.size).toBeGreaterThan(1);
  const before = view.findings;
  const pause = page.locator("#pause");
  await page.keyboard.press("p");
  expect(await pause.innerText()).toBe("Paused · Resume");
  view.findings = [added("A fault that began while nobody looked."), ...before];
  view.change();
  await page.getByText("Paused · 1 new · Resume").waitFor();
  expect(await page.getByText("A fault that began while nobody looked.").count()).toBe(0);
  await pause.click();
  await page.getByText("A fault that began while nobody looked.").first().waitFor();
  expect(await pause.getAttribute("aria-pressed")).toBe("false");
  view.findings = before;
  await page.close();
});

test("an open menu is not changed under the reader's hand", async () => {
  const { page } = await open("/");
  await expect.poll(() => view.listeners.size).toBeGreaterThan(1);
  const before = view.findings;
  await page.locator(".menu > summary").click();
  view.findings = [added("A fault that waits for the menu."), ...before];
  view.change();
  await page.getByRole("link", { name: "Last 12 hours" }).waitFor();
  expect(await page.locator(".menu").first().getAttribute("open")).not.toBeNull();
  expect(await page.getByText("A fault that waits for the menu.").count()).toBe(0);
  await page.locator(".menu > summary").click();
  await page.getByText("A fault that waits for the menu.").first().waitFor();
  view.findings = before;
  await page.close();
});

/** Draws a span over the middle third of the chart. */
async function drawSpan(page: Page, let_go: boolean): Promise<void> {
  await drawn(page);
  const box = await page.locator("canvas").first().boundingBox();
  if (box === null) throw new Error("the chart is there");
  await page.mouse.move(box.x + box.width / 3, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 4 });
  await page.mouse.move(box.x + (box.width * 2) / 3, box.y + box.height / 2, { steps: 4 });
  if (let_go) await page.mouse.up();
}

test("a span drawn on the chart becomes the address, and the address the same page", async () => {
  const { page } = await open("/");
  await Promise.all([page.waitForURL(/from=2026.*to=2026/), drawSpan(page, true)]);
  await drawn(page);
  const shown = await page.locator("#minutes .menu > summary").innerText();
  expect(shown).toMatch(/^11-25 \d\d:\d\d to 11-25 \d\d:\d\d$/);
  expect(await page.locator("#pause").innerText()).toContain("Paused");
  const again = await open(new URL(page.url()).pathname + new URL(page.url()).search);
  expect(await again.page.locator("#minutes .menu > summary").innerText()).toBe(shown);
  expect(again.complaints).toEqual([]);
  await page.goBack();
  await expect.poll(() => new URL(page.url()).search).toBe("");
  await Promise.all([page.close(), again.page.close()]);
});

test("Esc takes back a span that is being drawn", async () => {
  const { page } = await open("/failures/F-7Q2KABCDEF");
  await drawSpan(page, false);
  await page.locator(".brush").waitFor({ state: "visible" });
  await page.keyboard.press("Escape");
  await page.locator(".brush").waitFor({ state: "hidden" });
  await page.mouse.up();
  expect(new URL(page.url()).search).toBe("");
  await page.close();
});

test("keys lead through the screens, and can be switched off", async () => {
  const { page } = await open("/");
  await page.keyboard.press("g");
  await page.keyboard.press("f");
  await page.waitForURL("**/failures");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  expect(await page.evaluate(`document.activeElement.getAttribute("href")`)).toBe("/failures/F-7Q2KABCDEF");
  await page.keyboard.press("/");
  await page.keyboard.type("gh?");
  expect(await page.locator("#search").inputValue()).toBe("gh?");
  await page.locator("#main").focus();
  await page.keyboard.press("?");
  await page.locator("#help").waitFor({ state: "visible" });
  await page.locator("#keys-on").uncheck();
  await page.keyboard.press("Escape");
  await page.locator("#help").waitFor({ state: "hidden" });
  await page.keyboard.press("g");
  await page.keyboard.press("h");
  await page.keyboard.press("?");
  expect(new URL(page.url()).pathname).toBe("/failures");
  expect(await page.locator("#help").isVisible()).toBe(false);
  await page.reload();
  await page.keyboard.press("?");
  expect(await page.locator("#help").isVisible()).toBe(false);
  await page.evaluate("localStorage.clear()");
  await page.close();
});

test("a copied link says when, and shows the same findings again", async () => {
  const { page } = await open("/failures?status=open&from=now-2d&to=now");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.keyboard.press("c");
  await expect.poll(() => page.evaluate("navigator.clipboard.readText()")).toMatch(/status=open&from=2026-.*&to=2026-/);
  const link = String(await page.evaluate("navigator.clipboard.readText()"));
  const ids = () =>
    page.evaluate("[...document.querySelectorAll('#list .finding a')].map((a) => a.getAttribute('href'))");
  const before = await ids();
  await page.goto(link);
  expect(await ids()).toEqual(before);
  expect(before).toEqual(["/failures/F-7Q2KABCDEF"]);
  await page.close();
});

test("facets narrow by links, and a search leads to the one finding that has the text", async () => {
  const { page } = await open("/failures");
  await page.locator("#facets").getByText("ended").click();
  await page.waitForURL("**/failures?status=resolved");
  expect(await page.locator("#list .finding").count()).toBe(1);
  await page.locator("#facets").getByText("ended").click();
  await page.waitForURL("**/failures");
  await page.locator("#search").fill("9204-nothing-has-this");
  await page.keyboard.press("Enter");
  await page.getByText("No finding is like that.").waitFor();
  await page.locator("#search").fill("F-7Q2K");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/failures/F-7Q2KABCDEF");
  await page.close();
});

test("a finding is muted with a reason and acknowledged, by keyboard", async () => {
  const { page, complaints } = await open("/failures/F-7Q2KABCDEF");
  await page.keyboard.press("m");
  await page.locator("#mute-dialog").waitFor({ state: "visible" });
  await page.locator("#mute-dialog [name=reason]").fill("planned <b>rotation</b>");
  await page.keyboard.press("Enter");
  await page.locator("#activity").getByText("muted by local until").waitFor();
  expect(await page.locator("#activity").innerText()).toContain(": planned <b>rotation</b>");
  await page.keyboard.press("e");
  await page.locator("#activity").getByText("acknowledged by local").waitFor();
  expect(complaints).toEqual([]);
  await page.close();
});

/** Findings in whose every text all of the catalogue stands, one text each in title and subject. */
function hostileFindings(): readonly Finding[] {
  const [split] = finding().splits;
  return HOSTILE_TEXTS.map(([, text], i) =>
    finding({
      id: `F-HOSTILE${i}`,
      title: text,
      subject: { api: text, operation: text, principal: text, account: text, container: text },
      splits: split === undefined ? [] : [{ ...split, where: { backend: text, callerNetwork: text } }],
      cause: {
        ...finding().cause,
        evidence: HOSTILE_TEXTS.map(([, says]) => ({ says, fields: {} })),
        rejected: HOSTILE_TEXTS.map(([, because]) => ({ id: "unknown", because })),
        missing: HOSTILE_TEXTS.map(([, field]) => ({ field, fix: field })),
      },
      fix: { says: text, commands: HOSTILE_TEXTS.map(([, command]) => command) },
    }),
  );
}

const REFLECTED = HOSTILE_TEXTS.map(([, text]) => `api=${encodeURIComponent(text.slice(0, 100))}`).join("&");
const hostilePages = [
  { path: "/", holds: 10 },
  { path: "/failures", holds: HOSTILE_TEXTS.length },
  { path: `/failures?${REFLECTED}&q=${encodeURIComponent(`"><script>alert(1)</script>`)}`, holds: 0 },
  { path: `/?${REFLECTED}&from=${encodeURIComponent(`"><script>alert(1)</script>`)}`, holds: 10 },
  {
    path: `/exports?principal=${encodeURIComponent(`"><script>alert(1)</script>`)}&from=<svg/onload=alert(1)>`,
    holds: 0,
  },
  { path: "/calls/hostile", holds: HOSTILE_TEXTS.length },
  { path: `/calls?q=${encodeURIComponent(`"><script>alert(1)</script>`)}`, holds: 0 },
  ...HOSTILE_TEXTS.slice(0, 3).map((_, i) => ({ path: `/failures/F-HOSTILE${i}`, holds: HOSTILE_TEXTS.length })),
];

describe("text from logs", () => {
  const before = sampleView().findings;
  beforeAll(() => {
    view.findings = hostileFindings();
  });
  afterAll(() => {
    view.findings = before;
  });

  test.each(hostilePages)("is text on $path", async ({ path, holds }) => {
    const { page, complaints } = await open(path);
    const shown = (await page.locator("main").textContent()) ?? "";
    const held = HOSTILE_TEXTS.filter(([, text]) => shown.includes(text));
    expect(held.length).toBeGreaterThanOrEqual(holds);
    const live = await page.evaluate(
      `[...document.querySelectorAll("script:not([src^='/assets/']), main :is(script, img, iframe, style, base, object, embed, at, b:not(.splits b, .compare b, .timeline b, .steps b, .chain b)), a[href^='javascript:'], a[href^='data:'], form:not([action^='/'], [method=dialog])")].map((it) => it.outerHTML.slice(0, 200))`,
    );
    expect(live).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
