import { hash64 } from "../lib/hash.ts";

/**
 * Texts of the logs by dense ids, so that events can be rows of numbers; 0 is what a log does not tell.
 * Plain data: survives a structured clone.
 */
export interface Names {
  /** Seed of the hashes: not known to whoever writes the logs. */
  readonly seed: number;
  readonly ids: Map<string, number>;
  /** By id. */
  readonly texts: string[];
  /** Four words an id: a hash of the text, and one of it lower-cased. */
  hashes: Uint32Array;
}

const FIRST_ROOM = 1_024;
export const HASH_WORDS = 4;

export const createNames = (seed: number): Names => ({
  seed,
  ids: new Map(),
  texts: [""],
  hashes: new Uint32Array(HASH_WORDS * FIRST_ROOM),
});

/** The text's id, a new one where it has none yet. An empty text is none. */
export function nameId(names: Names, text: string | undefined): number {
  if (text === undefined || text === "") return 0;
  const known = names.ids.get(text);
  return known ?? addName(names, text);
}

function addName(names: Names, text: string): number {
  const id = names.texts.length;
  names.ids.set(text, id);
  names.texts.push(text);
  if (HASH_WORDS * (id + 1) > names.hashes.length) names.hashes = doubled(names.hashes);
  names.hashes.set(hash64(text, names.seed), HASH_WORDS * id);
  names.hashes.set(hash64(text.toLowerCase(), names.seed), HASH_WORDS * id + 2);
  return id;
}

function doubled(words: Uint32Array): Uint32Array {
  const larger = new Uint32Array(2 * words.length);
  larger.set(words);
  return larger;
}

/** The text of an id; undefined for 0. */
export const nameText = (names: Names, id: number): string | undefined => (id === 0 ? undefined : names.texts[id]);
