/** Control, format (bidirectional, zero-width), line and paragraph separators: what could forge a terminal or a log. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text from outside for a terminal or a log line: what could forge it is shown as its code point. */
export const plainText = (text: string): string =>
  text.replaceAll(UNSAFE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
