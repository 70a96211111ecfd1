import type { styleText } from "node:util";
import { formatInstant, type Instant } from "../model/time.ts";

type Style = Parameters<typeof styleText>[0];

/** A line of the report: the lines that it is wrapped into stand below its text, not below what stands before that. */
export interface Line {
  readonly before: string;
  readonly text: string;
  readonly style?: Style;
  /** To be copied as it is: never wrapped. */
  readonly isVerbatim?: boolean;
}

export const COLOURS = { high: "red", medium: "yellow", low: "blue" } as const;

/** `2026-11-25 12:00:00` */
export const shortTime = (at: Instant): string => formatInstant(at).slice(0, 19).replace("T", " ");

export const label = (name: string): string => `       ${name.padEnd(8)}`;

/** Lines of which the first has the label. */
export const labelled = (name: string, texts: readonly string[]): readonly Line[] =>
  texts.map((text, i) => ({ before: label(i === 0 ? name : ""), text }));
