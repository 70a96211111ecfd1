import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createApp } from "../../src/server/app.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { type SampleView, sampleView } from "../server/sample-view.ts";
import { finding } from "../finding-builder.ts";

const ARGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];
const PAGES = ["/", "/failures", "/failures/F-7Q2KABCDEF", "/failures/F-HOSTILE0000", "/health"];

let browser: Browser;
let server: Listening;
let view: SampleView;

beforeAll(async () => {
  view = sampleView();
  let port = 0;
  const app = createApp(view, {
    allowedHosts: () => [`127.0.0.1:${port}`],
    version: "test",
    onFailure: (error) => {
      throw error;
    },
  });
  const listening = await listen(app, { port: 0, hostname: "127.0.0.1" });
  if (!listening.ok) throw new Error(listening.error);
  server = listening.value;
  port = server.port;
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ARGS });
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

async function open(
  path: string,
  options: { colorScheme?: "light" | "dark"; width?: number } = {},
): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage({
    colorScheme: options.colorScheme ?? "light",
    viewport: { width: options.width ?? 1_280, height: 900 },
  });
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(new URL(path, server.address).href);
  return { page, complaints };
}

/** Coloured pixels of the first chart; waits until it was drawn. */
const drawn = (page: Page) =>
  page.waitForFunction(`(() => {
    const canvas = document.querySelector("canvas");
    const data = canvas?.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    let coloured = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i] > 0) coloured += 1;
    return coloured > 500;
  })()`);

describe.each(["light", "dark"] as const)("in the %s theme", (colorScheme) => {
  test.each(PAGES)("%s loads without a complaint", async (path) => {
    const { page, complaints } = await open(path, { colorScheme });
    expect(await page.locator("main").innerText()).not.toBe("");
    if (path === "/" || path.startsWith("/failures/")) await drawn(page);
    expect(complaints).toEqual([]);
    await page.close();
  });
});

test.each(PAGES)("%s fits a narrow screen", async (path) => {
  const { page } = await open(path, { width: 380 });
  expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
  await page.close();
});

test("a new finding appears without a reload", async () => {
  const { page } = await open("/");
  await expect.poll(() => view.listeners.size).toBeGreaterThan(0);
  const before = view.findings;
  view.findings = [finding({ id: "F-NEWONE0000", title: "A fault that has just begun." }), ...before];
  view.change();
  await page.getByText("A fault that has just begun.").first().waitFor();
  view.findings = before;
  await page.close();
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
