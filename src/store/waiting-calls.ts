import { freeBytes } from "../lib/free-bytes.ts";
import type { CallEvidence } from "../model/evidence.ts";
import { callsIn, encodeBlock, isBlockFull, openBlock } from "./segment-block.ts";
import type { Shelf, Shelved } from "./shelf.ts";

/** A packed block, until it is given up. */
interface Waiting extends Shelved {
  readonly calls: number;
}

/** Calls until they are kept, packed block by block as they come; on the disk where there is a shelf for them. */
export class WaitingCalls {
  readonly #shelf: Shelf | undefined;
  /** Place of the first call among all calls ever closed. */
  #start = 0;
  #blocks: Waiting[] = [];
  #packed = 0;
  #last: CallEvidence[] = [];
  #operations = 0;

  constructor(shelf?: Shelf) {
    this.#shelf = shelf;
  }

  get count(): number {
    return this.#packed + this.#last.length;
  }

  get start(): number {
    return this.#start;
  }

  begin(start: number): void {
    for (const block of this.#blocks) block.close();
    this.#start = start;
    this.#blocks = [];
    this.#packed = 0;
    this.#last = [];
    this.#operations = 0;
  }

  add(evidence: CallEvidence): void {
    if (isBlockFull(this.#last.length, this.#operations, evidence.operations.length)) this.#pack();
    this.#last.push(evidence);
    this.#operations += evidence.operations.length;
  }

  /** All of them as blocks, each to be read in its turn; they stay until they are dropped. */
  blocks(): readonly Pick<Shelved, "read">[] {
    this.#pack();
    return [...this.#blocks];
  }

  /** So many of the oldest blocks are kept elsewhere. */
  drop(blocks: number): void {
    for (let i = 0; i < blocks; i++) this.shift();
  }

  /** As `blocks`, but in memory, and nothing is changed: the last block goes on to grow. */
  copies(): readonly Buffer[] {
    const last = this.#last.length === 0 ? [] : [encodeBlock(this.#last, this.#start + this.#packed)];
    return [...this.#blocks.map((block) => Buffer.from(block.read())), ...last];
  }

  /** The oldest block is given up. */
  shift(): void {
    const oldest = this.#blocks.shift();
    if (oldest === undefined) return;
    oldest.close();
    this.#packed -= oldest.calls;
    this.#start += oldest.calls;
  }

  find(id: string): readonly CallEvidence[] {
    const packed = this.#blocks.flatMap((block) => {
      const { ids, rows } = openBlock(block.read());
      return callsIn(ids, () => rows, id);
    });
    return packed.concat(this.#last.filter(({ ids }) => ids.includes(id)));
  }

  #pack(): void {
    if (this.#last.length === 0) return;
    const bytes = encodeBlock(this.#last, this.#start + this.#packed);
    const shelved = this.#shelf?.put(bytes);
    if (shelved !== undefined) freeBytes(bytes);
    this.#blocks.push(Object.assign({ calls: this.#last.length }, shelved ?? inMemory(bytes)));
    this.#packed += this.#last.length;
    this.#last = [];
    this.#operations = 0;
  }
}

const inMemory = (bytes: Buffer): Shelved => ({ read: () => bytes, close: () => {} });
