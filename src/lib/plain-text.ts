/** Control, bidirectional and zero-width characters, which could forge what a terminal or a log shows. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Text from outside for a terminal or a log line: what could forge it is shown as its code point. */
export const plainText = (text: string): string =>
  text.replaceAll(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
