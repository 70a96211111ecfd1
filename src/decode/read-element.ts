import type { Position } from "../model/record.ts";
import { type Decoded, decodeReject, type DecodeLimits } from "./decoded.ts";
import { repairJson } from "./repair.ts";
import { unwrap } from "./unwrap.ts";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
const lenient = new TextDecoder("utf-8", { fatal: false, ignoreBOM: false });

/** UTF-8 text; bytes that are not UTF-8 become U+FFFD, which is named as a repair. */
export function textOf(bytes: Uint8Array): { readonly text: string; readonly repairs: readonly string[] } {
  try {
    return { text: strict.decode(bytes), repairs: [] };
  } catch {
    return { text: lenient.decode(bytes), repairs: ["not-utf-8"] };
  }
}

/** Reads one element: strictly, then with repairs, then record by record where it holds several. */
export function readElement(
  bytes: Uint8Array,
  at: { position: Position; depth: number; truncated: boolean },
  into: Decoded,
  limits: DecodeLimits,
): void {
  const { position } = at;
  const { text, repairs } = textOf(bytes);
  if (text.trim() === "") return;
  if (at.depth > limits.depth) {
    into.rejects.push(
      decodeReject(position, { reason: "too-deep", detail: `Nested more than ${limits.depth} deep.` }, text),
    );
    return;
  }
  const read = repairJson(text);
  if (read !== undefined) {
    unwrap({ value: read.value, position, repairs: [...repairs, ...read.repairs] }, into);
    return;
  }
  if (salvage(text, position, into)) return;
  const reason = at.truncated ? "truncated" : "not-json";
  const detail = at.truncated
    ? "The input ends inside this record. Copy the file again, or wait until it is written."
    : "Not JSON, and no known repair made it so. Look at what writes it.";
  into.rejects.push(decodeReject(position, { reason, detail }, text));
}

const FIRST_KEY = /\{\s{0,8}("[^"\\]{1,64}")\s{0,8}:/;
const MAX_PARTS = 100_000;

/**
 * A broken element that holds several records: each part that begins like the first record is read by itself, so that
 * one bad record does not cost its neighbours. False when it holds one record only.
 */
function salvage(text: string, position: Position, into: Decoded): boolean {
  const inner = /^\s{0,64}\{\s{0,8}"records"\s{0,8}:\s{0,8}\[/i.exec(text);
  const body = inner === null ? text : text.slice(inner[0].length);
  const key = FIRST_KEY.exec(body)?.[1];
  if (key === undefined) return false;
  const starts = partStarts(body, key);
  if (starts.length < 2 && inner === null) return false;
  starts.forEach((start, i) => {
    const part = body.slice(start, starts[i + 1] ?? body.length);
    readPart(part, { ...position, index: position.index + i }, into);
  });
  return starts.length > 0;
}

function partStarts(body: string, key: string): readonly number[] {
  const starts: number[] = [];
  for (let at = body.indexOf(key); at >= 0 && starts.length < MAX_PARTS; at = body.indexOf(key, at + key.length)) {
    const open = lastBrace(body, at);
    if (
      open >= 0 &&
      (starts.length === 0 ||
        /[}\]]\s{0,8},?\s{0,8}$|,\s{0,8}$|\n\s{0,8}$/.test(body.slice(Math.max(0, open - 20), open)))
    )
      starts.push(open);
  }
  return starts;
}

/** The brace right before a key, or -1. */
function lastBrace(body: string, at: number): number {
  let i = at - 1;
  while (i >= 0 && " \t\r\n".includes(body[i] ?? "")) i -= 1;
  return body[i] === "{" ? i : -1;
}

function readPart(part: string, position: Position, into: Decoded): void {
  const trimmed = part.replace(/[\s,]{1,64}$/, "");
  const closed = trimmed.replace(/\]\s{0,8}\}?\s{0,8}$/, "");
  for (const candidate of [trimmed, closed, balance(trimmed)]) {
    const read = repairJson(candidate);
    if (read === undefined || typeof read.value !== "object" || read.value === null) continue;
    unwrap({ value: read.value, position, repairs: ["salvaged", ...read.repairs] }, into);
    return;
  }
  into.rejects.push(
    decodeReject(
      position,
      { reason: "not-json", detail: "This record of a broken message could not be read; its neighbours were." },
      part,
    ),
  );
}

/** Cuts what closes more than was opened. */
function balance(text: string): string {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (inString && character === "\\") i += 1;
    else if (character === '"') inString = !inString;
    else if (!inString && (character === "{" || character === "[")) depth += 1;
    else if (!inString && (character === "}" || character === "]")) {
      depth -= 1;
      if (depth === 0) return text.slice(0, i + 1);
    }
  }
  return text;
}
