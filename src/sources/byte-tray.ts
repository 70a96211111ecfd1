/** Reads a stream of chunks by looking ahead and giving back; `taken` counts what is out and not given back. */
export interface ByteTray {
  /** Up to `limit` bytes; undefined when there are none left. */
  take(limit: number): Promise<Uint8Array | undefined>;
  giveBack(bytes: Uint8Array): void;
  /** The next `count` bytes, fewer only at the end. */
  peek(count: number): Promise<Uint8Array>;
  skipZeros(): Promise<void>;
  taken(): number;
  /** Lets go of the chunks' source. */
  close(): Promise<void>;
}

export function createByteTray(chunks: AsyncIterable<Uint8Array>): ByteTray {
  const iterator = chunks[Symbol.asyncIterator]();
  let held: Uint8Array = new Uint8Array(0);
  let taken = 0;

  const fill = async (count: number): Promise<void> => {
    while (held.length < count) {
      const next = await iterator.next();
      if (next.done === true) return;
      held = held.length === 0 ? next.value : Buffer.concat([held, next.value]);
    }
  };
  const take = async (limit: number): Promise<Uint8Array | undefined> => {
    await fill(1);
    if (held.length === 0) return undefined;
    const bytes = held.subarray(0, Math.min(limit, held.length));
    held = held.subarray(bytes.length);
    taken += bytes.length;
    return bytes;
  };
  const giveBack = (bytes: Uint8Array): void => {
    if (bytes.length === 0) return;
    taken -= bytes.length;
    held = held.length === 0 ? bytes : Buffer.concat([bytes, held]);
  };

  return {
    take,
    giveBack,
    async peek(count) {
      await fill(count);
      return held.subarray(0, count);
    },
    async skipZeros() {
      for (let bytes = await take(65_536); bytes !== undefined; bytes = await take(65_536)) {
        const start = bytes.findIndex((byte) => byte !== 0);
        if (start < 0) continue;
        giveBack(bytes.subarray(start));
        return;
      }
    },
    taken: () => taken,
    async close() {
      await iterator.return?.();
    },
  };
}
