/** A document that was read. Where it has a key twice, `value` has the first value of each, and `last` has the last. */
export interface Parsed {
  readonly value: unknown;
  readonly last?: unknown;
}

/** As `JSON.parse`, which takes the last value of a key that comes twice and tells nobody of the others. */
export function parseJson(text: string): Parsed {
  const value: unknown = JSON.parse(text);
  if (membersOf(text) === keysOf(value)) return { value };
  const { first, last } = new BothReader(text).read();
  return { value: first, last };
}

/** Members of all objects of sound JSON, those that come again too. */
function membersOf(text: string): number {
  let members = 0;
  for (let quote = text.indexOf('"'); quote >= 0; ) {
    const end = textEnd(text, quote);
    if (text.charCodeAt(spaceEnd(text, end)) === COLON) members += 1;
    quote = text.indexOf('"', end);
  }
  return members;
}

/** Keys of all objects in it. */
function keysOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const inside: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  let keys = Array.isArray(value) ? 0 : inside.length;
  for (const each of inside) if (typeof each === "object") keys += keysOf(each);
  return keys;
}

const BACKSLASH = 0x5c;
const COLON = 0x3a;

/** Behind the quote that ends the text whose first quote is at `from`. */
function textEnd(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); ; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === BACKSLASH) before -= 1;
    if ((end - before) % 2 === 1) return end + 1;
  }
}

function spaceEnd(text: string, from: number): number {
  let at = from;
  for (let code = text.charCodeAt(at); code === 0x20 || (code >= 0x09 && code <= 0x0d); code = text.charCodeAt(at))
    at += 1;
  return at;
}

interface Both {
  readonly first: unknown;
  readonly last: unknown;
}

/** Reads sound JSON twice at once: with the first, and with the last value of each key. */
class BothReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Both {
    const next = this.#next();
    if (next === "{") return this.#object();
    if (next === "[") return this.#list();
    const value = this.#plain();
    return { first: value, last: value };
  }

  /** The character that comes next, behind white space. */
  #next(): string {
    this.#at = spaceEnd(this.#text, this.#at);
    return this.#text.charAt(this.#at);
  }

  #object(): Both {
    const first = new Map<string, unknown>();
    const last = new Map<string, unknown>();
    this.#at += 1;
    while (this.#next() !== "}") {
      if (this.#next() === ",") this.#at += 1;
      this.#next();
      const key = String(this.#plain());
      this.#next();
      this.#at += 1;
      const value = this.read();
      if (!first.has(key)) first.set(key, value.first);
      last.set(key, value.last);
    }
    this.#at += 1;
    return { first: Object.fromEntries(first), last: Object.fromEntries(last) };
  }

  #list(): Both {
    const first: unknown[] = [];
    const last: unknown[] = [];
    this.#at += 1;
    while (this.#next() !== "]") {
      if (this.#next() === ",") this.#at += 1;
      const value = this.read();
      first.push(value.first);
      last.push(value.last);
    }
    this.#at += 1;
    return { first, last };
  }

  /** A text, a number or a word. */
  #plain(): unknown {
    const from = this.#at;
    if (this.#text.charAt(from) === '"') this.#at = textEnd(this.#text, from);
    else while (/[\w.+-]/.test(this.#text.charAt(this.#at))) this.#at += 1;
    return JSON.parse(this.#text.slice(from, this.#at));
  }
}
