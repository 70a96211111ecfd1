/**
 * Answers of the outside to a key that was not met before: an action in the lowest byte, a column in the second, in the
 * third the context of what is nested, and the word of the row in the fourth.
 */

// Actions: what is done with a key's value. The same numbers are in `keys.ts`.
export const SKIP: u32 = 0;
export const TEXT: u32 = 1;
export const GUID: u32 = 2;
export const TIME: u32 = 3;
export const NUMBER: u32 = 4;
export const TRUTH: u32 = 5;
export const HOST: u32 = 6;
export const CATEGORY: u32 = 7;
export const NESTED: u32 = 8;
export const TRACES: u32 = 9;
/** Somebody reads the name, the scan does not: only where it says nothing is the record taken. */
export const UNREAD: u32 = 10;
/** As `UNREAD`, whatever it says. */
export const STRANGE: u32 = 11;
/** The name alone says something. */
export const MARK: u32 = 12;
export const SOURCE: u32 = 13;
export const MESSAGE: u32 = 14;
export const METADATA: u32 = 15;
export const CLAIM_TIME: u32 = 16;
export const CLAIM_NAME: u32 = 17;
export const CLAIM_VALUE: u32 = 18;
/** Something, told by the column's bit alone, unless it is empty. */
export const PRESENCE: u32 = 19;
/** A claim that only a refusal tells: where it stands. */
export const CLAIM_SPAN: u32 = 20;
/** A text that only a refusal tells: where it stands. */
export const SPAN: u32 = 21;
/** As `SPAN`, of any value, as it stands. */
export const RAW_SPAN: u32 = 22;
/** The id of the user's own: a GUID, or where it stands. */
export const OWN: u32 = 23;

// Contexts that the scan itself goes into. The same numbers are in `keys.ts`.
export const IN_RECORD: u32 = 0;
export const IN_TRACE: u32 = 2;
export const IN_CLAIMS: u32 = 3;
export const IN_CLAIM: u32 = 4;
/** Contexts from here on, but the error's, are of headers. */
export const FIRST_HEADERS: u32 = 5;
export const IN_ERROR: u32 = 8;
export const CONTEXTS: u32 = 9;

// Uses of `learnText`.
export const USE_CATEGORY: u32 = 0;
export const USE_SOURCE: u32 = 1;
export const USE_MESSAGE: u32 = 2;
export const USE_CLAIM: u32 = 3;
