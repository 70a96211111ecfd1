import { styleText } from "node:util";
import type { CallStory } from "../findings/call-story.ts";
import { plainText } from "../lib/plain-text.ts";
import type { Finding } from "../model/finding.ts";
import { formatInstant, msBetween } from "../model/time.ts";
import type { Look } from "./report-text.ts";
import { wrap } from "./wrap.ts";

/** A call for a person at a terminal; what logs told is shown so that it cannot forge anything. */
export function renderCall(story: CallStory, findings: readonly Finding[], look: Look): string {
  const bold = (text: string): string => (look.colour ? styleText("bold", text, { validateStream: false }) : text);
  const width = look.columns ?? Number.POSITIVE_INFINITY;
  /** Further lines stand under the text after `indent`. */
  const part = (line: string, indent: number): readonly string[] =>
    wrap(plainText(line.slice(indent)), width - indent - 2).map(
      (text, i) => `  ${i === 0 ? plainText(line.slice(0, indent)) : " ".repeat(indent)}${text}`,
    );
  const section = (title: string, lines: readonly string[], indent = 0): readonly string[] =>
    lines.length === 0 ? [] : ["", bold(title), ...lines.flatMap((line) => part(line, indent))];
  const { id, ids, time, steps, identity, missing } = story;
  const lines = [
    ...wrap(plainText(story.verdict), width).map(bold),
    `  ${plainText(id)} · ${formatInstant(time)}`,
    ...ids.filter((other) => other !== id).map((other) => `  also known as ${plainText(other)}`),
    ...section(
      "What happened",
      steps.map(({ at, where, says }) => `${offsetText(msBetween(at, time))}  ${where.padEnd(8)} ${says}`),
      STEP,
    ),
    ...section(
      "Who",
      identity.map(({ who, says }) => `${who.padEnd(8)} ${says}`),
      LINK,
    ),
    ...section(
      "Findings",
      findings.map((finding) => `${finding.id}  ${finding.title}`),
    ),
    ...section("Not known", missing),
  ];
  return `${lines.join("\n")}\n`;
}

/** Where the text of a step and of a link begins. */
const STEP = 23;
const LINK = 9;

const offsetText = (ms: number): string => `${ms < 0 ? "-" : "+"}${Math.abs(ms).toFixed(1)} ms`.padStart(12);
