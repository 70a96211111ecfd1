import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  ftruncateSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { makeFolder, openKept } from "../folder.ts";
import {
  type Access,
  ACCESS_KINDS,
  ACCESS_OUTCOMES,
  type AccessCounts,
  type AccessLine,
  type AccessSpan,
} from "../model/access.ts";
import { StoreError } from "./store-error.ts";
import { wholeLines } from "./whole-lines.ts";

/** Accesses, only ever appended; `add` throws `StoreError` where it cannot be written. */
export interface AccessLog {
  add(access: Access): void;
  /** Those from one time to another, the last not included, oldest first. */
  read(span: AccessSpan): Generator<AccessLine>;
  counts(): AccessCounts;
  close(): void;
}

/** An access as it was written by this program. */
export const AccessSchema = z.object({
  at: z.int(),
  who: z.string(),
  what: z.enum(ACCESS_KINDS),
  via: z.string(),
  filter: z.string(),
  rows: z.int().nullable(),
  outcome: z.enum(ACCESS_OUTCOMES),
});
const Line = AccessSchema.extend({ sequence: z.int().positive(), previous: z.string() });

const NAME = /^access-(\d{15})\.ndjson$/;
const FILE_BYTES = 8 << 20;
const FILES = 64;
const LONGEST = 1_000;
const NONE = "0".repeat(64);

export const accessFolder = (state: string): string => `${state}.access`;

const hashOf = (line: string): string => createHash("sha256").update(line).digest("hex");

const fileFrom = (folder: string, first: number): string =>
  join(folder, `access-${String(first).padStart(15, "0")}.ndjson`);

/** A file is named for the place of its first line. */
const filesIn = (folder: string): readonly { readonly path: string; readonly first: number }[] =>
  (existsSync(folder) ? readdirSync(folder) : [])
    .flatMap((name) => {
      const found = NAME.exec(name);
      return found === null ? [] : [{ path: join(folder, name), first: Number(found[1]) }];
    })
    .toSorted((a, b) => a.first - b.first);

/** The log of a folder: files of 8 MB, at most 64 of them; older ones are given up and counted. */
export function openAccessLog(folder: string, limits = { fileBytes: FILE_BYTES, files: FILES }): AccessLog {
  let { file, next, previous } = attempt(folder, () => opened(folder));
  const roll = (): void => {
    closeSync(file);
    file = openKept(fileFrom(folder, next), "ax");
    for (const { path } of filesIn(folder).slice(0, -limits.files)) rmSync(path);
  };
  return {
    add(access) {
      attempt(folder, () => {
        if (fstatSync(file).size >= limits.fileBytes) roll();
        const line = JSON.stringify({ sequence: next, ...shortened(access), previous });
        writeSync(file, `${line}\n`);
        fdatasyncSync(file);
        previous = hashOf(line);
        next += 1;
      });
    },
    read: (span) => readAccess(folder, span),
    counts() {
      const first = filesIn(folder)[0]?.first ?? next;
      return { kept: next - first, forgotten: first - 1 };
    },
    close: () => closeSync(file),
  };
}

/** Accesses of a folder, also of one that another process writes; a line that is none throws `StoreError`. */
export function* readAccess(folder: string, { from, to }: AccessSpan): Generator<AccessLine> {
  let previous: string | undefined;
  const files = filesIn(folder);
  for (const { path } of files) {
    const text = readFileSync(path, "utf8");
    const lines = path === files.at(-1)?.path ? wholeLines(text) : text;
    for (const line of lines.split("\n")) {
      if (line === "") continue;
      const access = parsed(path, line);
      if (previous !== undefined && access.previous !== previous)
        throw new StoreError(
          path,
          "corrupt",
          `line ${access.sequence} does not follow the one before: it was changed.`,
        );
      previous = hashOf(line);
      if ((from === undefined || access.at >= from) && (to === undefined || access.at < to)) yield access;
    }
  }
}

function opened(folder: string): { file: number; next: number; previous: string } {
  makeFolder(folder);
  const newest = filesIn(folder).at(-1);
  const path = newest?.path ?? fileFrom(folder, 1);
  const file = openKept(path, "a+");
  const text = readFileSync(path, "utf8");
  // What a crash left of a last line was never told to be written.
  const whole = wholeLines(text);
  if (whole.length < text.length) ftruncateSync(file, Buffer.byteLength(whole));
  const last = whole.trimEnd().split("\n").at(-1) ?? "";
  if (last !== "") return { file, next: parsed(path, last).sequence + 1, previous: hashOf(last) };
  const before = filesIn(folder).at(-2);
  const lines = before === undefined ? [] : readFileSync(before.path, "utf8").trimEnd().split("\n");
  return { file, next: newest?.first ?? 1, previous: lines.length === 0 ? NONE : hashOf(lines.at(-1) ?? "") };
}

function parsed(path: string, line: string): AccessLine {
  try {
    return Line.parse(JSON.parse(line));
  } catch (error) {
    throw new StoreError(path, "corrupt", "a line is no access: it was changed.", error);
  }
}

const shortened = (access: Access): Access => ({
  ...access,
  who: access.who.slice(0, LONGEST),
  via: access.via.slice(0, LONGEST),
  filter: access.filter.slice(0, LONGEST),
});

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new StoreError(path, code === "ENOSPC" ? "full" : "broken", `accesses cannot be noted (${code}).`, error);
  }
}

/** Accesses for as long as the process lives, the last of them: for a demo and for tests. */
export function createMemoryAccessLog(most = 10_000): AccessLog {
  const lines: AccessLine[] = [];
  let next = 1;
  let previous = NONE;
  return {
    add(access) {
      const line = { sequence: next, ...access, previous };
      lines.push(line);
      if (lines.length > most) lines.shift();
      previous = hashOf(JSON.stringify(line));
      next += 1;
    },
    *read({ from, to }) {
      for (const line of lines)
        if ((from === undefined || line.at >= from) && (to === undefined || line.at < to)) yield line;
    },
    counts: () => ({ kept: lines.length, forgotten: next - 1 - lines.length }),
    close: () => undefined,
  };
}
