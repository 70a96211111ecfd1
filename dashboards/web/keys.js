// @ts-check
// Single keys lead through the screens. They can be switched off, and are off while somebody writes.
import { announce, linkOf, togglePause } from "./page.js";

const help = /** @type {HTMLDialogElement | null} */ (document.getElementById("help"));
const box = /** @type {HTMLInputElement | null} */ (document.getElementById("keys-on"));

/** @param {string | undefined} value */
function remember(value) {
  try {
    if (value === undefined) return localStorage.getItem("keys");
    localStorage.setItem("keys", value);
  } catch {
    // A browser that keeps nothing for this page has the keys on.
  }
  return null;
}
if (box !== null) {
  box.checked = remember(undefined) !== "off";
  box.addEventListener("change", () => remember(box.checked ? "on" : "off"));
}
const isOn = () => box === null || box.checked;

const openHelp = () => help?.showModal();
document.getElementById("help-button")?.addEventListener("click", openHelp);

/** Rows of the list, by their links. */
const rows = () => /** @type {HTMLElement[]} */ ([...document.querySelectorAll("main .finding .what > a")]);

/** @param {number} by */
function move(by) {
  const all = rows();
  const at = all.findIndex((row) => row === document.activeElement);
  all[Math.min(all.length - 1, Math.max(0, at === -1 ? 0 : at + by))]?.focus();
}

async function copyLink() {
  await navigator.clipboard.writeText(linkOf()).then(
    () => announce("Link copied"),
    () => announce("The browser does not let this page copy."),
  );
}

/** @type {Readonly<Record<string, () => void>>} */
const KEYS = {
  "/": () => document.getElementById("search")?.focus(),
  "?": () => openHelp(),
  j: () => move(1),
  k: () => move(-1),
  c: () => void copyLink(),
  q: () => document.getElementById("copy-kql")?.click(),
  e: () => document.getElementById("acknowledge")?.click(),
  m: () => document.getElementById("mute")?.click(),
  p: () => togglePause(),
};

/** @param {EventTarget | null} target */
const isWriting = (target) =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches("input, select, textarea"));

/** After `g` the next key names a screen. */
let going = false;

document.addEventListener("keydown", (event) => {
  if (!isOn() || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isWriting(event.target) || document.querySelector("dialog[open]") !== null) return;
  const { key } = event;
  if (going) {
    going = false;
    const link = [...document.querySelectorAll("#help dt")].find((dt) => dt.textContent?.trim() === `g ${key}`);
    const to = link?.nextElementSibling?.querySelector("a");
    if (to instanceof HTMLAnchorElement) location.assign(to.href);
    return;
  }
  if (key === "g") {
    going = true;
    return;
  }
  if (!Object.hasOwn(KEYS, key)) return;
  event.preventDefault();
  KEYS[key]?.();
});
