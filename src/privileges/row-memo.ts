/** Rows that are looked up together before they are counted: the processor waits for the memory of many at once. */
export const STEP = 64;
const FIRST = 1_024;
/** Entries at most: with eight telling words, 2 MB, and what they came to. */
const MOST = 1 << 15;

/** Odd numbers, one a word: a sum of products does not wait for the word before. */
const MULTIPLIERS = Int32Array.from({ length: 16 }, (_, i) => Math.imul(2 * i + 1, 0x9e3779b1) | 1);

/** What rows with the same names came to, by the words that tell: a cache of one table of names, which begins anew when it is full. */
export class RowMemo<T> {
  readonly #telling: Int32Array;
  /** Not known to whoever writes the logs. */
  readonly #seed: number;
  /** By entry: the telling words. */
  #keys: Int32Array;
  /** By hash: entry + 1; 0 is empty. At most half full. */
  #index: Int32Array;
  #found: T[] = [];
  /** Where what was looked for last and not found belongs. */
  #slot = 0;

  /** `telling`: words of a row, 16 at most. */
  constructor(telling: readonly number[], seed: number) {
    this.#telling = Int32Array.from(telling);
    this.#seed = seed;
    this.#keys = new Int32Array(telling.length * FIRST);
    this.#index = new Int32Array(2 * FIRST);
  }

  /** `at`: the row's first word. Undefined where nothing was put for its telling words: `put` with the same row follows. */
  get(words: Int32Array, at: number): T | undefined {
    const telling = this.#telling;
    const keys = this.#keys;
    const index = this.#index;
    const width = telling.length;
    const mask = index.length - 1;
    for (let slot = this.#homeOf(words, at) & mask; ; slot = (slot + 1) & mask) {
      const entry = (index[slot] ?? 0) - 1;
      if (entry < 0) {
        this.#slot = slot;
        return undefined;
      }
      const other = width * entry;
      let i = 0;
      while (i < width && keys[other + i] === words[at + (telling[i] ?? 0)]) i++;
      if (i === width) return this.#found[entry];
    }
  }

  /** What the row that was looked for last and not found came to. */
  put(words: Int32Array, at: number, found: T): T {
    const telling = this.#telling;
    const base = telling.length * this.#found.length;
    for (let i = 0; i < telling.length; i++) this.#keys[base + i] = words[at + (telling[i] ?? 0)] ?? 0;
    this.#found.push(found);
    this.#index[this.#slot] = this.#found.length;
    if (2 * this.#found.length >= this.#index.length) this.#grow();
    return found;
  }

  #homeOf(words: Int32Array, at: number): number {
    const telling = this.#telling;
    const seed = this.#seed;
    let sum = seed;
    for (let i = 0; i < telling.length; i++)
      sum = (sum + Math.imul((words[at + (telling[i] ?? 0)] ?? 0) ^ seed, MULTIPLIERS[i] ?? 1)) | 0;
    return mixed(sum);
  }

  #grow(): void {
    const { length } = this.#found;
    if (length >= MOST) {
      this.#found = [];
      this.#index.fill(0);
      return;
    }
    const width = this.#telling.length;
    const keys = new Int32Array(2 * this.#keys.length);
    keys.set(this.#keys);
    this.#keys = keys;
    this.#index = new Int32Array(2 * this.#index.length);
    const mask = this.#index.length - 1;
    for (let entry = 0; entry < length; entry++) {
      let sum = this.#seed;
      for (let i = 0; i < width; i++)
        sum = (sum + Math.imul((keys[width * entry + i] ?? 0) ^ this.#seed, MULTIPLIERS[i] ?? 1)) | 0;
      let slot = mixed(sum) & mask;
      while (this.#index[slot] !== 0) slot = (slot + 1) & mask;
      this.#index[slot] = entry + 1;
    }
  }
}

function mixed(sum: number): number {
  const hash = Math.imul(sum ^ (sum >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}
