import { hash } from "node:crypto";

const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);

/** Hash of a leaf as RFC 6962 §2.1 has it: SHA-256 of a zero byte and the leaf, so that no node can be taken for one. */
export const leafHash = (leaf: Uint8Array): Buffer => hash("sha256", Buffer.concat([LEAF, leaf]), "buffer");

const nodeHash = (left: Buffer, right: Buffer): Buffer => hash("sha256", Buffer.concat([NODE, left, right]), "buffer");

/** A Merkle tree of RFC 6962 that is told its leaves in order and keeps one hash a level. */
export class MerkleTree {
  /** Roots of the whole subtrees so far, largest first; their sizes are the bits of `count`. */
  readonly #roots: Buffer[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** `hashed`: what `leafHash` gave. */
  add(hashed: Buffer): void {
    let node = hashed;
    for (let size = this.#count; size % 2 === 1; size = (size - 1) / 2) {
      const left = this.#roots.pop();
      if (left !== undefined) node = nodeHash(left, node);
    }
    this.#roots.push(node);
    this.#count += 1;
  }

  /** Root over all leaves; of no leaf, the hash of nothing. */
  root(): Buffer {
    const [last, ...left] = this.#roots.toReversed();
    if (last === undefined) return hash("sha256", Buffer.alloc(0), "buffer");
    return left.reduce((right, root) => nodeHash(root, right), last);
  }
}
