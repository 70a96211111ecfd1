import { intern, MOST_TEXTS, textLength, textPlace } from "./intern";
import { allocate } from "./memory";
import { punt } from "./record";

/** What a text stands for where few are known: a category, a trace's source, a claim's name. */
@external("outside", "learnText")
declare function learnText(use: u32, text: usize, length: u32): u32;

// Uses of `learnText`.
export const USE_CATEGORY: u32 = 0;
export const USE_SOURCE: u32 = 1;
export const USE_MESSAGE: u32 = 2;
export const USE_CLAIM: u32 = 3;

/** Texts longer than this are cut by who reads them: not here. */
const LONGEST_TEXT: u32 = 250;

/** Use and meaning of each text of a generation: learned once. */
let meanings: usize = 0;
const MEANING_BYTES: usize = 8 * (MOST_TEXTS + 1);

export function prepareMeanings(): void {
  meanings = allocate(MEANING_BYTES);
}

export function forgetMeanings(): void {
  memory.fill(meanings, 0, MEANING_BYTES);
}

/** What a text stands for; learned once a generation and use. */
export function meaningOf(use: u32, id: u32): u32 {
  const at = meanings + (id << 3);
  if (load<u32>(at) == use + 1) return load<u32>(at, 4);
  const meaning = learnText(use, textPlace(id), textLength(id));
  store<u32>(at, use + 1);
  store<u32>(at, meaning, 4);
  return meaning;
}

/** The id of a text that is not empty; 0 (and the record is for others) where it is too long or there is no room. */
export function idOf(p: usize, end: usize): u32 {
  const length = (end - p) as u32;
  if (length == 0) return 0;
  const id = length > LONGEST_TEXT ? 0 : intern(p, length);
  if (id == 0) punt();
  return id;
}
