import { oneLine, shorten, slackText, teamsText } from "./text.ts";

/** Something to tell people that is no finding: a target that does not work. */
export interface Notice {
  readonly title: string;
  readonly lines: readonly string[];
  /** When it was written, ms since 1970. */
  readonly at: number;
}

const TITLE = 140;
const LINE = 300;
const MOST_LINES = 12;

/** The request's body for one kind of target, small enough for it; undefined where a target takes nothing but findings. */
export function renderNotice(type: string | undefined, { title, lines, at }: Notice): string | undefined {
  const shown = lines.slice(0, MOST_LINES);
  switch (type ?? "webhook") {
    case "pagerduty":
    case "alertmanager":
      return undefined;
    case "slack":
      return JSON.stringify({
        text: slackText(title, TITLE),
        unfurl_links: false,
        unfurl_media: false,
        blocks: [
          { type: "header", text: { type: "plain_text", text: shorten(oneLine(title), TITLE), emoji: false } },
          ...shown.map((line) => ({
            type: "section",
            text: { type: "plain_text", text: shorten(oneLine(line), LINE), emoji: false },
          })),
        ],
      });
    case "teams":
      return JSON.stringify({
        type: "message",
        attachments: [
          {
            contentType: "application/vnd.microsoft.card.adaptive",
            content: {
              $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
              type: "AdaptiveCard",
              version: "1.4",
              body: [
                { type: "TextBlock", text: teamsText(title, TITLE), weight: "Bolder", wrap: true },
                ...shown.map((line) => ({ type: "TextBlock", text: teamsText(line, LINE), wrap: true })),
              ],
            },
          },
        ],
      });
    default:
      return JSON.stringify({
        type: "notice",
        timestamp: new Date(at).toISOString(),
        data: {
          schemaVersion: 1,
          title: shorten(oneLine(title), TITLE),
          lines: shown.map((line) => shorten(oneLine(line), LINE)),
        },
      });
  }
}
