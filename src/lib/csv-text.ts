/**
 * What a spreadsheet may take for a formula: these signs, also full-width, behind spaces or quotes. A cell that begins with
 * an apostrophe gets another one, so that what is written can be told from what was there.
 * Source: OWASP, CSV injection (CWE-1236).
 */
const FORMULA = /^[\s"\u{feff}\0]*[=+\-@\t\r\n\0＝＋－＠']/u;
const QUOTED = /[",;\t\r\n]|^\s|\s$/;

/** A text as a cell that no spreadsheet runs: RFC 4180 quotes, an apostrophe before what looks like a formula. */
export function csvText(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return QUOTED.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
