import type { Position } from "../../model/record.ts";
import { createDecoded, type Decoded, foundIn } from "../decoded.ts";
import type { Splitter } from "../splitter.ts";
import { parseJson } from "../parse-json.ts";
import { takeDocument } from "../take-document.ts";
import { SCAN_BYTES, type Scanner } from "./scanner.ts";

const NEWLINE = 0x0a;
/** What is given at once to the splitter while it is within something, at first; doubles as long as that goes on. */
const FIRST_PART = 64 << 10;

const utf8 = new TextDecoder();

/**
 * Gives whole lines to the scan and everything else to the splitter: lines that the scan does not take, what spans lines, and
 * the records of a line that it leaves to others. What comes out is what the splitter alone would give.
 */
export class LineScan {
  readonly #at: { readonly source: string; readonly partition: string };
  readonly #splitter: Splitter;
  readonly #scanner: Scanner;
  /** Room for the beginning of a line whose end has not come yet, and how much of it is held. */
  #rest: Uint8Array = new Uint8Array(0);
  #held = 0;
  #part = FIRST_PART;
  #decoded: Decoded = createDecoded();

  constructor(at: { readonly source: string; readonly partition: string }, splitter: Splitter, scanner: Scanner) {
    this.#at = at;
    this.#splitter = splitter;
    this.#scanner = scanner;
  }

  /** `isScanned` false: all of it the general way, record by record in their order. */
  push(chunk: Uint8Array, isScanned = true): Decoded {
    if (isScanned) {
      let from = 0;
      while (from < chunk.length) from = this.#splitter.isIdle ? this.#scan(chunk, from) : this.#split(chunk, from);
    } else {
      this.#toSplitter(this.#letGo());
      this.#toSplitter(chunk);
    }
    return this.#take();
  }

  end(): Decoded {
    this.#splitter.push(this.#letGo());
    this.#splitter.end();
    this.#drain();
    return this.#take();
  }

  #take(): Decoded {
    const taken = this.#decoded;
    this.#decoded = createDecoded();
    return taken;
  }

  /** Scans lines, those that began in an earlier chunk first; gives how far it came. */
  #scan(chunk: Uint8Array, from: number): number {
    this.#part = FIRST_PART;
    const held = this.#held;
    const taken = Math.min(chunk.length - from, SCAN_BYTES - held);
    const { input } = this.#scanner;
    input.set(this.#rest.subarray(0, held));
    input.set(chunk.subarray(from, from + taken), held);
    this.#held = 0;
    const to = held + taken;
    let at = 0;
    for (;;) {
      const { stop, lines } = this.#scanner.lines(at, to);
      const sequence = this.#splitter.passLines(lines);
      takeScanned(this.#scanner, { ...this.#at, sequence, index: 0 }, this.#decoded);
      at = stop.at;
      if (stop.kind === "full") continue;
      if (stop.kind === "line") {
        at = stop.newline + 1;
        this.#toSplitter(input.slice(stop.at, at));
        if (this.#splitter.isIdle) continue;
        return from + at - held;
      }
      if (at === 0 && to === SCAN_BYTES) this.#toSplitter(input.slice(0, to));
      else this.#hold(input.subarray(at, to));
      return from + taken;
    }
  }

  #hold(bytes: Uint8Array): void {
    if (bytes.length > this.#rest.length) this.#rest = new Uint8Array(Math.min(SCAN_BYTES, 2 * bytes.length));
    this.#rest.set(bytes);
    this.#held = bytes.length;
  }

  /** What is held, to be kept by another. */
  #letGo(): Uint8Array {
    const held = this.#rest.slice(0, this.#held);
    this.#held = 0;
    return held;
  }

  #toSplitter(bytes: Uint8Array): void {
    this.#splitter.push(bytes);
    this.#drain();
  }

  #drain(): void {
    const { records, rejects } = this.#splitter.take();
    for (const record of records) this.#decoded.records.push(record);
    for (const reject of rejects) this.#decoded.rejects.push(reject);
  }

  /** What spans lines goes on in the splitter, to the end of a line where one is near. */
  #split(chunk: Uint8Array, from: number): number {
    const newline = chunk.indexOf(NEWLINE, Math.min(chunk.length, from + this.#part));
    const to = newline < 0 ? chunk.length : newline + 1;
    this.#part *= 2;
    this.#toSplitter(chunk.subarray(from, to));
    return to;
  }
}

/** Takes the rows of what was scanned, and parses what the scan left to others. `position` is that of its first line. */
export function takeScanned(scanner: Scanner, position: Position, into: Decoded): void {
  const { columns, punts } = scanner.take();
  if (columns.count > 0) into.scans.push(columns);
  // An element may hold an envelope itself: what is found in it counts, not the element.
  let more = 0;
  let lastLine = -1;
  for (const { from, to, index, line, depth } of punts) {
    if (line !== lastLine) more = 0;
    lastLine = line;
    const text = utf8.decode(scanner.input.subarray(from, to));
    const at = { ...position, sequence: position.sequence + line, index: index + more };
    const before = foundIn(into);
    takeDocument({ ...parseJson(text), text, position: at, repairs: [] }, into, depth);
    more += foundIn(into) - before - 1;
  }
}
