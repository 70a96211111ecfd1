import { styleText } from "node:util";
import type { BesideSuccess } from "../findings/call-comparison.ts";
import type { CallStory } from "../findings/call-story.ts";
import { plainText } from "../lib/plain-text.ts";
import { columnWords } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import { formatInstant, msBetween } from "../model/time.ts";
import { span } from "../server/format.ts";
import type { Look } from "./report-text.ts";
import { wrap } from "./wrap.ts";

/** A call with what is told beside it. */
export interface ToldCall {
  readonly story: CallStory;
  readonly findings: readonly Finding[];
  /** The last call before it of its caller's same operation that succeeded. */
  readonly success: BesideSuccess | undefined;
}

/** A call for a person at a terminal; what logs told is shown so that it cannot forge anything. */
export function renderCall({ story, findings, success }: ToldCall, look: Look): string {
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
    ...section("Beside the last call that succeeded", success === undefined ? [] : besideLines(story, success)),
    ...section("Not known", missing),
  ];
  return `${lines.join("\n")}\n`;
}

/** What differs; what is alike is in the JSON. */
function besideLines(
  { time, call }: CallStory,
  { story, compared: { differ, alike } }: BesideSuccess,
): readonly string[] {
  const claimed =
    call["identity"] === "claimed"
      ? ["The caller of this call is only claimed: the other one is a call of whom it claims to be."]
      : [];
  const parts = differ.map(
    ({ column, here, there }) => `${columnWords(column)}: here ${here ?? "not logged"}, there ${there ?? "not logged"}`,
  );
  return [
    `${story.id}, ${span(msBetween(time, story.time))} before`,
    ...claimed,
    ...(parts.length === 0 ? ["Nothing that the logs tell differs."] : parts),
    ...(alike.length === 0 ? [] : [`Alike: ${alike.map(({ column }) => columnWords(column)).join(", ")}`]),
  ];
}

/** Where the text of a step and of a link begins. */
const STEP = 23;
const LINK = 9;

const offsetText = (ms: number): string => `${ms < 0 ? "-" : "+"}${Math.abs(ms).toFixed(1)} ms`.padStart(12);
