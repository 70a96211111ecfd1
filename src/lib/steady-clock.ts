/**
 * A clock that goes on at least as `elapsed` does and never back, however the wall clock is set: what it is asked to wait for comes in
 * time. Where the wall clock is put forward it follows. Both in milliseconds; `elapsed` is of a clock that nobody sets.
 */
export function steadyClock(wall: () => number, elapsed: () => number): () => number {
  let ahead = wall() - elapsed();
  return () => {
    ahead = Math.max(ahead, wall() - elapsed());
    return ahead + elapsed();
  };
}

/** Tells by how much the wall clock was set since the last look, in ms; 0 where that is within what clocks differ by. */
export function clockWatch(wall: () => number, elapsed: () => number): () => number {
  let ahead = wall() - elapsed();
  return () => {
    const by = wall() - elapsed() - ahead;
    if (Math.abs(by) < SET_MS) return 0;
    ahead += by;
    return by;
  };
}

const SET_MS = 2_000;
