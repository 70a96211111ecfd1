/** Asks for the next value while the last one is being used; one ahead, so memory stays bounded. */
export async function* readAhead<T>(values: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = values.next();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done === true) return;
      next = values.next();
      yield value;
    }
  } finally {
    await Promise.allSettled([next, values.return(undefined)]);
  }
}
