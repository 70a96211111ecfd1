import { chromium, type Browser, type Page } from "playwright-core";
import { expect } from "vitest";
import { epochMs, type EpochMs } from "../../src/model/time.ts";
import { createMemoryDecisions } from "../../src/store/decision-log.ts";
import type { AccessOptions } from "../../src/server/access/access.ts";
import { createApp } from "../../src/server/app.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { at } from "../builders.ts";
import type { SampleView } from "../server/sample-view.ts";

const ARGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];
export const launch = (): Promise<Browser> => chromium.launch({ executablePath: "/usr/bin/chromium", args: ARGS });

const NOW = (epochMs(at(61)) + 3_000) as EpochMs;

/** The pages of a view on loopback. */
export async function serve(of: SampleView, wanted: number, access?: AccessOptions): Promise<Listening> {
  let port = wanted;
  const app = createApp(of, {
    allowedHosts: () => [`127.0.0.1:${port}`],
    version: "test",
    decisions: createMemoryDecisions(),
    now: () => NOW,
    access,
    onFailure: (error) => {
      throw error;
    },
  });
  const listening = await listen(app, { port, hostname: "127.0.0.1" });
  if (!listening.ok) throw new Error(listening.error);
  port = listening.value.port;
  return listening.value;
}

export interface Opened {
  readonly page: Page;
  /** Errors, warnings, dialogs, violations of the policy, and requests to anywhere else. */
  readonly complaints: string[];
}

/** A page of its own, with everything it has to complain about. */
export async function openPage(
  browser: Browser,
  url: URL,
  options: { colorScheme?: "light" | "dark"; width?: number; token?: string } = {},
): Promise<Opened> {
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
  page.on("request", (request) => {
    const { origin } = new URL(request.url());
    if (origin !== url.origin) complaints.push(`request to ${origin}`);
  });
  await page.addInitScript(
    `addEventListener("securitypolicyviolation", (event) => console.error("policy: " + event.violatedDirective));`,
  );
  if (options.token !== undefined) await page.setExtraHTTPHeaders({ authorization: `Bearer ${options.token}` });
  await page.goto(url.href);
  return { page, complaints };
}

/**
 * Waits until the first chart was drawn. Asked from outside: the page itself may evaluate no text. Of a copy: the browser
 * complains of a chart that is read again and again.
 */
export const drawn = (page: Page) =>
  expect
    .poll(
      () =>
        page.evaluate(`(() => {
    const canvas = document.querySelector("canvas");
    if (canvas === null || canvas.width * canvas.height === 0) return 0;
    const copy = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
    const pen = copy.getContext("2d", { willReadFrequently: true });
    pen.drawImage(canvas, 0, 0);
    const { data } = pen.getImageData(0, 0, copy.width, copy.height);
    let coloured = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i] > 0) coloured += 1;
    return coloured;
  })()`),
      { timeout: 20_000 },
    )
    .toBeGreaterThan(500);
