import { readFileSync } from "node:fs";

/** What a process did to files, in order; `path` is absolute. */
export type DiskOp =
  | { readonly kind: "create" | "mkdir" | "unlink" | "sync"; readonly path: string }
  | { readonly kind: "rename"; readonly path: string; readonly to: string }
  | { readonly kind: "truncate"; readonly path: string; readonly size: number }
  | { readonly kind: "write"; readonly path: string; readonly at: number; readonly bytes: Buffer }
  /** A line on standard output: what was done before was promised. */
  | { readonly kind: "say"; readonly text: string };

/** Arguments for strace, before the command that it runs. */
export const traceArguments = (into: string): readonly string[] => [
  "-f",
  "-y",
  "-xx",
  "-s",
  String(1 << 26),
  "-o",
  into,
  "-e",
  "trace=openat,pwrite64,write,ftruncate,fsync,fdatasync,rename,unlink,mkdir,pwritev,writev,fallocate,copy_file_range",
];

const LINE = /^(\d+) +(\w+)\((.*)\) += (\d+)/s;
const TEXT = /"((?:\\x[0-9a-f]{2})*)"/g;
const HANDLE = /^(\d+)<((?:\\x[0-9a-f]{2})*)/;

/** What strace wrote down; calls that failed did nothing. Throws for a call that is not understood. */
export function readTrace(file: string, folder: string): readonly DiskOp[] {
  const reader = new Reader(folder);
  const waiting = new Map<string, string>();
  for (const line of readFileSync(file, "latin1").split("\n")) {
    const [, thread = "", begun] = /^(\d+) +(.*) <unfinished \.\.\.>$/s.exec(line) ?? [];
    if (begun !== undefined) {
      waiting.set(thread, begun);
      continue;
    }
    const [, resumed = "", rest] = /^(\d+) +<\.\.\. \w+ resumed>(.*)$/s.exec(line) ?? [];
    reader.read(rest === undefined ? line : `${resumed} ${waiting.get(resumed) ?? ""}${rest}`);
  }
  return reader.ops;
}

class Reader {
  readonly ops: DiskOp[] = [];
  readonly #folder: string;
  /** Where the next `write` to a handle goes. */
  readonly #places = new Map<string, number>();
  readonly #files = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  read(line: string): void {
    const [, , call = "", given = "", result = ""] = LINE.exec(line) ?? [];
    const texts = [...given.matchAll(TEXT)].map(([, text = ""]) => bytesOf(text));
    const [, handle = "", name = ""] = HANDLE.exec(given) ?? [];
    const path = name === "" ? (texts[0]?.toString() ?? "") : bytesOf(name).toString();
    if (call === "write" && handle === "1") this.ops.push({ kind: "say", text: texts[0]?.toString() ?? "" });
    else if (path.startsWith(this.#folder)) this.#take(call, { given, path, handle, result: Number(result), texts });
  }

  #take(
    call: string,
    {
      given,
      path,
      handle,
      result,
      texts,
    }: { given: string; path: string; handle: string; result: number; texts: Buffer[] },
  ): void {
    const [bytes = Buffer.alloc(0), to = Buffer.alloc(0)] = texts;
    const last = Number(/(\d+)$/.exec(given)?.[1]);
    switch (call) {
      case "openat":
        return this.#open(path, given, String(result));
      case "pwrite64":
        return void this.ops.push({ kind: "write", path, at: last, bytes: bytes.subarray(0, result) });
      case "write": {
        const at = this.#places.get(handle) ?? 0;
        this.#places.set(handle, at + result);
        return void this.ops.push({ kind: "write", path, at, bytes: bytes.subarray(0, result) });
      }
      case "ftruncate":
        return void this.ops.push({ kind: "truncate", path, size: last });
      case "fsync":
      case "fdatasync":
        return void this.ops.push({ kind: "sync", path });
      case "rename":
        this.#files.delete(path);
        this.#files.add(to.toString());
        return void this.ops.push({ kind: "rename", path, to: to.toString() });
      case "unlink":
        this.#files.delete(path);
        return void this.ops.push({ kind: "unlink", path });
      case "mkdir":
        return void this.ops.push({ kind: "mkdir", path });
      default:
        throw new Error(`a trace with ${call} of ${path} is not understood`);
    }
  }

  #open(path: string, given: string, handle: string): void {
    this.#places.set(handle, 0);
    if (!given.includes("O_CREAT")) return;
    if (!this.#files.has(path)) this.ops.push({ kind: "create", path });
    else if (given.includes("O_TRUNC")) this.ops.push({ kind: "truncate", path, size: 0 });
    this.#files.add(path);
  }
}

const bytesOf = (text: string): Buffer => Buffer.from(text.replaceAll("\\x", ""), "hex");
