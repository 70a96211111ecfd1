import { html } from "hono/html";
import { decisionsAbout, type Decision, MUTE_SCOPES } from "../../findings/decisions.ts";
import type { Finding } from "../../model/finding.ts";
import { instantFromMs } from "../../model/time.ts";
import { dateTime, iso } from "../format.ts";
import type { Screen } from "../view.ts";
import type { Markup } from "./layout.ts";

/** Buttons to say that somebody looks after it, or that nobody wants to be told of it. */
export function decideButtons(finding: Finding): Markup {
  const muted = finding.status === "muted";
  return html`<p class="buttons" data-finding="${finding.id}"><button type="button" id="acknowledge">Acknowledge</button><button type="button" id="mute" data-opens="${muted ? "unmute-dialog" : "mute-dialog"}" aria-haspopup="dialog">${muted ? "Unmute…" : "Mute…"}</button></p><p class="problem" id="decide-problem" role="alert" hidden></p>`;
}

const UNTIL = [
  ["1", "for an hour"],
  ["8", "for 8 hours"],
  ["24", "for a day"],
  ["168", "for a week"],
  ["", "until somebody ends it"],
] as const;

const SCOPES = { finding: "this finding", principal: "this principal", cause: "this cause, everywhere" } as const;

/** The dialogs of the buttons; a reason is required, as somebody will read it. */
export function decideDialogs({ subject }: Finding): Markup {
  const scopes = MUTE_SCOPES.filter((scope) => scope !== "principal" || subject.principal !== undefined);
  const scope = html`<label>What <select name="scope">${scopes.map((one) => html`<option value="${one}">${SCOPES[one]}</option>`)}</select></label>`;
  const reason = html`<label>Why <input name="reason" required minlength="3" maxlength="500" autocomplete="off"></label>`;
  return html`<dialog id="mute-dialog" aria-labelledby="mute-title"><h2 id="mute-title">Mute</h2><form method="dialog" data-decides="mute">${scope}<label>How long <select name="hours">${UNTIL.map(([hours, says]) => html`<option value="${hours}"${hours === "24" ? html` selected` : ""}>${says}</option>`)}</select></label>${reason}<p class="buttons"><button class="primary">Mute</button><button type="button" data-closes>Cancel</button></p></form></dialog>
<dialog id="unmute-dialog" aria-labelledby="unmute-title"><h2 id="unmute-title">Unmute</h2><form method="dialog" data-decides="unmute">${scope}${reason}<p class="buttons"><button class="primary">Unmute</button><button type="button" data-closes>Cancel</button></p></form></dialog>`;
}

const DONE = { acknowledge: "acknowledged", mute: "muted", unmute: "unmuted" } as const;
const SHOWN = 12;

/** What happened with a finding, newest first. */
export function activity({ decisions }: Screen, finding: Finding): Markup {
  const decided = decisionsAbout(decisions.all, finding).slice(0, SHOWN);
  const ended =
    finding.end === null
      ? ""
      : html`<li><time datetime="${iso(finding.end)}">${dateTime(finding.end)}</time> last refused</li>`;
  return html`<ul class="activity">${decided.map(line)}${ended}<li><time datetime="${iso(finding.detectedAt)}">${dateTime(finding.detectedAt)}</time> first raised</li></ul>`;
}

function line({ at, by, kind, scope, reason, until }: Decision): Markup {
  const time = instantFromMs(at);
  const what = scope === "finding" ? "" : ` ${SCOPES[scope]}`;
  const end = until === null ? "" : ` until ${dateTime(instantFromMs(until)).slice(0, 16)}`;
  return html`<li><time datetime="${iso(time)}">${dateTime(time)}</time> ${DONE[kind]}${what} by ${by}${kind === "mute" ? end : ""}${reason === "" ? "" : html`: ${reason}`}</li>`;
}
