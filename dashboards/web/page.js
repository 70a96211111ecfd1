// @ts-check
// Live updates, copying and the theme: everything a page does besides charts.

/** Asks for this page again and swaps the sections that changed; scroll, focus and open details stay. */
async function refresh() {
  const response = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const section of document.querySelectorAll("[data-swap]")) {
    const next = fresh.getElementById(section.id);
    if (next === null || section.innerHTML === next.innerHTML || section.contains(document.activeElement)) continue;
    const open = [...section.querySelectorAll("details")].map((details) => details.open);
    section.className = next.className;
    section.replaceChildren(...next.childNodes);
    [...section.querySelectorAll("details")].forEach((details, i) => {
      details.open = open[i] ?? false;
    });
  }
  const verdict = document.querySelector("#verdict h1")?.textContent ?? "";
  if (verdict !== announced) announce(verdict);
  announced = verdict;
}

let announced = document.querySelector("#verdict h1")?.textContent ?? "";

/** @param {string} text */
function announce(text) {
  const region = document.getElementById("announce");
  if (region !== null) region.textContent = text;
}

let stale = false;

async function update() {
  if (document.hidden) {
    stale = true;
    return;
  }
  stale = false;
  await refresh();
  document.dispatchEvent(new CustomEvent("scopetrail:changed"));
}

const stream = new EventSource("/api/v1/stream");
stream.addEventListener("changed", () => void update());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && stale) void update();
});

/** @param {HTMLElement} button @param {string} text */
async function copy(button, text) {
  await navigator.clipboard.writeText(text);
  const before = button.textContent;
  button.textContent = button.classList.contains("copy") ? "Done" : "Copied";
  button.classList.add("done");
  announce("Copied");
  setTimeout(() => {
    button.textContent = before;
    button.classList.remove("done");
  }, 1500);
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
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark";
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", dark ? "light" : "dark");
  document.dispatchEvent(new CustomEvent("scopetrail:theme"));
});
