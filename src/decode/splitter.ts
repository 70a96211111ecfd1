import type { Position, Reject } from "../model/record.ts";
import { createDecoded, type Decoded, type DecodeLimits, decodeReject, foundIn } from "./decoded.ts";
import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  concat,
  count,
  isFiller,
  isSpace,
  lastBefore,
  NEWLINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  parseLine,
  QUOTE,
} from "./bytes.ts";
import { nestsDeeper } from "./depth.ts";
import { readElement } from "./read-element.ts";
import { nextRecord } from "./resync.ts";
import { rejectRepeated, takeDocument } from "./take-document.ts";

/** The beginning of an envelope whose list is read element by element, so that it may be of any size. */
const ENVELOPE = /^\{[^{}[\]]{0,256}"records"\s{0,64}:\s{0,64}$/i;
const ENVELOPE_HEAD = 512;
const LONGEST_LINE = 4_194_304;
/** Bytes of broken elements that are read again, as a multiple of those that came, and beyond that. */
const READ_AGAIN = 16;
const READ_AGAIN_BYTES = 16 << 20;

/** The list of an envelope is a `list` in an `envelope`. */
type Around = "list" | "envelope";

/**
 * Finds the elements of lines, documents, lists and envelopes in bytes that come in chunks, and reads each by itself.
 */
export class Splitter {
  readonly #at: { readonly source: string; readonly partition: string };
  readonly #limits: DecodeLimits;
  #decoded: Decoded = createDecoded();
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
  #around: Around[] = [];
  /** The element is no record, but another member of the envelope. */
  #isMember = false;
  /** It is another list of records, and too long to be held. */
  #isLongList = false;
  /** An element longer than the limit is skipped. */
  #isSkipping = false;
  /** What comes next cannot be told without more bytes. */
  #waits = false;
  /** The line is no document by itself: its elements are found byte by byte. */
  #mixedLine = 0;
  #received = 0;
  #readAgain = 0;

  constructor(at: { readonly source: string; readonly partition: string }, limits: DecodeLimits) {
    this.#at = at;
    this.#limits = limits;
  }

  /** Nothing is pending: what comes next is the beginning of a line by itself. */
  get isIdle(): boolean {
    return this.#start < 0 && this.#around.length === 0 && this.#rest.length === 0 && this.#index === 0;
  }

  /** Lines were read by another while this was idle; gives the number of the first. */
  passLines(lines: number): number {
    const first = this.#line;
    this.#line += lines;
    return first;
  }

  take(): Decoded {
    const taken = this.#decoded;
    this.#decoded = createDecoded();
    return taken;
  }

  push(chunk: Uint8Array): void {
    this.#received += chunk.length;
    this.#rest = this.#rest.length === 0 ? chunk : concat(this.#rest, chunk);
    this.#scan(false);
    while (this.#isTooLong() && !this.#isSkipping) this.#cutOrSkip();
    this.#compact();
  }

  end(): void {
    this.#scan(true);
    while (this.#start >= 0) {
      this.#scanned = this.#emit(this.#rest.length, this.#depth > 0 || this.#inString);
      this.#scan(true);
    }
    this.#rest = new Uint8Array(0);
    this.#scanned = 0;
  }

  #scan(last: boolean): void {
    let i = this.#scanned;
    this.#waits = false;
    while (i < this.#rest.length && !this.#waits) i = this.#start < 0 ? this.#between(i) : this.#inside(i, last);
    this.#scanned = i;
  }

  /** Between elements: white space, commas, and the lists around them. Gives where to go on. */
  #between(i: number): number {
    const byte = this.#rest[i] ?? 0;
    if (byte === NEWLINE) this.#line += 1;
    if (byte === NEWLINE && this.#around.length === 0) this.#index = 0;
    if (isFiller(byte)) return i + 1;
    if (byte === OPEN_BRACKET) {
      if (this.#around.length < this.#limits.depth) this.#around.push("list");
      return i + 1;
    }
    if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) {
      this.#around.pop();
      if (this.#around.length === 0) this.#index = 0;
      return i + 1;
    }
    const end = byte === OPEN_BRACE ? this.#soundLine(i) : i;
    if (end > i) return end;
    this.#begin(i);
    return i;
  }

  #begin(i: number): void {
    this.#start = i;
    this.#startLine = this.#line;
    this.#depth = 0;
    this.#deepest = 0;
    this.#inString = false;
    this.#escaped = false;
    this.#isLongList = false;
    this.#isMember = this.#rest[i] === QUOTE && this.#around.at(-1) === "envelope";
  }

  /** Reads a whole line that is one sound document, which most lines are; gives where it ends, or `i`. */
  #soundLine(i: number): number {
    if (this.#mixedLine === this.#line) return i;
    const end = this.#rest.indexOf(NEWLINE, i);
    const line = end < 0 ? undefined : this.#lineAt(i, end);
    if (line === undefined) {
      this.#mixedLine = this.#line;
      return i;
    }
    const position = { ...this.#at, sequence: this.#line, index: this.#index };
    const before = foundIn(this.#decoded);
    takeDocument({ ...line, position, repairs: [] }, this.#decoded);
    this.#index += foundIn(this.#decoded) - before;
    return end;
  }

  /** The document that the line is, with a comma behind it where it stands in a list. */
  #lineAt(from: number, to: number): ReturnType<typeof parseLine> {
    let end = to;
    while (isSpace(this.#rest[end - 1] ?? 0)) end -= 1;
    if (this.#rest[end - 1] === COMMA && this.#around.at(-1) === "list") end -= 1;
    const longest = Math.min(LONGEST_LINE, this.#limits.elementBytes);
    if (this.#rest[end - 1] !== CLOSE_BRACE || end - from > longest) return undefined;
    const bytes = this.#rest.subarray(from, end);
    return nestsDeeper(bytes, this.#limits.depth) ? undefined : parseLine(bytes);
  }

  #inside(from: number, last: boolean): number {
    let i = from;
    while (i < this.#rest.length) {
      const byte = this.#rest[i] ?? 0;
      if (byte === NEWLINE) i = this.#newline(i, last);
      else if (this.#inString) i = this.#inText(byte, i);
      else if (byte === QUOTE) {
        this.#inString = true;
        i += 1;
      } else if ((byte | 0x20) === OPEN_BRACE) i = this.#open(byte, i);
      else if ((byte | 0x20) === CLOSE_BRACE) i = this.#close(i);
      else if (byte === COMMA && this.#depth === 0) i = this.#emit(i, false);
      else i += 1;
      if (this.#start < 0 || this.#waits) return i;
    }
    return i;
  }

  #inText(byte: number, i: number): number {
    if (this.#escaped) {
      this.#escaped = false;
      return i + 1;
    }
    if (byte === QUOTE) {
      this.#inString = false;
      return this.#depth === 0 && !this.#isMember ? this.#emit(i + 1, false) : i + 1;
    }
    if (byte === BACKSLASH) {
      this.#escaped = true;
      return i + 1;
    }
    const bytes = this.#rest;
    let end = i + 1;
    while (end < bytes.length) {
      const next = bytes[end] ?? 0;
      if (next === QUOTE || next === BACKSLASH || next === NEWLINE) break;
      end += 1;
    }
    return end;
  }

  #open(byte: number, i: number): number {
    if (byte === OPEN_BRACKET && this.#depth === 1 && this.#isEnvelope(i)) {
      this.#around.push("envelope", "list");
      this.#start = -1;
      return i + 1;
    }
    this.#depth += 1;
    if (this.#depth > this.#deepest) this.#deepest = this.#depth;
    return i + 1;
  }

  /** A bracket that the element did not open closes what is around it. */
  #close(i: number): number {
    if (this.#depth === 0) return this.#emit(i, false);
    this.#depth -= 1;
    return this.#depth === 0 ? this.#emit(i + 1, false) : i + 1;
  }

  #isEnvelope(i: number): boolean {
    if (i - this.#start > ENVELOPE_HEAD || this.#around.length >= this.#limits.depth) return false;
    let head = "";
    for (let at = this.#start; at < i; at++) head += String.fromCharCode(this.#rest[at] ?? 0);
    return ENVELOPE.test(head);
  }

  #newline(i: number, last: boolean): number {
    if (this.#depth === 0 && !this.#inString) return this.#emit(i, false);
    this.#waits = i + 1 >= this.#rest.length && !last;
    const isAnother = !this.#waits && this.#rest[i + 1] === OPEN_BRACE && this.#beginsAnother(i, last);
    if (this.#waits) return i;
    if (!isAnother) {
      this.#line += 1;
      this.#escaped = false;
      return i + 1;
    }
    const next = this.#emit(i, false);
    if (next === i) {
      this.#around = [];
      this.#index = 0;
    }
    return next;
  }

  /**
   * Inside an element, a line that begins with a brace at once is another document if this one cannot go on with a
   * brace. Where it can (the line was cut inside a text, or behind a comma), the line itself tells: it is sound.
   */
  #beginsAnother(i: number, last: boolean): boolean {
    const before = lastBefore(this.#rest, i, this.#start);
    const canGoOn = before === COMMA || before === COLON || before === OPEN_BRACKET || before === OPEN_BRACE;
    const isDoubtful = this.#inString || (before === COMMA && this.#startLine === this.#line);
    if (!isDoubtful) return !canGoOn;
    const end = this.#rest.indexOf(NEWLINE, i + 1);
    this.#waits = end < 0 && !last && this.#rest.length - i <= LONGEST_LINE;
    return !this.#waits && this.#lineAt(i + 1, end < 0 ? this.#rest.length : end) !== undefined;
  }

  /** Reads the element that ends at `end`; gives where to go on: behind it, or in it where another record begins. */
  #emit(end: number, truncated: boolean): number {
    const start = this.#start;
    const bytes = this.#rest.subarray(start, end);
    const read = this.#isMember ? this.#passMember(bytes) : this.#read(bytes, truncated);
    if (read < bytes.length) {
      this.#readAgain += bytes.length - read;
      this.#line = this.#startLine + count(bytes.subarray(0, read), NEWLINE);
    }
    this.#isSkipping = false;
    this.#start = -1;
    return start + read;
  }

  /** Members beside the list say nothing of records, unless one is a list of them again; one on the next line is read there. */
  #passMember(bytes: Uint8Array): number {
    if (!this.#isLongList && (this.#isSkipping || !namesRecords(bytes) || lastBefore(bytes, bytes.length, 0) === COLON))
      return bytes.length;
    const position = { ...this.#at, sequence: this.#startLine, index: this.#index++ };
    rejectRepeated(position, "", this.#decoded);
    return bytes.length;
  }

  #read(bytes: Uint8Array, truncated: boolean): number {
    const position = { ...this.#at, sequence: this.#startLine, index: this.#index };
    const before = foundIn(this.#decoded);
    const at = { position, depth: this.#deepest, truncated, mayCut: this.#mayCut() };
    const isTooLong = this.#isSkipping || bytes.length > this.#limits.elementBytes;
    const end = isTooLong ? this.#cut(bytes) : bytes.length;
    const read =
      isTooLong && end === bytes.length ? end : readElement(bytes.subarray(0, end), at, this.#decoded, this.#limits);
    if (isTooLong && end === bytes.length) this.#decoded.rejects.push(tooLong(position, this.#limits));
    this.#index += foundIn(this.#decoded) - before;
    return read;
  }

  /** Where in an element that is too long the next record begins; its length, when nowhere. */
  #cut(bytes: Uint8Array): number {
    const next = this.#mayCut() && !this.#isSkipping ? nextRecord(bytes.subarray(0, this.#limits.elementBytes)) : -1;
    return next > 0 ? next : bytes.length;
  }

  #mayCut(): boolean {
    return this.#readAgain <= READ_AGAIN * this.#received + READ_AGAIN_BYTES;
  }

  #isTooLong(): boolean {
    return this.#start >= 0 && this.#scanned - this.#start > this.#limits.elementBytes;
  }

  /** An element that has grown too long goes on at the next record in it, or is skipped to its end. */
  #cutOrSkip(): void {
    const end = this.#start + this.#limits.elementBytes;
    this.#isLongList = this.#isMember && namesRecords(this.#rest.subarray(this.#start));
    this.#isSkipping = this.#cut(this.#rest.subarray(this.#start, end)) === end - this.#start;
    if (this.#isSkipping) return;
    this.#scanned = this.#emit(end + 1, false);
    this.#scan(false);
  }

  /** Forgets the bytes before the element that is being read, and those of one that is too long. */
  #compact(): void {
    const from = this.#start < 0 ? this.#scanned : this.#isSkipping ? this.#scanned - 1 : this.#start;
    this.#rest = this.#rest.slice(from);
    this.#scanned -= from;
    if (this.#start >= 0) this.#start = 0;
  }
}

/** Whether a member of an envelope is called `records`. */
const namesRecords = (member: Uint8Array): boolean => {
  const [quote, ...name] = member.subarray(0, 9);
  return quote === QUOTE && member[8] === QUOTE && String.fromCharCode(...name.slice(0, 7)).toLowerCase() === "records";
};

const tooLong = (position: Position, { elementBytes }: DecodeLimits): Reject =>
  decodeReject(position, { reason: "too-long", detail: `Longer than ${elementBytes} bytes.` }, "");
