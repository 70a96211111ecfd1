/** Hands on what comes of several parts at once as if it had come of one after another. */
export class InOrder<T> {
  readonly #parts: readonly string[];
  readonly #take: (value: T) => void;
  /** Of parts whose turn has not come. */
  readonly #waiting = new Map<string, T[]>();
  readonly #ended = new Set<string>();
  #turn = 0;

  constructor(parts: readonly string[], take: (value: T) => void) {
    this.#parts = parts;
    this.#take = take;
  }

  /** A value of a part, at once where it is its turn; `isLast`: no other comes of it. */
  add(part: string, value: T, isLast: boolean): void {
    if (part === this.#parts[this.#turn]) this.#take(value);
    else this.#keep(part, value);
    if (!isLast) return;
    this.#ended.add(part);
    while (this.#ended.delete(this.#parts[this.#turn] ?? "")) this.#next();
  }

  #keep(part: string, value: T): void {
    const waiting = this.#waiting.get(part);
    if (waiting === undefined) this.#waiting.set(part, [value]);
    else waiting.push(value);
  }

  /** Whose turn it is now may have come in part, or wholly. */
  #next(): void {
    this.#turn += 1;
    const part = this.#parts[this.#turn] ?? "";
    for (const value of this.#waiting.get(part) ?? []) this.#take(value);
    this.#waiting.delete(part);
  }
}
