/** Hands values from many writers to one reader; a writer waits while `limit` bytes are held. */
export interface ByteQueue<T> {
  /** Resolves once the value has its place, at once after an end; a value larger than the limit is let in when nothing else is held. */
  put(value: T, bytes: number): Promise<void>;
  /** Ends with an error; what is held is dropped. */
  fail(error: Error): void;
  /** Ends; what is held is dropped. */
  end(): void;
  /** Each value counts as held until the next is asked for. To be read once. */
  values(): AsyncGenerator<T>;
}

type End = { readonly kind: "ended" } | { readonly kind: "failed"; readonly error: Error };

export function createByteQueue<T>(limit: number): ByteQueue<T> {
  const items: { readonly value: T; readonly bytes: number }[] = [];
  const writers: (() => void)[] = [];
  let reader = (): void => {};
  let held = 0;
  let end: End | undefined;

  const finish = (how: End): void => {
    if (end !== undefined) return;
    end = how;
    items.length = 0;
    for (const writer of writers.splice(0)) writer();
    reader();
  };

  const mustWait = (bytes: number): boolean => end === undefined && held > 0 && held + bytes > limit;
  const isIdle = (): boolean => items.length === 0 && end === undefined;

  return {
    async put(value, bytes) {
      while (mustWait(bytes)) await new Promise<void>((resolve) => writers.push(resolve));
      if (end !== undefined) return;
      held += bytes;
      items.push({ value, bytes });
      reader();
    },
    fail: (error) => finish({ kind: "failed", error }),
    end: () => finish({ kind: "ended" }),
    async *values() {
      for (;;) {
        if (isIdle())
          await new Promise<void>((resolve) => {
            reader = resolve;
          });
        if (end?.kind === "failed") throw end.error;
        const item = items.shift();
        if (item === undefined) return;
        yield item.value;
        held -= item.bytes;
        for (const writer of writers.splice(0)) writer();
      }
    },
  };
}
