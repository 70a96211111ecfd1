/** The time of a service, as its answers tell it: this machine's clock may be wrong, or be set meanwhile. */
export interface ServiceClock {
  /** A `Date` header of an answer that came just now; what is none is not heard. */
  readonly heard: (header: string | undefined) => void;
  /** ms since 1970; this machine's own until an answer came. */
  now(): number;
  isHeard(): boolean;
}

/** `elapsed`: milliseconds of a clock that nobody sets. */
export function createServiceClock(own: () => number, elapsed: () => number): ServiceClock {
  let ahead: number | undefined;
  return {
    heard(header) {
      const at = Date.parse(header ?? "");
      if (!Number.isNaN(at)) ahead = at - elapsed();
    },
    isHeard: () => ahead !== undefined,
    now: () => (ahead === undefined ? own() : ahead + elapsed()),
  };
}
