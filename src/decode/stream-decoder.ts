import { type Decoded, DECODE_LIMITS, type DecodeLimits, decodeReject } from "./decoded.ts";
import { readElement } from "./read-element.ts";
import { unwrap } from "./unwrap.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;

const isSpace = (byte: number): boolean => byte === 0x20 || byte === NEWLINE || byte === 0x0d || byte === 0x09;

/** The beginning of an envelope whose list is read element by element, so that it may be of any size. */
const ENVELOPE = /^\{\s{0,64}"records"\s{0,64}:\s{0,64}$/i;
const ENVELOPE_HEAD = 256;

export interface StreamDecoder {
  /** How the input is cut into chunks never changes what comes out in the end. */
  push(chunk: Uint8Array): Decoded;
  end(): Decoded;
}

/**
 * Decodes input of any size: lines of JSON, one document, documents one after another, a list, `{"records":[…]}`.
 * A byte-level splitter finds the elements; each is read by itself, so memory is bounded by the largest element and one
 * broken element never costs its neighbours.
 */
export function createStreamDecoder(
  at: { readonly source: string; readonly partition: string },
  limits: DecodeLimits = DECODE_LIMITS,
): StreamDecoder {
  const splitter = new Splitter(at, limits);
  return {
    push(chunk) {
      splitter.push(chunk);
      return splitter.take();
    },
    end() {
      splitter.end();
      return splitter.take();
    },
  };
}

class Splitter {
  readonly #at: { readonly source: string; readonly partition: string };
  readonly #limits: DecodeLimits;
  #decoded: Decoded = { records: [], rejects: [] };
  /** Bytes from the start of the element that is being read. */
  #rest: Uint8Array = new Uint8Array(0);
  /** Where the element began, and how far it was scanned, in `#rest`. */
  #start = -1;
  #scanned = 0;
  #depth = 0;
  #deepest = 0;
  #inString = false;
  #escaped = false;
  #line = 1;
  #startLine = 1;
  /** Index of the next element in its line or list. */
  #index = 0;
  /** Lists and envelopes that are open around the elements. */
  #around: ("list" | "envelope")[] = [];
  /** An element longer than the limit is skipped. */
  #skipping = false;
  #began = false;

  constructor(at: { readonly source: string; readonly partition: string }, limits: DecodeLimits) {
    this.#at = at;
    this.#limits = limits;
  }

  take(): Decoded {
    const taken = this.#decoded;
    this.#decoded = { records: [], rejects: [] };
    return taken;
  }

  push(chunk: Uint8Array): void {
    this.#rest = this.#rest.length === 0 ? chunk : concat(this.#rest, chunk);
    this.#scan();
    this.#compact();
  }

  end(): void {
    this.#scan(true);
    if (this.#start >= 0) this.#emit(this.#rest.length, this.#depth > 0 || this.#inString);
    this.#rest = new Uint8Array(0);
    this.#start = -1;
    this.#scanned = 0;
  }

  #scan(last = false): void {
    const bytes = this.#rest;
    let i = this.#scanned;
    for (; i < bytes.length; i++) {
      const byte = bytes[i] ?? 0;
      if (this.#start < 0) i = this.#between(byte, i);
      else if (byte === NEWLINE && !this.#canTellNewline(i, last)) break;
      else this.#inside(byte, i);
      if (byte === NEWLINE) this.#line += 1;
    }
    this.#scanned = i;
  }

  /** A newline needs the byte behind it, to tell a new line of JSON from a document over many lines. */
  #canTellNewline(i: number, last: boolean): boolean {
    return last || i + 1 < this.#rest.length;
  }

  /** Between elements: white space, commas, and the lists around them. */
  #between(byte: number, i: number): number {
    if (byte === NEWLINE && this.#around.length === 0) this.#index = 0;
    if (isSpace(byte) || byte === COMMA) return i;
    if (!this.#began && isByteOrderMark(this.#rest, i)) return i + 2;
    this.#began = true;
    if (byte === OPEN_BRACKET) {
      this.#around.push("list");
      return i;
    }
    if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) {
      this.#around.pop();
      if (this.#around.length === 0) this.#index = 0;
      return i;
    }
    if (byte === OPEN_BRACE && this.#around.length === 0) {
      const end = this.#soundLine(i);
      if (end > i) return end;
    }
    this.#start = i;
    this.#startLine = this.#line;
    this.#depth = 0;
    this.#deepest = 0;
    this.#inString = false;
    this.#escaped = false;
    this.#inside(byte, i);
    return i;
  }

  /** Reads a whole line that is one sound document, which most lines are; gives the place of its last byte, or `i`. */
  #soundLine(i: number): number {
    const end = this.#rest.indexOf(NEWLINE, i);
    if (end < 0 || end - i > LONGEST_LINE) return i;
    const value = parseLine(this.#rest.subarray(i, end));
    if (value === undefined) return i;
    const position = { ...this.#at, sequence: this.#line, index: this.#index };
    const before = this.#decoded.records.length + this.#decoded.rejects.length;
    unwrap({ value, position, repairs: [] }, this.#decoded);
    this.#index += this.#decoded.records.length + this.#decoded.rejects.length - before;
    return end - 1;
  }

  #inside(byte: number, i: number): void {
    if (byte === NEWLINE) this.#newline(i);
    else if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) {
        this.#inString = false;
        if (this.#depth === 0) this.#emit(i + 1, false);
      }
    } else if (byte === QUOTE) this.#inString = true;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#open(byte, i);
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) this.#close(i);
    else if (this.#depth === 0 && byte === COMMA) this.#emit(i, false);
  }

  #open(byte: number, i: number): void {
    if (byte === OPEN_BRACKET && this.#depth === 1 && this.#isEnvelope(i)) {
      this.#around.push("envelope", "list");
      this.#start = -1;
      return;
    }
    this.#depth += 1;
    if (this.#depth > this.#deepest) this.#deepest = this.#depth;
  }

  #close(i: number): void {
    if (this.#depth === 0) {
      this.#emit(i, false);
      this.#around.pop();
      return;
    }
    this.#depth -= 1;
    if (this.#depth === 0) this.#emit(i + 1, false);
  }

  #isEnvelope(i: number): boolean {
    if (i - this.#start > ENVELOPE_HEAD) return false;
    let head = "";
    for (let at = this.#start; at < i; at++) head += String.fromCharCode(this.#rest[at] ?? 0);
    return ENVELOPE.test(head);
  }

  /**
   * Inside an element, a line that begins with a brace at once is the next line of JSON: this one was broken. In a
   * document over many lines such a line follows a comma, a colon or an opening bracket.
   */
  #newline(i: number): void {
    const next = this.#rest[i + 1];
    if (this.#depth === 0 && !this.#inString) return this.#emit(i, false);
    if (next !== OPEN_BRACE) return;
    const before = lastBefore(this.#rest, i, this.#start);
    const continues = before === COMMA || before === 0x3a || before === OPEN_BRACKET || before === OPEN_BRACE;
    const oneLine = this.#startLine === this.#line;
    if (continues && !this.#inString && !(oneLine && before === COMMA)) return;
    this.#emit(i, false);
    this.#around = [];
    this.#index = 0;
  }

  #emit(end: number, truncated: boolean): void {
    const bytes = this.#rest.subarray(this.#start, end);
    const position = { ...this.#at, sequence: this.#startLine, index: this.#index };
    const before = this.#decoded.records.length + this.#decoded.rejects.length;
    if (this.#skipping) {
      const detail = `Longer than ${this.#limits.elementBytes} bytes.`;
      this.#decoded.rejects.push(decodeReject(position, { reason: "too-long", detail }, ""));
    } else readElement(bytes, { position, depth: this.#deepest, truncated }, this.#decoded, this.#limits);
    this.#index += this.#decoded.records.length + this.#decoded.rejects.length - before;
    this.#skipping = false;
    this.#start = -1;
  }

  /** Forgets the bytes before the element that is being read, and those of one that is too long. */
  #compact(): void {
    if (this.#start >= 0 && this.#scanned - this.#start > this.#limits.elementBytes) {
      this.#skipping = true;
      this.#rest = this.#rest.slice(this.#scanned - 1);
      this.#start = 0;
      this.#scanned = 1;
      return;
    }
    const from = this.#start < 0 ? this.#scanned : this.#start;
    this.#rest = this.#rest.slice(from);
    this.#scanned -= from;
    if (this.#start >= 0) this.#start = 0;
  }
}

const LONGEST_LINE = 4_194_304;
const strict = new TextDecoder("utf-8", { fatal: true });

function parseLine(bytes: Uint8Array): object | undefined {
  try {
    const value: unknown = JSON.parse(strict.decode(bytes));
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

const isByteOrderMark = (bytes: Uint8Array, i: number): boolean =>
  bytes[i] === 0xef && bytes[i + 1] === 0xbb && bytes[i + 2] === 0xbf;

/** The last byte before `i` that is no white space. */
function lastBefore(bytes: Uint8Array, i: number, from: number): number {
  let at = i - 1;
  while (at > from && isSpace(bytes[at] ?? 0)) at -= 1;
  return bytes[at] ?? 0;
}
