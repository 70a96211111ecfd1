import { BACKSLASH, CLOSE_BRACE, CLOSE_BRACKET, OPEN_BRACE, QUOTE } from "./bytes.ts";

/** Whether JSON nests more than `limit` deep. Cheap for what has few brackets, which most records are. */
export function nestsDeeper(json: Uint8Array, limit: number): boolean {
  return has(json, CLOSE_BRACE, CLOSE_BRACKET, limit) && deepest(json) > limit;
}

function has(json: Uint8Array, one: number, other: number, more: number): boolean {
  let count = 0;
  for (const byte of [one, other])
    for (let at = json.indexOf(byte); at >= 0 && count <= more; at = json.indexOf(byte, at + 1)) count += 1;
  return count > more;
}

function deepest(json: Uint8Array): number {
  let depth = 0;
  let most = 0;
  let inString = false;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i] ?? 0;
    if (byte === QUOTE) inString = !inString;
    else if (inString) i += byte === BACKSLASH ? 1 : 0;
    else if ((byte | 0x20) === OPEN_BRACE) most = Math.max(most, ++depth);
    else if ((byte | 0x20) === CLOSE_BRACE) depth -= 1;
  }
  return most;
}
