/** Names in the place of people and applications, for those who may look and need not know whom. */
export interface Pseudonyms {
  /** The name that stands for one: the same one for the same, and only the key leads back. */
  of(name: string): string;
  /**
   * A text with pseudonyms in the place of the names in `known`, longest first, and of every GUID but those in `kept`;
   * addresses become networks.
   */
  hide(text: string, known: readonly string[], kept: ReadonlySet<string>): string;
}

/** How a pseudonym is written. */
export const PSEUDONYM = /^~[0-9a-f]{16}$/;
