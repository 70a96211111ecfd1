import { giveBack, type RawColumns, type ScanDictionary } from "../decode/scan/scanner.ts";
import type { Batch } from "./source.ts";

/** Raw columns on their way to another thread: the words are moved, of the dictionary's texts those go along that are new. */
interface SentColumns extends Pick<RawColumns, "words" | "count" | "refusals"> {
  /** Texts of a dictionary that was begun anew; behind those that were sent before, otherwise. */
  readonly isNew: boolean;
  readonly texts: readonly string[];
}

/** A batch on its way to another thread. */
export interface SentBatch {
  readonly batch: Batch;
  readonly scans: readonly SentColumns[];
  /** Bytes that it holds, about. */
  readonly held: number;
}

/** A record or reject with its texts, about: in APIM's and Cosmos DB's logs, a record is 1 to 2 KB of JSON. */
const RECORD_BYTES = 4_096;

/** Makes messages of one scanner's batches, in their order. */
export class Sender {
  #texts: readonly string[] = [];
  #sent = 0;
  #spare: Int32Array[] = [];

  /** The message, and what is to be moved with it. */
  pack(batch: Batch): { readonly message: SentBatch; readonly moved: readonly ArrayBufferLike[] } {
    const scans = (batch.scans ?? []).map((columns) => this.#columns(columns));
    const rows = scans.reduce((sum, { words }) => sum + words.byteLength, 0);
    const held = rows + RECORD_BYTES * (batch.records.length + batch.rejects.length);
    return { message: { batch: { ...batch, scans: [] }, scans, held }, moved: scans.map(({ words }) => words.buffer) };
  }

  /** Room that was moved and is free again. */
  takeBack(spare: readonly Int32Array[]): void {
    for (const words of spare) giveBack({ words, spare: this.#spare });
  }

  #columns({ words, count, refusals, dictionary, spare }: RawColumns): SentColumns {
    this.#spare = spare;
    const isNew = dictionary.texts !== this.#texts;
    const texts = dictionary.texts.slice(isNew ? 0 : this.#sent);
    this.#texts = dictionary.texts;
    this.#sent = dictionary.texts.length;
    return { words, count, refusals, isNew, texts };
  }
}

/** Makes batches of one sender's messages, in their order. */
export class Receiver {
  #texts: string[] = [];
  /** Room of columns that were read, to go back to the sender. */
  readonly spare: Int32Array[] = [];

  unpack({ batch, scans }: SentBatch): Batch {
    return { ...batch, scans: scans.map((columns) => this.#columns(columns)) };
  }

  #columns({ words, count, refusals, isNew, texts }: SentColumns): RawColumns {
    if (isNew) this.#texts = [];
    for (const text of texts) this.#texts.push(text);
    const dictionary: ScanDictionary = { texts: this.#texts };
    return { words, doubles: new Float64Array(words.buffer), count, dictionary, refusals, spare: this.spare };
  }
}
