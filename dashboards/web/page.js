// @ts-check
// Live updates, copying and the theme: everything a page does besides charts.
import { morph } from "./morph.js";

const verdict = () => document.querySelector("#verdict h1")?.textContent ?? "";
let announced = verdict();

/** @param {string} text */
function announce(text) {
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

let wanted = false;
let busy = false;

/** One refresh at a time; what changes meanwhile calls for one more. A hidden page waits until it is seen. */
async function update() {
  wanted = true;
  if (busy || document.hidden) return;
  busy = true;
  try {
    while (wanted && !document.hidden) {
      wanted = false;
      await refresh();
    }
  } catch {
    // The server has gone; the stream tells, and asks again when it is back.
  } finally {
    busy = false;
  }
}

const live = document.getElementById("live");
const stream = new EventSource("/api/v1/stream");
stream.addEventListener("hello", () => void update());
stream.addEventListener("changed", () => void update());
stream.addEventListener("error", () => {
  if (live === null) return;
  live.className = "live stale";
  live.textContent = "Not live: Scopetrail does not answer, trying again";
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && wanted) void update();
});

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

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (button === null) return;
  const { copy: text, copyFrom, copyLink } = button.dataset;
  if (text !== undefined) void copy(button, text);
  if (copyFrom !== undefined) void copy(button, document.getElementById(copyFrom)?.textContent ?? "");
  if (copyLink !== undefined) void copy(button, location.href);
});

document.getElementById("theme")?.addEventListener("click", () => {
  const theme = getComputedStyle(document.documentElement).colorScheme === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // It holds for this page only.
  }
  document.dispatchEvent(new CustomEvent("scopetrail:theme"));
});
