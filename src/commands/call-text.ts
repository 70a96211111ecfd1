import { styleText } from "node:util";
import type { CallStory } from "../findings/call-story.ts";
import { plainText } from "../lib/plain-text.ts";
import type { Finding } from "../model/finding.ts";
import { formatInstant, msBetween } from "../model/time.ts";
import type { Look } from "./report-text.ts";

/** A call for a person at a terminal; what logs told is shown so that it cannot forge anything. */
export function renderCall(story: CallStory, findings: readonly Finding[], look: Look): string {
  const bold = (text: string): string => (look.colour ? styleText("bold", text, { validateStream: false }) : text);
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : ["", bold(title), ...lines.map((line) => `  ${plainText(line)}`)];
  const { id, ids, time, steps, identity, missing } = story;
  const lines = [
    bold(plainText(story.verdict)),
    `  ${plainText(id)} · ${formatInstant(time)}`,
    ...ids.filter((other) => other !== id).map((other) => `  also known as ${plainText(other)}`),
    ...section(
      "What happened",
      steps.map(({ at, where, says }) => `${offsetText(msBetween(at, time))}  ${where.padEnd(8)} ${says}`),
    ),
    ...section(
      "Who",
      identity.map(({ who, says }) => `${who.padEnd(8)} ${says}`),
    ),
    ...section(
      "Findings",
      findings.map((finding) => `${finding.id}  ${finding.title}`),
    ),
    ...section("Not known", missing),
  ];
  return `${lines.join("\n")}\n`;
}

const offsetText = (ms: number): string => `${ms < 0 ? "-" : "+"}${Math.abs(ms).toFixed(1)} ms`.padStart(12);
