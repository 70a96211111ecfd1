/** Cuts at a whole character and says so. */
export function shorten(text: string, longest: number): string {
  if (text.length <= longest) return text;
  return `${text
    .slice(0, Math.max(0, longest - 1))
    .toWellFormed()
    .replace(/\u{FFFD}$/u, "")}…`;
}

const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text from logs on one line: no control, bidirectional or zero-width characters. */
export const oneLine = (text: string): string => text.replaceAll(INVISIBLE, " ");

const slackEscape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** Slack's three characters; everything else is literal in its `mrkdwn` when these are. Cut so that the escaped text fits. */
export function slackText(text: string, longest: number): string {
  const line = oneLine(text);
  let keep = longest;
  for (;;) {
    const escaped = slackEscape(shorten(line, keep));
    if (escaped.length <= longest || keep <= 1) return escaped;
    keep = Math.max(1, keep - Math.ceil((escaped.length - longest) / 4));
  }
}

/** Markdown of Adaptive Cards made inert: marks are escaped, addresses no longer look like links. */
export const teamsText = (text: string, longest: number): string =>
  shorten(oneLine(text), longest)
    .replaceAll(/:\/\//g, ":\u2060//")
    .replaceAll(/[\\*_[\]()~`#<>!|]/g, (mark) => `\\${mark}`)
    .replaceAll(/^(\s*)([-+]|\d+\.)/g, "$1\\$2");

export const percentText = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;

export interface Link {
  readonly title: string;
  readonly url: string;
}

/** Where a finding is shown, when the dashboard's address is known. */
export const findingLink = (publicUrl: string | undefined, id: string): Link | undefined =>
  publicUrl === undefined ? undefined : { title: "Open finding", url: findingUrl(publicUrl, id) };

/** Where all findings are shown. */
export const listLink = (publicUrl: string | undefined): Link | undefined =>
  publicUrl === undefined ? undefined : { title: "Open findings", url: new URL("/failures", publicUrl).href };

/** A finding's page on the dashboard. */
export const findingUrl = (publicUrl: string, id: string): string =>
  new URL(`/failures/${encodeURIComponent(id)}`, publicUrl).href;
