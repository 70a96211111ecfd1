import {
  FIRST_HEADERS,
  GUID,
  IN_CLAIM,
  IN_ERROR,
  IN_CLAIMS,
  IN_TRACE,
  MARK,
  METADATA,
  NESTED,
  NUMBER,
  OWN,
  PRESENCE,
  SKIP,
  SPAN,
  TEXT,
  TRACES,
} from "./actions";
import { CLOSE_BRACE, CLOSE_BRACKET, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE, skipSpaces } from "./bytes";
import { claim, forgetClaim, forgetTrace, isOurTrace, isSoundTrace } from "./claims";
import {
  emptyEnd,
  leadsToText,
  newAnswer,
  newIsText,
  newKey,
  newNode,
  nextNode,
  nodeAnswer,
  nodeLength,
  nodeOf,
  nowhere,
} from "./nodes";
import { beginClaim, beginTrace, endTrace, mark, meet, punt } from "./record";
import { skipValue } from "./skip";
import { takePlain, takeText } from "./take";

/** Behind the object at `p`; 0 where it is not sound. */
export function scanObject(p: usize, context: u32): usize {
  let node = nodeOf(context);
  let isFirst = true;
  for (;;) {
    const next = nextNode(p, node);
    let answer: u32;
    let isText: bool;
    if (next != 0) {
      p += nodeLength(next);
      answer = nodeAnswer(next);
      isText = leadsToText(next);
      node = next;
      // What was learned with a word or a number is the beginning of the same key with a text.
      if (!isText && load<u8>(p) == QUOTE) {
        isText = true;
        p++;
      }
    } else {
      const at = skipSpaces(p);
      if (!isFirst && load<u8>(at) == CLOSE_BRACE) return at + 1;
      p = newKey(p, at, context, node, isFirst);
      if (p == 0) return 0;
      if (p == 1) return emptyEnd;
      answer = newAnswer;
      isText = newIsText;
      node = newNode;
    }
    isFirst = false;
    meet(answer);
    p = isText ? takeText(p, answer, node) : takeOther(p, answer, context);
    if (p == 0) break;
  }
  return 0;
}

/** Takes a value that is no text; gives where it ends. */
function takeOther(p: usize, answer: u32, context: u32): usize {
  const action = answer & 0xff;
  const byte = load<u8>(p) as u32;
  if (action == SKIP) return skipValue(p, 0);
  if (byte == OPEN_BRACE || byte == OPEN_BRACKET) return takeNested(p, byte, answer, context);
  return takePlain(p, answer, context);
}

function takeNested(p: usize, byte: u32, answer: u32, context: u32): usize {
  const action = answer & 0xff;
  if (action == NESTED && byte == OPEN_BRACE) {
    mark(answer);
    return scanObject(p, (answer >> 16) & 0xff);
  }
  if (action == TRACES && byte == OPEN_BRACKET) {
    mark(answer);
    return scanTraces(p + 1);
  }
  if (action == METADATA) return byte == OPEN_BRACE ? scanObject(p, IN_CLAIMS) : scanClaims(p + 1);
  // A list of one text is as good as the text, where headers are.
  if (byte == OPEN_BRACKET && isOfHeaders(context) && mayBeListed(action)) {
    if (load<u8>(p + 1) == QUOTE) {
      const end = takeText(p + 2, answer, nowhere());
      if (end != 0 && load<u8>(end) == CLOSE_BRACKET) return end + 1;
    }
  }
  const end = skipValue(p, 0);
  if (action == MARK) mark(answer);
  else if (action == PRESENCE) {
    // An empty list is nothing.
    if (load<u8>(skipSpaces(p + 1)) != CLOSE_BRACKET) mark(answer);
  }
  // A body that is JSON itself may have a key twice.
  else punt();
  return end;
}

// @ts-ignore: decorator
@inline
function isOfHeaders(context: u32): bool {
  return context >= FIRST_HEADERS && context != IN_ERROR;
}

// @ts-ignore: decorator
@inline
function mayBeListed(action: u32): bool {
  return action == TEXT || action == GUID || action == NUMBER || action == SPAN || action == OWN;
}

/** The traces of a record: at most one of ours, which is read; others are looked at no further. */
function scanTraces(p: usize): usize {
  p = skipSpaces(p);
  if (load<u8>(p) == CLOSE_BRACKET) return p + 1;
  for (;;) {
    if (load<u8>(p) != OPEN_BRACE) return 0;
    forgetTrace();
    beginTrace();
    p = scanObject(p, IN_TRACE);
    if (p == 0) return 0;
    endTrace(isOurTrace(), isSoundTrace());
    p = skipSpaces(p);
    const byte = load<u8>(p) as u32;
    if (byte == CLOSE_BRACKET) break;
    if (byte != COMMA) return 0;
    p = skipSpaces(p + 1);
  }
  return p + 1;
}

/** Claims as a list of names and values. */
function scanClaims(p: usize): usize {
  p = skipSpaces(p);
  if (load<u8>(p) == CLOSE_BRACKET) return p + 1;
  for (;;) {
    if (load<u8>(p) != OPEN_BRACE) return 0;
    forgetClaim();
    beginClaim();
    p = scanObject(p, IN_CLAIM);
    if (p == 0) return 0;
    // A name whose value came first, or never.
    if (claim != 0) punt();
    p = skipSpaces(p);
    const byte = load<u8>(p) as u32;
    if (byte == CLOSE_BRACKET) return p + 1;
    if (byte != COMMA) break;
    p = skipSpaces(p + 1);
  }
  return 0;
}
