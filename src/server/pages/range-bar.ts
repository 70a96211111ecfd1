import { html } from "hono/html";
import { dateTime, iso } from "../format.ts";
import { hrefOf } from "../query.ts";
import { movedRange, RANGES, type TimeRange, widerRange } from "../range.ts";
import type { Markup } from "./layout.ts";

type Parameters = Readonly<Record<string, readonly string[]>>;

const local = (range: TimeRange["from"]): string => iso(range).slice(0, 16);

const nameOf = ({ asked, from, to }: TimeRange): string =>
  RANGES.find(([value]) => asked.from === value && asked.to === "now")?.[1] ??
  `${dateTime(from).slice(5, 16)} to ${dateTime(to).slice(5, 16)}`;

/** The range that is shown, and the ways to another one: by name, by times, and sideways. Works without scripts. */
export function rangeBar(
  path: string,
  parameters: Parameters,
  { range, isAsked }: { readonly range: TimeRange; readonly isAsked: boolean },
): Markup {
  const { from: _from, to: _to, cursor: _cursor, ...others } = parameters;
  const to = (next: Readonly<Record<"from" | "to", string>>): string => hrefOf(path, { ...others, ...next });
  const hidden = Object.entries(others).flatMap(([name, values]) =>
    values.map((value) => html`<input type="hidden" name="${name}" value="${value}">`),
  );
  const isShown = (value: string): boolean => isAsked && range.moves && range.asked.from === value;
  const steps = html`<a class="button step" href="${to(movedRange(range, -0.5))}" aria-label="Earlier">←</a><a class="button step" href="${to(movedRange(range, 0.5))}" aria-label="Later">→</a><a class="button step" href="${to(widerRange(range))}" aria-label="Wider">↔</a>`;
  return html`<div class="range" id="range" data-swap>
<details class="menu"><summary>${isAsked ? nameOf(range) : "All times"}</summary><div class="popup">
<ul>${RANGES.map(([value, name]) => html`<li><a href="${to({ from: value, to: "now" })}"${isShown(value) ? html` aria-current="true"` : ""}>${name}</a></li>`)}</ul>
<form action="${path}">${hidden}<label>From (UTC) <input type="datetime-local" name="from" value="${local(range.from)}" required></label><label>To (UTC) <input type="datetime-local" name="to" value="${local(range.to)}" required></label><button>Show</button></form>
</div></details>${isAsked ? steps : ""}
${range.problem === undefined ? "" : html`<span class="problem" role="status">${range.problem}</span>`}</div>`;
}
