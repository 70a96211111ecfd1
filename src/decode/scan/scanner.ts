import { RAW_WORDS } from "./columns.ts";
import { answerForKey, meaningOfText, type OwnPath } from "./keys.ts";
import { SCAN_WASM } from "./scan-wasm.ts";

/** The texts of one generation of the scanner's dictionary, by id from 1: as they stand between their quotes. */
export interface ScanDictionary {
  readonly texts: readonly string[];
}

/** What a row alone does not tell of a request that was not answered well, or had an error. */
export interface RawRefusal {
  /** Its row's number. */
  readonly row: number;
  /** By `SPAN`: as they stand between their quotes; bodies as the JSON that they are. Absent where the log tells none. */
  readonly texts: readonly (string | undefined)[];
}

/**
 * Rows of raw columns (`COLUMN` tells where each is) of the records that the scan has taken, in their order. They are the
 * reader's until they are given back.
 */
export interface RawColumns {
  /** At least so long as the rows are. */
  readonly words: Int32Array;
  /** The same memory. */
  readonly doubles: Float64Array;
  readonly count: number;
  readonly dictionary: ScanDictionary;
  /** In the order of their rows. */
  readonly refusals: readonly RawRefusal[];
  /** Where the words go once they were read. */
  readonly spare: Int32Array[];
}

const MOST_SPARE = 16;

/** The columns were read: their room is used again. */
export function giveBack({ spare, words }: Pick<RawColumns, "spare" | "words">): void {
  if (spare.length < MOST_SPARE) spare.push(words);
}

/** A record that the scan has not taken, by where it stands in what was scanned. */
export interface Punt {
  readonly from: number;
  readonly to: number;
  /** Index in its envelope. */
  readonly index: number;
  /** Lines before it in this scan. */
  readonly line: number;
  /** Envelopes around it. */
  readonly depth: number;
}

export interface Scanned {
  readonly columns: RawColumns;
  readonly punts: readonly Punt[];
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  prepare(seedA: bigint, seedB: bigint): void;
  inputPlace(): number;
  rowPlace(): number;
  rowsDone(): number;
  puntPlace(): number;
  puntsDone(): number;
  refusalPlace(): number;
  refusalsDone(): number;
  taken(): void;
  forget(): void;
  isNearlyFull(): number;
  textCount(): number;
  textPlace(id: number): number;
  textLength(id: number): number;
  scanLines(from: number, to: number): number;
  scanBody(from: number, to: number): number;
  readonly lineEnd: WebAssembly.Global;
  readonly lineCount: WebAssembly.Global;
  nodesMade(): number;
}

/** Bytes that are scanned at once at the most; a longer line is not scanned. */
export const SCAN_BYTES = 8 << 20;

const PUNT_WORDS = 5;
const SPANS = 16;
const REFUSAL_WORDS = 2 + 2 * SPANS;
/** Words of the rows of most chunks. */
const LEAST_ROOM = 2_048 * RAW_WORDS;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Why a scan of lines stopped, and where. */
export type Stop =
  /** What follows is no whole line. */
  | { readonly kind: "end"; readonly at: number }
  /** The line from `at` to its newline is for others. */
  | { readonly kind: "line"; readonly at: number; readonly newline: number }
  /** Enough rows wait to be taken. */
  | { readonly kind: "full"; readonly at: number };

/**
 * Reads gateway requests and data-plane operations out of JSON without parsing it: keys are foretold from the record before,
 * texts become ids of a dictionary, what nobody reads is only checked to be sound. Takes a record only where its columns tell
 * all that the general way would read in it; anything else is left to that way, and so is a line that is not strictly JSON.
 * Owns its memory; one scan at a time.
 */
export class Scanner {
  readonly #wasm: Exports;
  readonly #input: Uint8Array;
  readonly #inputPlace: number;
  #texts: string[] = [""];
  readonly #spare: Int32Array[] = [];
  /** How often the dictionary was begun anew. */
  generations = 1;

  /** `seed`: whoever writes the logs does not know it. `own` leads to an id of the user's own (`isScannable`). */
  constructor(seed: number, own?: OwnPath) {
    let memory: WebAssembly.Memory | undefined;
    const textAt = (place: number, length: number): string =>
      memory === undefined ? "" : utf8.decode(new Uint8Array(memory.buffer, place, length));
    const outside = {
      learnKey: (context: number, place: number, length: number) =>
        answerForKey(context, unescaped(textAt(place, length)), own),
      learnText: (use: number, place: number, length: number) => meaningOfText(use, unescaped(textAt(place, length))),
    };
    const module = new WebAssembly.Module(Uint8Array.from(atob(SCAN_WASM), (byte) => byte.charCodeAt(0)));
    const instance = new WebAssembly.Instance(module, { outside, env: { abort: () => undefined } });
    // What the module exports is what its source says.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    this.#wasm = instance.exports as unknown as Exports;
    this.#wasm.prepare(BigInt(seed) * 0x9e3779b97f4a7c15n, BigInt(seed) * 0xc2b2ae3d27d4eb4fn + 1n);
    ({ memory } = this.#wasm);
    this.#inputPlace = this.#wasm.inputPlace();
    this.#input = new Uint8Array(memory.buffer, this.#inputPlace, SCAN_BYTES);
  }

  /** Where what is to be scanned is put, from its beginning on. */
  get input(): Uint8Array {
    return this.#input;
  }

  /** Nodes of keys that were learned; bounded. */
  get nodes(): number {
    return this.#wasm.nodesMade();
  }

  /** Scans whole lines of the input from `from` on, up to `to`. */
  lines(from: number, to: number): { readonly stop: Stop; readonly lines: number } {
    const at = this.#wasm.scanLines(this.#inputPlace + from, this.#inputPlace + to) - this.#inputPlace;
    const lines = Number(this.#wasm.lineCount.value);
    const lineEnd = Number(this.#wasm.lineEnd.value);
    if (lineEnd === 0) return { stop: { kind: "end", at }, lines };
    if (lineEnd === 1) return { stop: { kind: "full", at }, lines };
    return { stop: { kind: "line", at, newline: lineEnd - this.#inputPlace }, lines };
  }

  /** Scans the input up to `to` as one document; false where it is for others. */
  body(to: number): boolean {
    return this.#wasm.scanBody(this.#inputPlace, this.#inputPlace + to) !== 0;
  }

  /** What was scanned since the last time, copied. */
  take(): Scanned {
    const { memory } = this.#wasm;
    const count = this.#wasm.rowsDone();
    const scanned = new Int32Array(memory.buffer, this.#wasm.rowPlace(), RAW_WORDS * count);
    const words = this.#roomFor(scanned.length);
    words.set(scanned);
    const punts = this.#punts();
    const refusals = this.#refusals();
    this.#readTexts();
    const dictionary: ScanDictionary = { texts: this.#texts };
    this.#wasm.taken();
    if (this.#wasm.isNearlyFull() !== 0) {
      this.#wasm.forget();
      this.#texts = [""];
      this.generations += 1;
    }
    const doubles = new Float64Array(words.buffer);
    return { columns: { words, doubles, count, dictionary, refusals, spare: this.#spare }, punts };
  }

  #roomFor(length: number): Int32Array {
    const spare = this.#spare.pop();
    return spare !== undefined && spare.length >= length ? spare : new Int32Array(Math.max(length, LEAST_ROOM));
  }

  #punts(): readonly Punt[] {
    const count = this.#wasm.puntsDone();
    const words = new Uint32Array(this.#wasm.memory.buffer, this.#wasm.puntPlace(), PUNT_WORDS * count);
    const wordAt = (punt: number, word: number): number => words[PUNT_WORDS * punt + word] ?? 0;
    return Array.from({ length: count }, (_, i) => ({
      from: wordAt(i, 0) - this.#inputPlace,
      to: wordAt(i, 1) - this.#inputPlace,
      index: wordAt(i, 2),
      line: wordAt(i, 3),
      depth: wordAt(i, 4),
    }));
  }

  #refusals(): readonly RawRefusal[] {
    const count = this.#wasm.refusalsDone();
    const words = new Uint32Array(this.#wasm.memory.buffer, this.#wasm.refusalPlace(), REFUSAL_WORDS * count);
    const refusals: RawRefusal[] = [];
    for (let at = 0; at < words.length; at += REFUSAL_WORDS) {
      const set = words[at + 1] ?? 0;
      const texts: (string | undefined)[] = [];
      for (let span = 0; span < SPANS; span++) {
        const from = (words[at + 2 + 2 * span] ?? 0) - this.#inputPlace;
        const to = (words[at + 3 + 2 * span] ?? 0) - this.#inputPlace;
        texts.push(((set >>> span) & 1) === 0 ? undefined : utf8.decode(this.#input.subarray(from, to)));
      }
      refusals.push({ row: words[at] ?? 0, texts });
    }
    return refusals;
  }

  #readTexts(): void {
    const count = this.#wasm.textCount();
    for (let id = this.#texts.length; id <= count; id++) {
      const bytes = new Uint8Array(this.#wasm.memory.buffer, this.#wasm.textPlace(id), this.#wasm.textLength(id));
      this.#texts.push(utf8.decode(bytes));
    }
  }
}

/** What stands between the quotes of a text of JSON, as the text that it is; as it stands where it is none, as in a cut line. */
export function unescaped(raw: string): string {
  if (!raw.includes("\\")) return raw;
  try {
    const text: unknown = JSON.parse(`"${raw}"`);
    return typeof text === "string" ? text : raw;
  } catch {
    return raw;
  }
}
