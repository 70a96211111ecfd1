// @ts-check
// Acknowledging and muting: the dialogs of the page, sent to the API.
import { announce, refreshNow } from "./page.js";

const HOUR = 3_600_000;

/** @param {string} name @param {Record<string, unknown>} body */
async function decide(name, body) {
  const id = document.querySelector("[data-finding]")?.getAttribute("data-finding") ?? "";
  const told = document.getElementById("decide-problem");
  try {
    const response = await fetch(`/api/v1/findings/${encodeURIComponent(id)}/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(body),
    });
    const { detail } = response.ok ? { detail: "" } : await response.json();
    if (told !== null) {
      told.textContent = detail;
      told.hidden = response.ok;
    }
    if (response.ok) announce("Done");
  } catch {
    if (told === null) return;
    told.textContent = "Scopetrail does not answer. Nothing was changed.";
    told.hidden = false;
  }
  await refreshNow();
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (button === null) return;
  if (button.id === "acknowledge") void decide("acknowledge", {});
  const dialog = document.getElementById(button.dataset.opens ?? "");
  if (dialog instanceof HTMLDialogElement) dialog.showModal();
  if (button.dataset.closes !== undefined) button.closest("dialog")?.close();
});

document.addEventListener("submit", (event) => {
  const form = event.target instanceof HTMLFormElement ? event.target : null;
  const name = form?.dataset.decides;
  if (form === null || name === undefined) return;
  event.preventDefault();
  const given = (/** @type {string} */ field) => {
    const value = new FormData(form).get(field);
    return typeof value === "string" ? value : "";
  };
  const hours = Number(given("hours"));
  const until = name === "mute" && hours > 0 ? { until: new Date(Date.now() + hours * HOUR).toISOString() } : {};
  form.closest("dialog")?.close();
  void decide(name, {
    reason: given("reason"),
    scope: given("scope"),
    ...until,
  });
});
