// @ts-check
// Live updates and their pause, copying and the theme: everything a page does besides charts and keys.
import { morph } from "./morph.js";

const verdict = () => document.querySelector("#verdict h1")?.textContent ?? "";
let announced = verdict();

/** @param {string} text */
export function announce(text) {
  const region = document.getElementById("announce");
  if (region !== null) region.textContent = text;
}

/** Asks for this page again and changes what differs. */
async function refresh() {
  const response = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const section of document.querySelectorAll("[data-swap]")) {
    const next = fresh.getElementById(section.id);
    if (next !== null) morph(section, next);
  }
  if (verdict() !== announced) announce(verdict());
  announced = verdict();
  document.dispatchEvent(new CustomEvent("scopetrail:changed"));
}

/** What the reader did is shown at once, paused or not. */
export const refreshNow = () => refresh().catch(() => undefined);

let wanted = false;
let busy = false;
/** Changes that came while paused. */
let missed = 0;
/** A fixed span of time is read as it is, until its reader asks for more. */
let paused = document.body.dataset.fixed !== undefined;

const pauseButton = document.getElementById("pause");

/** A hidden page, an open menu and a drawn span keep the page as it is. */
const isHeld = () =>
  paused ||
  document.hidden ||
  document.querySelector("details.menu[open], dialog[open]") !== null ||
  document.body.dataset.drawing !== undefined;

function showPause() {
  if (pauseButton === null) return;
  pauseButton.setAttribute("aria-pressed", String(paused));
  pauseButton.textContent = !paused ? "Pause" : missed === 0 ? "Paused · Resume" : `Paused · ${missed} new · Resume`;
}

/** One refresh at a time; what changes meanwhile calls for one more. */
async function update() {
  wanted = true;
  if (busy || isHeld()) {
    if (paused) showPause();
    return;
  }
  busy = true;
  try {
    while (wanted && !isHeld()) {
      wanted = false;
      missed = 0;
      await refresh();
    }
  } catch {
    // The server has gone; the stream tells, and asks again when it is back.
  } finally {
    busy = false;
  }
}

export function togglePause() {
  paused = !paused;
  missed = 0;
  showPause();
  announce(paused ? "Paused" : "Live again");
  if (!paused && wanted) void update();
}
pauseButton?.addEventListener("click", togglePause);
showPause();

const live = document.getElementById("live");
let since = 0;
/** A page without it shows what does not change. */
const stream = live === null ? undefined : new EventSource("/api/v1/stream");
stream?.addEventListener("hello", () => {
  since = 0;
  void update();
});
stream?.addEventListener("changed", () => {
  missed += 1;
  void update();
});
stream?.addEventListener("error", () => {
  if (live === null) return;
  since = since === 0 ? Date.now() : since;
  live.className = "live stale";
  live.textContent = `Not live: Scopetrail does not answer since ${new Date(since).toISOString().slice(11, 19)}Z, trying again every 2${THIN}s`;
});
for (const event of ["visibilitychange", "scopetrail:drawn"])
  document.addEventListener(event, () => {
    if (wanted) void update();
  });
// Closing a menu lets through what waited.
document.addEventListener("toggle", () => wanted && void update(), true);
document.addEventListener("close", () => wanted && void update(), true);

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const THIN = "\u202f";

/** @param {number} ms */
function span(ms) {
  if (ms < MINUTE) return `${Math.max(0, Math.round(ms / SECOND))}${THIN}s`;
  const minutes = Math.round(ms / MINUTE);
  return minutes < 60 ? `${minutes}${THIN}min` : `${Math.floor(minutes / 60)}${THIN}h ${minutes % 60}${THIN}min`;
}

/** The newest record grows older while nothing arrives. */
function growOlder() {
  const age = live?.querySelector(".age");
  if (live === null || age === null || age === undefined) return;
  const ms = Date.now() - Number(live.dataset.newest);
  age.textContent = span(ms);
  live.className = `live ${ms < MINUTE ? "fresh" : ms < 5 * MINUTE ? "late" : "stale"}`;
}
setInterval(growOlder, 5 * SECOND);

/** @param {HTMLElement} button @param {string} text */
async function copy(button, text) {
  const label = (button.dataset.label ??= button.textContent ?? "");
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = button.classList.contains("copy") ? "Done" : "Copied";
    button.classList.add("done");
    announce("Copied");
  } catch {
    button.textContent = "Failed";
    announce("The browser does not let this page copy.");
  }
  setTimeout(() => {
    button.textContent = label;
    button.classList.remove("done");
  }, 1_500);
}

/** What is shown, with times instead of `now`. */
export const linkOf = () => new URL(document.body.dataset.link ?? location.href, location.href).href;

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (button === null) return;
  const { copy: text, copyFrom, copyLink } = button.dataset;
  if (text !== undefined) void copy(button, text);
  if (copyFrom !== undefined) void copy(button, document.getElementById(copyFrom)?.textContent ?? "");
  if (copyLink !== undefined) void copy(button, linkOf());
});

document.getElementById("theme")?.addEventListener("click", () => {
  const { theme: chosen } = document.documentElement.dataset;
  const isDark = chosen === undefined ? matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
  const theme = isDark ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // It holds for this page only.
  }
  document.dispatchEvent(new CustomEvent("scopetrail:theme"));
});
