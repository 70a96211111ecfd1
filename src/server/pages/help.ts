import { html } from "hono/html";
import type { Markup } from "./layout.ts";

const KEYS: readonly (readonly [keys: string, says: string])[] = [
  ["/", "search"],
  ["j / k", "next, previous finding in a list"],
  ["Enter", "open it"],
  ["c", "copy a link to what is shown"],
  ["q", "copy the query as KQL"],
  ["e", "acknowledge the finding"],
  ["m", "mute it"],
  ["p", "pause, resume"],
  ["?", "this list"],
  ["Esc", "close, clear a selection in a chart"],
];

/** The list of keys; they can be switched off, as WCAG 2.1.4 asks. */
export const helpDialog = (links: readonly (readonly [string, string, string])[]): Markup =>
  html`<dialog id="help" aria-labelledby="help-title"><h2 id="help-title">Keyboard</h2>
<dl class="keys">${links.map(([href, name, key]) => html`<div><dt><kbd>g</kbd> <kbd>${key}</kbd></dt><dd><a href="${href}">${name}</a></dd></div>`)}${KEYS.map(([keys, says]) => html`<div><dt><kbd>${keys}</kbd></dt><dd>${says}</dd></div>`)}</dl>
<p><label><input type="checkbox" id="keys-on" checked> Single keys do this</label></p>
<form method="dialog"><button class="primary">Close</button></form></dialog>`;
