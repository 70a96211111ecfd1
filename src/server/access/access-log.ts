/** Something that somebody was shown and that is kept on record. */
export interface AccessEvent {
  readonly who: string;
  readonly what: "reveal";
  /** The pseudonym that was asked for. */
  readonly of: string;
  readonly reason: string;
  /** Whether there was a name to show. */
  readonly found: boolean;
}

/** Told before the answer goes out; throws where it cannot be kept, and then nothing is shown. */
export type AccessLog = (event: AccessEvent) => void;
