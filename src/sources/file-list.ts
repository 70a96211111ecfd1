import { readdir, realpath, stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";

/** One file to read; `partition` names it within its root, with `/`. */
export interface InputFile {
  readonly path: string;
  readonly partition: string;
  /** Its size, packed as it is; 0 for a pipe. */
  readonly bytes: number;
  /** A pipe can be read once. */
  readonly canReopen: boolean;
  /** Why it cannot be read although it is there, with what to do. */
  readonly fault?: string;
}

/** A path that was asked for and gives nothing. */
export interface PathProblem {
  readonly path: string;
  readonly says: string;
  readonly fix: string;
}

export interface FileList {
  readonly files: readonly InputFile[];
  readonly problems: readonly PathProblem[];
}

export const STDIN = "-";

const EXTENSIONS = new Set(["", ".json", ".ndjson", ".jsonl", ".log", ".txt", ".gz", ".gzip", ".zst", ".zstd"]);
/** The answers beside a simulated corpus: no logs. */
const ANSWERS = "truth.json";

/**
 * Files in the order asked for, folders recursively and sorted by name; each file and folder once, whatever links lead to it.
 * In folders, dot-files, other endings and `truth.json` are passed over; a file asked for by name is taken as it is.
 */
export async function listFiles(paths: readonly string[]): Promise<FileList> {
  const found: Found = { files: [], problems: [], seen: new Set(), partitions: new Set() };
  for (const path of paths) await addRoot(path, found);
  return found;
}

interface Found {
  readonly files: InputFile[];
  readonly problems: PathProblem[];
  /** Real paths. */
  readonly seen: Set<string>;
  readonly partitions: Set<string>;
}

async function addRoot(path: string, found: Found): Promise<void> {
  if (path === STDIN) {
    if (!found.partitions.has(STDIN)) addFile({ path, partition: STDIN, bytes: 0, canReopen: false }, found);
    return;
  }
  const kind = await kindOf(path);
  if (kind.is === "fault") found.problems.push(problemOf(path, kind.code));
  if (kind.is === "fault" || found.seen.has(kind.real)) return;
  if (kind.is === "file")
    return addOnce({ path, partition: path, bytes: kind.bytes, canReopen: kind.isRegular }, kind.real, found);
  const before = found.files.length;
  await addFolder(path, "", kind.real, found);
  if (found.files.length === before) found.problems.push({ path, says: "holds no log files", fix: NO_LOGS_FIX });
}

const NO_LOGS_FIX = `Name the files, or give them one of these endings: ${[...EXTENSIONS].filter(Boolean).join(" ")}.`;

async function addFolder(path: string, under: string, real: string, found: Found): Promise<void> {
  if (found.seen.has(real)) return;
  found.seen.add(real);
  const names = await namesIn(path);
  if (!names.ok) {
    addFault(path, under === "" ? path : under, names.code, found);
    return;
  }
  for (const name of names.names) await addEntry(join(path, name), under === "" ? name : `${under}/${name}`, found);
}

async function addEntry(path: string, partition: string, found: Found): Promise<void> {
  const name = basename(path);
  if (name.startsWith(".") || name === ANSWERS) return;
  const kind = await kindOf(path);
  if (kind.is === "folder") await addFolder(path, partition, kind.real, found);
  else if (!EXTENSIONS.has(extname(name).toLowerCase())) return;
  else if (kind.is === "fault") addFault(path, partition, kind.code, found);
  else if (kind.isRegular) addOnce({ path, partition, bytes: kind.bytes, canReopen: true }, kind.real, found);
}

const addFault = (path: string, partition: string, code: string, found: Found): void =>
  addFile({ path, partition, bytes: 0, canReopen: false, fault: faultText(path, code) }, found);

function addOnce(file: InputFile, real: string, found: Found): void {
  if (found.seen.has(real)) return;
  found.seen.add(real);
  addFile(file, found);
}

/** Two roots may hold the same name: the later one goes by its whole path. */
function addFile(file: InputFile, found: Found): void {
  const partition = found.partitions.has(file.partition) ? file.path : file.partition;
  found.partitions.add(partition);
  found.files.push({ ...file, partition });
}

type Kind =
  | { readonly is: "folder"; readonly real: string }
  | { readonly is: "file"; readonly real: string; readonly isRegular: boolean; readonly bytes: number }
  | { readonly is: "fault"; readonly code: string };

async function kindOf(path: string): Promise<Kind> {
  try {
    const [found, real] = [await stat(path), await realpath(path)];
    if (found.isDirectory()) return { is: "folder", real };
    return { is: "file", real, isRegular: found.isFile(), bytes: found.size };
  } catch (error) {
    return { is: "fault", code: errorCode(error) };
  }
}

type Names = { ok: true; names: readonly string[] } | { ok: false; code: string };

async function namesIn(path: string): Promise<Names> {
  try {
    const names = await readdir(path);
    return { ok: true, names: names.toSorted() };
  } catch (error) {
    return { ok: false, code: errorCode(error) };
  }
}

/** `ENOENT`, `EACCES` … of a file system error; `unknown` of anything else. */
export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown";
}

function problemOf(path: string, code: string): PathProblem {
  if (code === "ENOENT" || code === "ENOTDIR")
    return {
      path,
      says: "does not exist",
      fix: "Check the path; a pattern that matches nothing is passed on as it is.",
    };
  return { path, says: `cannot be read (${code})`, fix: fixOf(code) };
}

/** One sentence for people: what cannot be read, why, and what to do. */
export const faultText = (path: string, code: string): string => `${path} cannot be read (${code}). ${fixOf(code)}`;

function fixOf(code: string): string {
  switch (code) {
    case "EACCES":
    case "EPERM":
      return "Give the user that runs this the right to read it.";
    case "ENOENT":
      return "It is a link to nothing, or was removed while reading: restore it or remove the link.";
    case "ELOOP":
      return "It is a link that leads to itself: remove it.";
    case "EMFILE":
    case "ENFILE":
      return "Too many files are open: raise the limit (ulimit -n).";
    default:
      return "Check the disk and copy the file again.";
  }
}
