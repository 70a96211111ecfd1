import { closeSync, fsyncSync, ftruncateSync, readFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import {
  createDecisions,
  decide,
  type Decision,
  DECISION_KINDS,
  type Decisions,
  MUTE_SCOPES,
} from "../findings/decisions.ts";
import { makeFolder, openKept } from "../folder.ts";
import { StoreError } from "./store-error.ts";
import { wholeLines } from "./whole-lines.ts";

/** Decisions that survive a restart: one line of JSON each, only ever appended, so that the file is its own audit trail. */
export interface DecisionLog {
  readonly decisions: Decisions;
  /** On the disk when it returns. */
  add(decision: Decision): void;
  close(): void;
}

// The file holds what `add` wrote: a number of it is the time that it was.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const time = z.int().transform((ms) => ms as Decision["at"]);

const Line = z.object({
  at: time,
  by: z.string(),
  kind: z.enum(DECISION_KINDS),
  finding: z.string(),
  scope: z.enum(MUTE_SCOPES),
  about: z.string(),
  reason: z.string(),
  until: time.nullable(),
});

/** Decisions for as long as the process lives. */
export function createMemoryDecisions(): DecisionLog {
  const decisions = createDecisions();
  return { decisions, add: (decision) => decide(decisions, decision), close: () => undefined };
}

/** Where the decisions about the findings of a state are. */
export const decisionsFile = (state: string): string => `${state}.decisions`;

/** Opens or creates the log; what a crash left of a last line is cut off. A line that is none is an error: it was changed. */
export function openDecisionLog(path: string): DecisionLog {
  const file = attempt(path, "cannot be opened", () => {
    makeFolder(dirname(path));
    return openKept(path, "a+");
  });
  const text = attempt(path, "cannot be read", () => readFileSync(path, "utf8"));
  const whole = wholeLines(text);
  if (whole.length < text.length)
    attempt(path, "cannot be mended", () => ftruncateSync(file, Buffer.byteLength(whole)));
  const decisions = createDecisions();
  for (const [i, line] of whole.split("\n").entries()) if (line !== "") decide(decisions, read(path, line, i + 1));
  return {
    decisions,
    add(decision) {
      attempt(path, "cannot be written", () => {
        writeSync(file, `${JSON.stringify(decision)}\n`);
        fsyncSync(file);
      });
      decide(decisions, decision);
    },
    close: () => closeSync(file),
  };
}

function read(path: string, line: string, number: number): Decision {
  try {
    return Line.parse(JSON.parse(line));
  } catch (error) {
    throw new StoreError(path, "corrupt", `line ${number} is no decision. Put back the file as it was.`, error);
  }
}

function attempt<T>(path: string, says: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new StoreError(path, code === "ENOSPC" ? "full" : "broken", `${says} (${code}).`, error);
  }
}
