import type { KnownBlock } from "@slack/types";
import { deliveryOf } from "./delivery.ts";
import { post } from "./post.ts";
import type { Alert, Sink } from "./sink.ts";
import { summarizeDigest } from "./digest.ts";
import { type Summary, summarize } from "./summary.ts";
import { findingLink, type Link, listLink, oneLine, shorten, slackText } from "./text.ts";

export interface SlackTarget {
  readonly name: string;
  /** Incoming webhook; a secret. */
  readonly url: URL;
  readonly allowPrivate: boolean;
  /** Address of the dashboard, for the button. */
  readonly publicUrl?: string | undefined;
}

/** Block Kit's limits (docs.slack.dev/reference/block-kit/blocks): header 150, section 3,000, field 2,000 characters. */
const HEADER = 150;
const FIELD = 1_900;

/** Slack by an incoming webhook. One message a second a channel; the receiver does not drop repeats. */
export function slackSink(target: SlackTarget): Sink {
  return {
    name: target.name,
    type: "slack",
    render: (alert) => JSON.stringify(slackMessage(alert, target.publicUrl)),
    renderDigest: (alerts) => JSON.stringify(messageOf(summarizeDigest(alerts), listLink(target.publicUrl))),
    async send(_alertId, body, signal) {
      return deliveryOf(
        target.url.hostname,
        await post({ url: target.url, body, headers: {}, allowPrivate: target.allowPrivate, signal }),
      );
    },
  };
}

interface SlackMessage {
  readonly text: string;
  readonly unfurl_links: false;
  readonly unfurl_media: false;
  readonly blocks: KnownBlock[];
}

export const slackMessage = (alert: Alert, publicUrl: string | undefined): SlackMessage =>
  messageOf(summarize(alert), findingLink(publicUrl, alert.finding.id));

function messageOf(summary: Summary, link: Link | undefined): SlackMessage {
  const field = (title: string, text: string) => ({
    type: "mrkdwn" as const,
    text: `*${title}*\n${slackText(text, FIELD)}`,
  });
  const blocks: KnownBlock[] = [
    {
      type: "header",
      text: { type: "plain_text", text: shorten(oneLine(`${summary.state}: ${summary.title}`), HEADER), emoji: false },
    },
    {
      type: "section",
      text: { type: "plain_text", text: shorten(oneLine(`${summary.title} ${summary.impact}.`), FIELD), emoji: false },
    },
    {
      type: "section",
      fields: summary.facts.map(([title, text]) => field(title, text)),
    },
    ...(link === undefined ? [] : [button(link)]),
    {
      type: "context",
      elements: [{ type: "plain_text", text: shorten(oneLine(summary.footer), FIELD), emoji: false }],
    },
  ];
  return {
    text: slackText(`[${summary.state}] ${summary.title}`, 400),
    unfurl_links: false,
    unfurl_media: false,
    blocks,
  };
}

const button = ({ title, url }: Link): KnownBlock => ({
  type: "actions",
  elements: [
    {
      type: "button",
      style: "primary",
      text: { type: "plain_text", text: title },
      url,
      action_id: "open_finding",
    },
  ],
});
