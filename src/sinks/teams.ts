import { deliveryOf } from "./delivery.ts";
import { post } from "./post.ts";
import type { Alert, Sink } from "./sink.ts";
import { summarizeDigest } from "./digest.ts";
import { type Summary, summarize } from "./summary.ts";
import { findingLink, type Link, listLink, teamsText } from "./text.ts";

export interface TeamsTarget {
  readonly name: string;
  /** Address of a Workflows trigger; a secret. */
  readonly url: URL;
  readonly allowPrivate: boolean;
  readonly publicUrl?: string | undefined;
}

/** Teams drops cards over 28 KB as it counts them after expansion; peers measured 21 KB as safe. */
const MOST_BYTES = 20_000;
/** Longest text of a fact, tried from the first on until the card fits. */
const LENGTHS = [2_000, 800, 300, 120, 60];

/** Why nothing can be posted to an address: the connectors of Office 365 have been switched off. */
export const retiredConnector = ({ hostname }: URL): string | undefined =>
  hostname === "outlook.office.com" || hostname.endsWith(".webhook.office.com")
    ? "Office 365 connectors are retired; create a Workflows webhook in the channel and use its address"
    : undefined;

/**
 * Teams by a Power Automate Workflow. An answer of 202 means that the flow was triggered, not that the card was posted.
 */
export function teamsSink(target: TeamsTarget): Sink {
  return {
    name: target.name,
    type: "teams",
    render: (alert) => teamsMessage(alert, target.publicUrl),
    renderDigest: (alerts) => messageOf(summarizeDigest(alerts), listLink(target.publicUrl)),
    async send(_alertId, body, signal) {
      return deliveryOf(
        target.url.hostname,
        await post({ url: target.url, body, headers: {}, allowPrivate: target.allowPrivate, signal }),
      );
    },
  };
}

/** The message as JSON text, under the limit whatever the finding holds. */
export const teamsMessage = (alert: Alert, publicUrl: string | undefined): string =>
  messageOf(summarize(alert), findingLink(publicUrl, alert.finding.id));

function messageOf(summary: Summary, link: Link | undefined): string {
  let text = "";
  for (const longest of LENGTHS) {
    text = JSON.stringify({ type: "message", attachments: [attachment(card({ summary, longest, link }))] });
    if (Buffer.byteLength(text) <= MOST_BYTES) return text;
  }
  return text;
}

const attachment = (content: unknown) => ({
  contentType: "application/vnd.microsoft.card.adaptive",
  contentUrl: null,
  content,
});

const COLOURS: Readonly<Record<Summary["state"], string>> = {
  FIRING: "Attention",
  UPDATED: "Warning",
  RESOLVED: "Good",
  TEST: "Accent",
  DIGEST: "Attention",
};

function card(from: { summary: Summary; longest: number; link: Link | undefined }): Record<string, unknown> {
  const { summary, longest, link } = from;
  const fact = (title: string, value: string) => ({ title, value: teamsText(value, longest) });
  return {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.4",
    fallbackText: teamsText(`[${summary.state}] ${summary.title}`, longest),
    msteams: { width: "Full" },
    body: [
      {
        type: "TextBlock",
        style: "heading",
        size: "Medium",
        weight: "Bolder",
        color: COLOURS[summary.state],
        wrap: true,
        text: teamsText(`${summary.state}: ${summary.title}`, longest),
      },
      { type: "TextBlock", wrap: true, spacing: "Small", text: teamsText(summary.impact, longest) },
      {
        type: "FactSet",
        facts: summary.facts.map(([title, value]) => fact(title, value)),
      },
      { type: "TextBlock", isSubtle: true, size: "Small", wrap: true, text: teamsText(summary.footer, longest) },
    ],
    actions: link === undefined ? [] : [{ type: "Action.OpenUrl", ...link }],
  };
}
