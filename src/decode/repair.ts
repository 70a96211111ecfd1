import { type Parsed, parseJson } from "./parse-json.ts";

/** A document that was read, with the named repairs that it took. */
export interface Repaired extends Parsed {
  readonly repairs: readonly string[];
}

type Repair = readonly [name: string, apply: (text: string) => string];

/** Each is tried on what the earlier ones left, and only after strict parsing failed. */
const REPAIRS: readonly Repair[] = [
  ["control-characters", escapeControls],
  ["blob", (text) => outsideTexts(text, /(:\s{0,4})\[\s{0,4}\d{1,9} B blob data\s{0,4}\]/g, "$1null")],
  [
    "not-a-number",
    (text) => outsideTexts(text, /([:,[]\s{0,4})(?:-?Infinity|NaN|undefined)(?=\s{0,4}[,}\]])/g, "$1null"),
  ],
  ["trailing-comma", (text) => outsideTexts(text, /,(\s{0,64}[}\]])/g, "$1")],
  ["single-quotes", doubleQuotes],
];

function parse(text: string): Parsed | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** Reads JSON, mending the faults that Azure's emitters are known for; undefined when it stays unreadable. */
export function repairJson(text: string): Repaired | undefined {
  const strict = parse(text);
  if (strict !== undefined) return { ...strict, repairs: [] };
  const repairs: string[] = [];
  let mended = text;
  for (const [name, apply] of REPAIRS) {
    const next = apply(mended);
    if (next === mended) continue;
    repairs.push(name);
    mended = next;
    const read = parse(mended);
    if (read !== undefined) return { ...read, repairs };
  }
  return undefined;
}

/** Replaces what is not inside a text in double quotes. */
function outsideTexts(text: string, pattern: RegExp, by: string): string {
  let out = "";
  let from = 0;
  while (from < text.length) {
    const quote = text.indexOf('"', from);
    const end = quote < 0 ? text.length : quote;
    const close = quote < 0 ? text.length : closingQuote(text, quote);
    out += text.slice(from, end).replaceAll(pattern, by) + text.slice(end, close);
    from = close;
  }
  return out;
}

/** Behind the quote that closes the text which opens at `from`. */
function closingQuote(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    if (text[i] === "\\") i += 1;
    else if (text[i] === '"') return i + 1;
  }
  return text.length;
}

/** Raw control characters inside strings become escapes. */
function escapeControls(text: string): string {
  let out = "";
  let from = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString && code === 0x5c) i += 1;
    else if (code === 0x22) inString = !inString;
    else if (inString && code < 0x20) {
      out += `${text.slice(from, i)}\\u${code.toString(16).padStart(4, "0")}`;
      from = i + 1;
    }
  }
  return from === 0 ? text : out + text.slice(from);
}

/** Text in single quotes becomes text in double quotes; quotes inside it are escaped, texts in double quotes stay. */
function doubleQuotes(text: string): string {
  let out = "";
  let quote = "";
  let changed = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i] ?? "";
    if (quote !== "" && character === "\\") {
      const next = text[i + 1] ?? "";
      out += quote === "'" && next === "'" ? "'" : character + next;
      i += 1;
    } else if (quote === "") {
      const opens = character === '"' || (character === "'" && opensText(text, i));
      if (opens) quote = character;
      changed ||= opens && character === "'";
      out += opens ? '"' : character;
    } else if (character === quote && (quote === '"' || closesText(text, i))) {
      quote = "";
      out += '"';
    } else out += quote === "'" && character === '"' ? '\\"' : character;
  }
  return changed ? pythonWords(out) : text;
}

/** What stands before an opening single quote, and behind a closing one: an apostrophe inside a word is neither. */
const opensText = (text: string, at: number): boolean =>
  /[{[:,\s]$/.test(text.slice(Math.max(0, at - 1), at)) || at === 0;
const closesText = (text: string, at: number): boolean => /^\s{0,8}[}\]:,]|^\s{0,8}$/.test(text.slice(at + 1, at + 10));

/** Pseudo JSON in single quotes was printed by Python: its words are not JSON's. */
const pythonWords = (text: string): string =>
  text.replaceAll(
    /([:,[]\s{0,4})(True|False|None)(?=\s{0,4}[,}\]])/g,
    (_, before: string, word: string) => before + (word === "None" ? "null" : word.toLowerCase()),
  );
