import { CONTEXTS } from "./actions";
import { CLOSE_BRACE, COLON, COMMA, OPEN_BRACE, QUOTE, sameBytes, skipSpaces, textEnd } from "./bytes";
import { allocate } from "./memory";

/** Keys that were met, as nodes each of which foretells the next ones; what the outside said about each. */

@external("outside", "learnKey")
declare function learnKey(context: u32, key: usize, length: u32): u32;

// A node is a key as it stood: 32 bytes of it, 32 of a mask, length, answer, whether a text follows, successors.
const NODE: usize = 128;
const NODES: u32 = 4096;
const NODE_BYTES: u32 = 32;
const SUCCESSORS: u32 = 8;
let nodes: usize = 0;
let nodeCount: u32 = 0;

// Keys that were learned: context, length, answer, and the bytes.
const KEY: usize = 80;
const KEY_SLOTS: u32 = 8192;
const KEYS: u32 = 4096;
const KEY_BYTES: u32 = 64;
let keys: usize = 0;
let keyCount: u32 = 0;

/** Node of keys that are not kept. */
const NOWHERE: u32 = CONTEXTS;

export function prepareNodes(): void {
  nodes = allocate(NODE * NODES);
  keys = allocate(KEY * KEY_SLOTS);
  nodeCount = CONTEXTS + 1;
}

export function nodesMade(): u32 {
  return nodeCount;
}

/** The node before the first key of an object. */
// @ts-ignore: decorator
@inline
export function nodeOf(context: u32): usize {
  return nodes + NODE * context;
}

/** The node of keys that are not kept. */
// @ts-ignore: decorator
@inline
export function nowhere(): usize {
  return nodes + NODE * NOWHERE;
}

// @ts-ignore: decorator
@inline
export function nodeLength(node: usize): u32 {
  return load<u32>(node, 64);
}

// @ts-ignore: decorator
@inline
export function nodeAnswer(node: usize): u32 {
  return load<u32>(node, 68);
}

/** Whether a text followed the key when it was learned; its quote is part of the node. */
// @ts-ignore: decorator
@inline
export function leadsToText(node: usize): bool {
  return load<u32>(node, 76) != 0;
}

/** The id of the last text of the key, 0 where there was none in this generation. */
// @ts-ignore: decorator
@inline
export function lastText(node: usize): u32 {
  return load<u32>(node, 100);
}

// @ts-ignore: decorator
@inline
export function keepLastText(node: usize, id: u32): void {
  store<u32>(node, id, 100);
}

/** The ids of texts begin anew. */
export function forgetLastTexts(): void {
  for (let i: u32 = 0; i < nodeCount; i++) store<u32>(nodes + NODE * i, 0, 100);
}

// @ts-ignore: decorator
@inline
function isNode(p: usize, node: usize): bool {
  const first = v128.and(v128.xor(v128.load(p), v128.load(node)), v128.load(node, 32));
  const second = v128.and(v128.xor(v128.load(p, 16), v128.load(node, 16)), v128.load(node, 48));
  return !v128.any_true(v128.or(first, second));
}

/** The node behind `node` that the bytes at `p` are; 0 where none is. */
// @ts-ignore: decorator
@inline
export function nextNode(p: usize, node: usize): usize {
  const count = load<u32>(node, 72);
  for (let i: u32 = 0; i < count; i++) {
    const candidate = nodes + NODE * (load<u16>(node + (i << 1), 80) as usize);
    if (isNode(p, candidate)) return candidate;
  }
  return 0;
}

export let newAnswer: u32 = 0;
export let newIsText: bool = false;
export let newNode: usize = 0;
export let emptyEnd: usize = 0;

/** A key that no node foretold: gives where its value begins (behind its quote), 1 for an object without keys, 0 where none is sound. */
export function newKey(start: usize, p: usize, context: u32, before: usize, isFirst: bool): usize {
  if (load<u8>(p) != (isFirst ? OPEN_BRACE : COMMA)) return 0;
  p = skipSpaces(p + 1);
  if (isFirst && load<u8>(p) == CLOSE_BRACE) {
    emptyEnd = p + 1;
    return 1;
  }
  if (load<u8>(p) != QUOTE) return 0;
  const key = p + 1;
  const keyEnd = textEnd(key);
  if (keyEnd == 0) return 0;
  p = skipSpaces(keyEnd + 1);
  if (load<u8>(p) != COLON) return 0;
  p = skipSpaces(p + 1);
  newAnswer = answerFor(context, key, (keyEnd - key) as u32);
  newIsText = load<u8>(p) == QUOTE;
  if (newIsText) p++;
  newNode = addNode(start, (p - start) as u32, context, before);
  return p;
}

/** A node after another; node 0 of the context where the key is too long or there are too many: found the slow way again. */
function addNode(start: usize, length: u32, context: u32, before: usize): usize {
  const none = nodes + NODE * NOWHERE;
  if (length > NODE_BYTES || nodeCount >= NODES) return none;
  let node: usize = 0;
  for (let i: u32 = CONTEXTS + 1; i < nodeCount && nodeCount < 1024; i++) {
    const known = nodes + NODE * i;
    if (load<u32>(known, 64) == length && load<u32>(known, 104) == context && sameBytes(known, start, length)) {
      node = known;
      break;
    }
  }
  if (node == 0) {
    node = nodes + NODE * nodeCount;
    nodeCount++;
    memory.copy(node, start, length);
    memory.fill(node + 32, 0xff, length);
    store<u32>(node, length, 64);
    store<u32>(node, newAnswer, 68);
    store<u32>(node, newIsText ? 1 : 0, 76);
    store<u32>(node, context, 104);
  }
  if (before == none) return node;
  const count = load<u32>(before, 72);
  const at = count < SUCCESSORS ? count : SUCCESSORS - 1;
  store<u16>(before + (at << 1), ((node - nodes) / NODE) as u16, 80);
  store<u32>(before, at + 1, 72);
  return node;
}

/** What the outside said about the key, asked once; of too many or too long ones each time. */
function answerFor(context: u32, key: usize, length: u32): u32 {
  if (length > KEY_BYTES || length == 0) return learnKey(context, key, length);
  let hash = context * 0x9e3779b1 + length;
  for (let i: u32 = 0; i < length; i++) hash = (hash ^ load<u8>(key + i)) * 0x01000193;
  hash ^= hash >> 15;
  let at = hash & (KEY_SLOTS - 1);
  for (;;) {
    const slot = keys + KEY * at;
    const known = load<u32>(slot, 4);
    if (known == 0) break;
    if (known == length && load<u32>(slot) == context && sameBytes(slot + 12, key, length)) return load<u32>(slot, 8);
    at = (at + 1) & (KEY_SLOTS - 1);
  }
  const answer = learnKey(context, key, length);
  if (keyCount >= KEYS) return answer;
  keyCount++;
  const slot = keys + KEY * at;
  store<u32>(slot, context);
  store<u32>(slot, length, 4);
  store<u32>(slot, answer, 8);
  memory.copy(slot + 12, key, length);
  return answer;
}
