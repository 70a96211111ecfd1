import { parentPort, workerData } from "node:worker_threads";
import { randomBytes } from "node:crypto";
import type { ByteSink } from "../exports/hashed-file.ts";
import { Pseudonyms, rowRedactor } from "../exports/redaction.ts";
import { selects } from "../exports/scope.ts";
import { createCanonical } from "../exports/canonical.ts";
import { formatWriter } from "../exports/table-format.ts";
import { EVIDENCE_TABLES, type Row } from "../model/evidence.ts";
import type { RowsChunk, RowsRequest } from "../server/export-source.ts";
import { readBlocks, readSegments } from "../store/segment-folder.ts";

/** What `export-rows.ts` of this program gives it. */
export interface RowsWork {
  readonly request: RowsRequest;
  /** Of segments; undefined where calls are in memory only. */
  readonly folder: string | undefined;
  /** Segments before this place, and `waiting` behind it. */
  readonly until: number;
  readonly waiting: readonly Uint8Array[];
}

/** Rows that are written at a time, and bytes that go over at least. */
const BATCH = 1_024;
const CHUNK_BYTES = 1 << 18;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const work = workerData as RowsWork;
const chunks = rowsOf(work);

parentPort?.on("message", () => {
  const { done, value } = chunks.next();
  // A port of another thread, not a window.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  parentPort?.postMessage(done === true ? undefined : value);
  if (done === true) parentPort?.close();
});

/** The asked rows as bytes of their format, not more in memory than a block of calls and a group of rows. */
function* rowsOf({ request, folder, until, waiting }: RowsWork): Generator<RowsChunk> {
  const { table, format, redact, ...selection } = request;
  const columns = EVIDENCE_TABLES[table];
  const redacted = rowRedactor(columns, redact, new Pseudonyms(randomBytes(32)));
  const canonical = createCanonical(columns);
  const sink = new Chunks();
  const writer = formatWriter(format, columns, sink);
  const isAsked = selects(selection);
  let rows = 0;
  const write = (batch: readonly Row[]): void => {
    writer.write(batch, format === "ndjson" ? batch.map(canonical) : []);
    rows += batch.length;
  };
  const span = { from: selection.from, to: selection.to };
  for (const calls of blocksOf({ folder, until, waiting }, span)) {
    const asked = calls
      .filter(isAsked)
      .flatMap(({ call, operations }) => (table === "calls" ? [redacted(call)] : operations.map(redacted)));
    for (let at = 0; at < asked.length; at += BATCH) {
      write(asked.slice(at, at + BATCH));
      if (sink.length >= CHUNK_BYTES) yield { bytes: sink.take(), rows };
    }
  }
  writer.end();
  yield { bytes: sink.take(), rows };
}

function* blocksOf(
  { folder, until, waiting }: Omit<RowsWork, "request">,
  span: Parameters<typeof readSegments>[1],
): ReturnType<typeof readSegments> {
  // What of the segments cannot be read is told by the health of the store and by signed exports; rows alone have no place for it.
  if (folder !== undefined)
    yield* readSegments(folder, { ...span, until }, ({ file, says }) => fail(`${file}: ${says}`));
  yield* readBlocks(waiting, span);
}

/** An answer that lacks rows must not look whole. */
function fail(says: string): never {
  throw new Error(says);
}

class Chunks implements ByteSink {
  #parts: Buffer[] = [];
  length = 0;

  write(bytes: Uint8Array): void {
    const copy = Buffer.from(bytes);
    this.#parts.push(copy);
    this.length += copy.length;
  }

  writeText(text: string): void {
    this.write(Buffer.from(text));
  }

  take(): Buffer {
    const all = Buffer.concat(this.#parts);
    this.#parts = [];
    this.length = 0;
    return all;
  }
}
