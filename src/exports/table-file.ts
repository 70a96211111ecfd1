import { join } from "node:path";
import { type Column, columnPlace, EVIDENCE_TABLES, type EvidenceTable, type Row } from "../model/evidence.ts";
import { instantFromTicks } from "../model/time.ts";
import { createCanonical, formatMicros } from "./canonical.ts";
import { HashedFile } from "./hashed-file.ts";
import { leafHash, MerkleTree } from "./merkle.ts";
import { type FormatWriter, formatWriter, type TableFormat } from "./table-format.ts";

/** A file of a bundle, as its manifest tells of it. */
export interface FileEntry {
  readonly name: string;
  readonly bytes: number;
  /** Of the file's bytes, in hexadecimal. */
  readonly sha256: string;
  readonly table?: TableEntry;
}

export interface TableEntry {
  readonly name: EvidenceTable;
  readonly format: TableFormat;
  readonly columns: readonly Pick<Column, "name" | "type">[];
  readonly rows: number;
  /** Root of the Merkle tree (RFC 6962) whose leaves are the rows as canonical lines, in order. */
  readonly merkleRoot: string;
  /** First and last time among the rows; null without any. */
  readonly from: string | null;
  readonly to: string | null;
  /** The file that has the first bytes of each row's hash. */
  readonly rowHashes: string;
}

/** Bytes of a row's hash that are kept, so that a bad row can be named; the root alone is what proves. */
export const ROW_HASH_BYTES = 8;

const BATCH = 1_024;

/** Writes one table of a bundle: its file, the hashes of its rows beside it, and what the manifest says of both. */
export class TableFile {
  readonly #name: string;
  readonly #table: EvidenceTable;
  readonly #format: TableFormat;
  readonly #file: HashedFile;
  readonly #hashes: HashedFile;
  readonly #writer: FormatWriter;
  readonly #canonical: (row: Row) => string;
  readonly #tree = new MerkleTree();
  readonly #timePlace: number;
  #rows: Row[] = [];
  #from = Number.POSITIVE_INFINITY;
  #to = Number.NEGATIVE_INFINITY;

  constructor(folder: string, table: EvidenceTable, format: TableFormat) {
    const columns = EVIDENCE_TABLES[table];
    this.#table = table;
    this.#format = format;
    this.#name = `${table}.${format}`;
    this.#file = new HashedFile(join(folder, this.#name));
    this.#hashes = new HashedFile(join(folder, `${table}.rows`));
    this.#writer = formatWriter(format, columns, this.#file);
    this.#canonical = createCanonical(columns);
    this.#timePlace = columnPlace(columns, "time");
  }

  get rows(): number {
    return this.#tree.count + this.#rows.length;
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#file.bytes;
  }

  add(row: Row): void {
    const time = Number(row[this.#timePlace]);
    this.#from = Math.min(this.#from, time);
    this.#to = Math.max(this.#to, time);
    this.#rows.push(row);
    if (this.#rows.length === BATCH) this.#flush();
  }

  close(): readonly FileEntry[] {
    this.#flush();
    this.#writer.end();
    const rows = this.#tree.count;
    const table: TableEntry = {
      name: this.#table,
      format: this.#format,
      columns: EVIDENCE_TABLES[this.#table].map(({ name, type }) => ({ name, type })),
      rows,
      merkleRoot: this.#tree.root().toString("hex"),
      from: rows === 0 ? null : formatMicros(instantFromTicks(this.#from)),
      to: rows === 0 ? null : formatMicros(instantFromTicks(this.#to)),
      rowHashes: `${this.#table}.rows`,
    };
    return [
      { name: this.#name, ...this.#file.close(), table },
      { name: `${this.#table}.rows`, ...this.#hashes.close() },
    ];
  }

  #flush(): void {
    const rows = this.#rows;
    this.#rows = [];
    const lines = rows.map(this.#canonical);
    for (const line of lines) {
      const hashed = leafHash(Buffer.from(line));
      this.#hashes.write(hashed.subarray(0, ROW_HASH_BYTES));
      this.#tree.add(hashed);
    }
    this.#writer.write(rows, lines);
  }
}
