import { type CallEvidence, EVIDENCE_TABLES, type EvidenceTable, type Row } from "../model/evidence.ts";
import { createCanonical } from "./canonical.ts";
import type { DigestRows } from "./manifest.ts";
import { leafHash, MerkleTree } from "./merkle.ts";

/** Hashes of the rows of some calls as an export would have them; nothing else of them is kept. */
export class Digest {
  readonly #tables = (["calls", "operations"] as const).map((name) => new DigestTable(name));

  add({ call, operations }: Pick<CallEvidence, "call" | "operations">): void {
    const [calls, others] = this.#tables;
    calls?.add(call);
    for (const operation of operations) others?.add(operation);
  }

  rows(): readonly DigestRows[] {
    return this.#tables.map((table) => table.rows());
  }
}

class DigestTable {
  readonly #name: EvidenceTable;
  readonly #tree = new MerkleTree();
  readonly #canonical: (row: Row) => string;

  constructor(name: EvidenceTable) {
    this.#name = name;
    this.#canonical = createCanonical(EVIDENCE_TABLES[name]);
  }

  add(row: Row): void {
    this.#tree.add(leafHash(Buffer.from(this.#canonical(row))));
  }

  rows(): DigestRows {
    return { name: this.#name, rows: this.#tree.count, merkleRoot: this.#tree.root().toString("hex") };
  }
}
