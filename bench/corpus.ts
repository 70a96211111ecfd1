import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { z } from "zod";
import { type Category, type Contents, generateArrivals } from "./corpus/arrivals.ts";
import type { Spec } from "./corpus/spec.ts";

/** `mixed`: one record a line. `bodies`: `{"records":[100 of a category]}` a line. `gateway`, `cosmos`: a file of one category. `gzip`: `mixed`, packed. */
export type Form = "mixed" | "bodies" | "gateway" | "cosmos" | "gzip";

export const FILES: Readonly<Record<Form, string>> = {
  mixed: "mixed.ndjson",
  bodies: "bodies.ndjson",
  gateway: "gateway.ndjson",
  cosmos: "cosmos.ndjson",
  gzip: "mixed.ndjson.gz",
};

export interface Corpus extends Contents {
  readonly folder: string;
  readonly path: (form: Form) => string;
  readonly bytes: (form: Form) => number;
}

const Manifest = z.object({
  records: z.number(),
  matches: z.number(),
  calls: z.number(),
  charge: z.number(),
  callers: z.number(),
});

const CACHE = join(tmpdir(), "scopetrail-bench");
const BODY_RECORDS = 100;
const BUFFER_BYTES = 4 << 20;

/** Gives the corpus of a spec, from the cache when it was made before by the same generator. */
export async function corpusOf(spec: Spec, forms: readonly Form[]): Promise<Corpus> {
  const folder = join(CACHE, keyOf(spec, forms));
  const manifest = join(folder, "manifest.json");
  if (!existsSync(manifest)) await make(spec, forms, folder);
  const contents = Manifest.parse(JSON.parse(readFileSync(manifest, "utf8")));
  const path = (form: Form): string => join(folder, FILES[form]);
  return { ...contents, folder, path, bytes: (form) => statSync(path(form)).size };
}

export const removeCorpus = ({ folder }: Corpus): void => rmSync(folder, { recursive: true, force: true });

function keyOf(spec: Spec, forms: readonly Form[]): string {
  const hash = createHash("sha256").update(JSON.stringify([spec, forms]));
  const generator = join(import.meta.dirname, "corpus");
  for (const file of readdirSync(generator).toSorted()) hash.update(readFileSync(join(generator, file)));
  return `${spec.calls * 2}-${hash.digest("hex").slice(0, 16)}`;
}

/** Under another name until it is whole, so that a run that was stopped leaves nothing that looks finished. */
async function make(spec: Spec, forms: readonly Form[], folder: string): Promise<void> {
  const part = `${folder}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  process.stderr.write(`bench: making ${spec.calls * 2} records in ${folder}\n`);
  const contents = write(spec, forms, part);
  if (forms.includes("gzip"))
    await pipeline(createReadStream(join(part, FILES.mixed)), createGzip(), createWriteStream(join(part, FILES.gzip)));
  writeFileSync(join(part, "manifest.json"), JSON.stringify(contents));
  renameSync(part, folder);
}

function write(spec: Spec, forms: readonly Form[], folder: string): Contents {
  const open = (form: Form): LineFile | undefined =>
    forms.includes(form) || (form === "mixed" && forms.includes("gzip"))
      ? createLineFile(join(folder, FILES[form]))
      : undefined;
  const files = { mixed: open("mixed"), bodies: open("bodies"), gateway: open("gateway"), cosmos: open("cosmos") };
  const waiting: Record<Category, string[]> = { gateway: [], cosmos: [] };
  const sendBody = (category: Category): void => {
    if (waiting[category].length > 0) files.bodies?.add(`{"records":[${waiting[category].join(",")}]}`);
    waiting[category] = [];
  };
  const contents = generateArrivals(spec, (category, line) => {
    files.mixed?.add(line);
    files[category]?.add(line);
    if (files.bodies === undefined) return;
    waiting[category].push(line);
    if (waiting[category].length === BODY_RECORDS) sendBody(category);
  });
  sendBody("gateway");
  sendBody("cosmos");
  for (const file of Object.values(files)) file?.close();
  return contents;
}

interface LineFile {
  add(line: string): void;
  close(): void;
}

function createLineFile(path: string): LineFile {
  const file = openSync(path, "w");
  let lines: string[] = [];
  let length = 0;
  const flush = (): void => {
    const bytes = Buffer.from(lines.join(""));
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    lines = [];
    length = 0;
  };
  return {
    add(line) {
      lines.push(line, "\n");
      length += line.length + 1;
      if (length >= BUFFER_BYTES) flush();
    },
    close() {
      flush();
      closeSync(file);
    },
  };
}
