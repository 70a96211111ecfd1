import { z } from "zod";
import type { Finding } from "../model/finding.ts";
import { parseInstant } from "../normalize/parse-time.ts";
import { writtenFinding } from "./written-finding.ts";

const instant = z.string().transform((text, context) => {
  const at = parseInstant(text);
  if (at !== undefined) return at;
  context.addIssue("is no time");
  return z.NEVER;
});

const published = writtenFinding(instant);

/** A finding from the published JSON; throws where it is none. */
export const findingFromJson = (value: unknown): Finding => published.parse(value);
