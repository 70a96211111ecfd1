import { type Parsed, parseJson } from "./parse-json.ts";

export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const NEWLINE = 0x0a;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const COLON = 0x3a;
export const COMMA = 0x2c;

export const isSpace = (byte: number): boolean => byte === 0x20 || byte === NEWLINE || byte === 0x0d || byte === 0x09;

/** Between records also: NUL bytes of a file that was made before it was written, RFC 7464's separator, byte order marks. */
const FILLERS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0d, NEWLINE, COMMA, 0x00, 0x1e, 0xef, 0xbb, 0xbf]);
export const isFiller = (byte: number): boolean => FILLERS.has(byte);

const strict = new TextDecoder("utf-8", { fatal: true });

/** A whole line that is one object or list. */
export function parseLine(bytes: Uint8Array): (Parsed & { readonly text: string }) | undefined {
  try {
    const text = strict.decode(bytes);
    const parsed = parseJson(text);
    return typeof parsed.value === "object" && parsed.value !== null ? { ...parsed, text } : undefined;
  } catch {
    return undefined;
  }
}

export function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

export function count(bytes: Uint8Array, byte: number): number {
  let found = 0;
  for (let at = bytes.indexOf(byte); at >= 0; at = bytes.indexOf(byte, at + 1)) found += 1;
  return found;
}

/** The last byte before `i` that is no white space. */
export function lastBefore(bytes: Uint8Array, i: number, from: number): number {
  let at = i - 1;
  while (at > from && isSpace(bytes[at] ?? 0)) at -= 1;
  return bytes[at] ?? 0;
}
