/** Stops asking a target that keeps failing: after some failures in a row it is left alone for a while, then tried once. */
export interface Breaker {
  /** Whether an attempt may be made now; while the circuit is half open, one. */
  allows(now: number): boolean;
  succeeded(): void;
  failed(now: number): void;
}

const FAILURES = 5;
const OPEN_MS = 30_000;

/** `now` is milliseconds of any clock that does not go back. */
export function createBreaker(failures = FAILURES, openMs = OPEN_MS): Breaker {
  let inRow = 0;
  let openUntil = Number.NEGATIVE_INFINITY;
  let probing = false;
  return {
    allows(now) {
      if (inRow < failures) return true;
      if (now < openUntil || probing) return false;
      probing = true;
      return true;
    },
    succeeded() {
      inRow = 0;
      probing = false;
    },
    failed(now) {
      inRow += 1;
      probing = false;
      if (inRow >= failures) openUntil = now + openMs;
    },
  };
}

/** Tokens that come back at a rate; a message costs one. */
export interface Bucket {
  take(now: number): boolean;
}

/** `perSecond` tokens come back in a second, up to `most`; it begins full. */
export function createBucket(perSecond: number, most: number): Bucket {
  let tokens = most;
  let last: number | undefined;
  return {
    take(now) {
      tokens = Math.min(most, tokens + ((now - (last ?? now)) / 1_000) * perSecond);
      last = now;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
