import type { CallEvidence } from "../model/evidence.ts";
import { callsIn, encodeBlock, isBlockFull, openBlock } from "./segment-block.ts";

/** Calls in memory, packed block by block as they come. */
export class WaitingCalls {
  /** Place of the first call among all calls ever closed. */
  #start = 0;
  #blocks: Buffer[] = [];
  #packed = 0;
  #last: CallEvidence[] = [];
  #operations = 0;

  get count(): number {
    return this.#packed + this.#last.length;
  }

  get start(): number {
    return this.#start;
  }

  begin(start: number): void {
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

  /** All of them as blocks; they stay until they are dropped. */
  blocks(): readonly Buffer[] {
    this.#pack();
    return [...this.#blocks];
  }

  /** So many of the oldest blocks are kept elsewhere. */
  drop(blocks: number): void {
    for (let i = 0; i < blocks; i++) this.shift();
  }

  /** As `blocks`, and nothing is changed: the last block goes on to grow. */
  copies(): readonly Buffer[] {
    const last = this.#last.length === 0 ? [] : [encodeBlock(this.#last, this.#start + this.#packed)];
    return [...this.#blocks, ...last];
  }

  /** The oldest block is given up. */
  shift(): void {
    const [oldest] = this.#blocks;
    if (oldest === undefined) return;
    const { calls } = openBlock(oldest).head;
    this.#blocks.shift();
    this.#packed -= calls;
    this.#start += calls;
  }

  find(id: string): readonly CallEvidence[] {
    const packed = this.#blocks.flatMap((block) => {
      const { ids, rows } = openBlock(block);
      return callsIn(ids, () => rows, id);
    });
    return packed.concat(this.#last.filter(({ ids }) => ids.includes(id)));
  }

  #pack(): void {
    if (this.#last.length === 0) return;
    this.#blocks.push(encodeBlock(this.#last, this.#start + this.#packed));
    this.#packed += this.#last.length;
    this.#last = [];
    this.#operations = 0;
  }
}
