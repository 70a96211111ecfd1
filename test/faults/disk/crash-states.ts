import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { DiskOp } from "./trace.ts";

/**
 * A disk that keeps its promises and no more: the content of a file is what its last sync left and any part of what was
 * written since, sector by sector in any order; the names in a folder are those of its last sync and any first part of the
 * changes since. After Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014.
 */
export class Disk {
  readonly #root: string;
  readonly #live = new Map<string, File>();
  readonly #names = new Map<string, File>();
  readonly #folders = new Set<string>();
  /** By folder: changes of its names since its last sync. */
  readonly #changes = new Map<string, NameChange[]>();

  constructor(root: string) {
    this.#root = root;
    this.#folders.add(root);
  }

  do(op: DiskOp): void {
    switch (op.kind) {
      case "say":
        return;
      case "create": {
        const file = new File();
        this.#live.set(op.path, file);
        return this.#change(op.path, (to) => to.names.set(op.path, file));
      }
      case "mkdir":
        return this.#change(op.path, (to) => to.folders.add(op.path));
      case "unlink":
        this.#live.delete(op.path);
        return this.#change(op.path, (to) => to.names.delete(op.path));
      case "rename": {
        const file = this.#file(op.path);
        this.#live.delete(op.path);
        this.#live.set(op.to, file);
        return this.#change(op.to, (to) => {
          to.names.delete(op.path);
          to.names.set(op.to, file);
        });
      }
      case "write":
        return this.#file(op.path).write(op.at, op.bytes);
      case "truncate":
        return this.#file(op.path).truncate(op.size);
      case "sync":
        return this.#sync(op.path);
    }
  }

  /** Writes what a loss of power now may leave into a folder. */
  lose(random: () => number, into: string): void {
    const kept = { names: new Map(this.#names), folders: new Set(this.#folders) };
    for (const changes of this.#changes.values())
      for (const change of changes.slice(0, Math.floor(random() * (changes.length + 1)))) change(kept);
    rmSync(into, { recursive: true, force: true });
    const way = WAYS[Math.floor(random() * WAYS.length)] ?? "sectors";
    for (const folder of [...kept.folders].toSorted())
      mkdirSync(join(into, relative(this.#root, folder)), { recursive: true });
    for (const [path, file] of kept.names)
      if (kept.folders.has(dirname(path)))
        writeFileSync(join(into, relative(this.#root, path)), file.after(way, random));
  }

  #file(path: string): File {
    const file = this.#live.get(path);
    if (file === undefined) throw new Error(`${path} is written to before it is there`);
    return file;
  }

  #change(path: string, change: NameChange): void {
    const changes = this.#changes.get(dirname(path)) ?? [];
    this.#changes.set(dirname(path), [...changes, change]);
  }

  #sync(path: string): void {
    const file = this.#live.get(path);
    if (file !== undefined) return file.sync();
    for (const change of this.#changes.get(path) ?? []) change({ names: this.#names, folders: this.#folders });
    this.#changes.delete(path);
  }
}

type NameChange = (to: { readonly names: Map<string, File>; readonly folders: Set<string> }) => void;

/** What of the writes since the last sync is there: all, none, some, or some sectors of some. */
const WAYS = ["all", "none", "writes", "sectors"] as const;
type Way = (typeof WAYS)[number];
const SECTOR = 512;

interface Content {
  bytes: Buffer;
  size: number;
}

class File {
  readonly #synced: Content = { bytes: Buffer.alloc(0), size: 0 };
  #pending: ((to: Content, way: Way, random: () => number) => void)[] = [];

  write(at: number, bytes: Buffer): void {
    this.#pending.push((to, way, random) => {
      if (way === "writes" && random() < 0.5) return;
      for (let from = 0; from < bytes.length; ) {
        const next = Math.min(bytes.length, from + SECTOR - ((at + from) % SECTOR));
        if (way !== "sectors" || random() < 0.5) put(to, at + from, bytes.subarray(from, next));
        from = next;
      }
    });
  }

  truncate(size: number): void {
    this.#pending.push((to, way, random) => {
      if (way !== "all" && random() < 0.5) return;
      if (size > to.size) put(to, to.size, Buffer.alloc(size - to.size));
      to.size = size;
    });
  }

  sync(): void {
    for (const change of this.#pending) change(this.#synced, "all", () => 0);
    this.#pending = [];
  }

  after(way: Way, random: () => number): Buffer {
    const content = { bytes: Buffer.from(this.#synced.bytes), size: this.#synced.size };
    if (way !== "none") for (const change of this.#pending) change(content, way, random);
    return content.bytes.subarray(0, content.size);
  }
}

function put(to: Content, at: number, bytes: Buffer): void {
  const end = at + bytes.length;
  if (end > to.bytes.length) {
    const larger = Buffer.alloc(2 * end);
    to.bytes.copy(larger, 0, 0, to.size);
    to.bytes = larger;
  }
  if (at > to.size) to.bytes.fill(0, to.size, at);
  bytes.copy(to.bytes, at);
  to.size = Math.max(to.size, end);
}
