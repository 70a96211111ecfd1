const SLOTS = 4_096;

/** What rows with the same names came to, by the words that tell: a cache that forgets, of one table of names. */
export class RowMemo<T> {
  readonly #telling: readonly number[];
  readonly #keys: Int32Array;
  readonly #found: (T | undefined)[] = Array.from({ length: SLOTS });

  /** `telling`: words of a row. */
  constructor(telling: readonly number[]) {
    this.#telling = telling;
    this.#keys = new Int32Array((telling.length + 1) * SLOTS);
  }

  /** `at`: the row's first word; `trait`: what tells beside its words. */
  get(words: Int32Array, at: number, trait: number, find: () => T): T {
    const telling = this.#telling;
    let hash = trait;
    for (const word of telling) hash = Math.imul(hash ^ (words[at + word] ?? 0), 0x9e3779b1) ^ (hash >>> 15);
    const slot = (hash >>> 8) & (SLOTS - 1);
    const base = (telling.length + 1) * slot;
    const known = this.#found[slot];
    let isKnown = known !== undefined && this.#keys[base + telling.length] === trait;
    for (let i = 0; isKnown && i < telling.length; i++)
      isKnown = this.#keys[base + i] === words[at + (telling[i] ?? 0)];
    if (known !== undefined && isKnown) return known;
    const found = find();
    for (let i = 0; i < telling.length; i++) this.#keys[base + i] = words[at + (telling[i] ?? 0)] ?? 0;
    this.#keys[base + telling.length] = trait;
    this.#found[slot] = found;
    return found;
  }
}
