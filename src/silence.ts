interface Heard {
  ticks: number;
  /** Partitions that were not at their ends when they were last heard of. */
  readonly behind: Set<string>;
}

/**
 * Finds sources that are behind and say nothing, for instance because their hub does not answer. Time is counted in ticks of
 * whoever reads. A source that still delivers from any partition is not silent: one may be read after another.
 */
export class Silence {
  readonly #limit: number;
  readonly #sources = new Map<string, Heard>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  heard(source: string, partitions: readonly string[], caughtUp: boolean): void {
    const heard = this.#sources.get(source) ?? { ticks: 0, behind: new Set() };
    this.#sources.set(source, heard);
    heard.ticks = 0;
    for (const partition of partitions) {
      if (caughtUp) heard.behind.delete(partition);
      else heard.behind.add(partition);
    }
  }

  /** One tick more; gives the partitions of sources that have been silent long enough, each once. */
  tick(): readonly string[] {
    const silent: string[] = [];
    for (const heard of this.#sources.values()) {
      heard.ticks += 1;
      if (heard.ticks < this.#limit) continue;
      silent.push(...heard.behind);
      heard.behind.clear();
    }
    return silent;
  }
}
