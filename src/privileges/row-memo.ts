const FIRST = 1_024;
/** Entries at most: with eight telling words, 2 MB, and what they came to. */
const MOST = 1 << 15;

/** What rows with the same names came to, by the words that tell: a cache of one table of names, which begins anew when it is full. */
export class RowMemo<T> {
  readonly #telling: Int32Array;
  readonly #width: number;
  /** Not known to whoever writes the logs. */
  readonly #seed: number;
  /** By entry: the telling words and the trait. The entry after the last is where a row is written to be looked for. */
  #keys: Int32Array;
  /** By hash: entry + 1; 0 is empty. At most half full. */
  #index: Int32Array;
  #found: T[] = [];

  /** `telling`: words of a row. */
  constructor(telling: readonly number[], seed: number) {
    this.#telling = Int32Array.from(telling);
    this.#width = telling.length + 1;
    this.#seed = seed;
    this.#keys = new Int32Array(this.#width * FIRST);
    this.#index = new Int32Array(2 * FIRST);
  }

  /** `at`: the row's first word; `trait`: what tells beside its words. */
  get(words: Int32Array, at: number, trait: number, find: () => T): T {
    const found = this.#found;
    const index = this.#index;
    const slot = this.#slotOf(this.#write(words, at, trait));
    const known = found[(index[slot] ?? 0) - 1];
    if (known !== undefined) return known;
    const fresh = find();
    found.push(fresh);
    index[slot] = found.length;
    if (2 * found.length >= index.length) this.#grow();
    return fresh;
  }

  /** Gives where the row's key begins, behind the last entry. */
  #write(words: Int32Array, at: number, trait: number): number {
    const telling = this.#telling;
    const keys = this.#keys;
    const base = this.#width * this.#found.length;
    for (let i = 0; i < telling.length; i++) keys[base + i] = words[at + (telling[i] ?? 0)] ?? 0;
    keys[base + telling.length] = trait;
    return base;
  }

  /** The slot of the entry that has the key, or an empty one. */
  #slotOf(base: number): number {
    const keys = this.#keys;
    const index = this.#index;
    const width = this.#width;
    const mask = index.length - 1;
    let hash = this.#seed;
    for (let i = 0; i < width; i++) {
      hash = Math.imul(hash ^ (keys[base + i] ?? 0), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = (index[slot] ?? 0) - 1;
      if (entry < 0) return slot;
      const other = width * entry;
      let i = 0;
      while (i < width && keys[other + i] === keys[base + i]) i++;
      if (i === width) return slot;
    }
  }

  #grow(): void {
    const { length } = this.#found;
    if (length >= MOST) {
      this.#found = [];
      this.#index.fill(0);
      return;
    }
    const keys = new Int32Array(2 * this.#keys.length);
    keys.set(this.#keys);
    this.#keys = keys;
    this.#index = new Int32Array(2 * this.#index.length);
    for (let entry = 0; entry < length; entry++) this.#index[this.#slotOf(this.#width * entry)] = entry + 1;
  }
}
