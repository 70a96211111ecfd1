import type { KnownBlock } from "@slack/types";
import { deliveryOf } from "./delivery.ts";
import { post } from "./post.ts";
import type { Alert, Sink } from "./sink.ts";
import { summarize } from "./summary.ts";
import { findingUrl, oneLine, shorten, slackText } from "./text.ts";

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
    async send(_alertId, body, signal) {
      return deliveryOf(
        target.url.hostname,
        await post({ url: target.url, body, headers: {}, allowPrivate: target.allowPrivate, signal }),
      );
    },
  };
}

export function slackMessage(
  alert: Alert,
  publicUrl: string | undefined,
): { text: string; unfurl_links: false; unfurl_media: false; blocks: KnownBlock[] } {
  const summary = summarize(alert);
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
    ...(publicUrl === undefined ? [] : [button(publicUrl, alert.finding.id)]),
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

const button = (publicUrl: string, id: string): KnownBlock => ({
  type: "actions",
  elements: [
    {
      type: "button",
      style: "primary",
      text: { type: "plain_text", text: "Open finding" },
      url: findingUrl(publicUrl, id),
      action_id: "open_finding",
    },
  ],
});
