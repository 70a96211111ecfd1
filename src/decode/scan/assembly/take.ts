import {
  CATEGORY,
  CLAIM_NAME,
  CLAIM_SPAN,
  CLAIM_TIME,
  CLAIM_VALUE,
  GUID,
  HOST,
  IN_CLAIM,
  IN_CLAIMS,
  MARK,
  MESSAGE,
  METADATA,
  NESTED,
  NUMBER,
  OWN,
  PRESENCE,
  RAW_SPAN,
  SKIP,
  SOURCE,
  SPAN,
  STRANGE,
  TEXT,
  TIME,
  TRUTH,
} from "./actions";
import { COLON, isDigit, MINUS, QUOTE, sameBytes, textEnd } from "./bytes";
import {
  takeClaim,
  takeClaimName,
  takeClaimTime,
  takeEmptyClaim,
  takeEpoch,
  takeMessage,
  takeNamedEpoch,
  takeSource,
} from "./claims";
import { intern, textLength, textPlace } from "./intern";
import { keepLastText, lastText } from "./nodes";
import { leaveClaim, mark, punt, takeCategory, wordOf } from "./record";
import { skipPlain } from "./skip";
import { keepSpan, OWN_SPAN } from "./spans";
import { idOf, meaningOf, USE_CATEGORY } from "./texts";
import { guid, number, readGuid, readTraceId, readNumber, readTime } from "./values";

const LONGEST_HOST: u32 = 200;

/** Takes the text that begins at `p`, behind its quote; gives where it ends, behind the other. */
export function takeText(p: usize, answer: u32, node: usize): usize {
  const action = answer & 0xff;
  if (action == SKIP) {
    const end = textEnd(p);
    return end == 0 ? 0 : end + 1;
  }
  if (action == TEXT) {
    const known = lastText(node);
    if (known != 0) {
      const length = textLength(known);
      if (load<u8>(p + length) == QUOTE && sameBytes(textPlace(known), p, length)) {
        mark(answer);
        store<u32>(wordOf(answer), known);
        return p + length + 1;
      }
    }
    const end = textEnd(p);
    if (end == 0) return 0;
    const id = idOf(p, end);
    if (id == 0) return end + 1;
    mark(answer);
    store<u32>(wordOf(answer), id);
    // The last text of each key: many come again at once.
    keepLastText(node, id);
    return end + 1;
  }
  if (action == GUID && readGuid(p) && load<u8>(p + 36) == QUOTE) {
    mark(answer);
    v128.store(wordOf(answer), guid);
    return p + 37;
  }
  if (action == TIME) {
    const end = readTime(p, false);
    if (end != 0) {
      mark(answer);
      store<f64>(wordOf(answer), number);
      return end + 1;
    }
  }
  if (action == NUMBER) {
    const end = readNumber(p);
    if (end != 0 && load<u8>(end) == QUOTE) {
      mark(answer);
      store<f64>(wordOf(answer), number);
      return end + 1;
    }
  }
  const end = textEnd(p);
  if (end == 0) return 0;
  if (action == MARK) mark(answer);
  else if (end != p) takeRare(p, end, answer);
  else if (action >= CLAIM_TIME && action <= CLAIM_SPAN && action != PRESENCE) takeEmptyClaim(answer);
  else if (action == STRANGE || action == SOURCE || action == MESSAGE) punt();
  return end + 1;
}

/** A text that is not empty, of an action that most records have once or never. */
function takeRare(p: usize, end: usize, answer: u32): void {
  const action = answer & 0xff;
  if (action == SPAN) keepSpan(answer >> 24, p, end);
  else if (action == OWN) takeOwn(p, end, answer);
  else if (action == HOST) {
    keepSpan((answer >> 16) & 0xff, p, end);
    takeHost(p, end, answer);
  } else if (action == RAW_SPAN) keepSpan(answer >> 24, p - 1, end + 1);
  else if (action == CLAIM_SPAN) {
    leaveClaim();
    keepSpan(answer >> 24, p, end);
  } else if (action == PRESENCE) mark(answer);
  else if (action == CATEGORY) {
    const id = idOf(p, end);
    const meaning = id == 0 ? 0 : meaningOf(USE_CATEGORY, id);
    // A name that leaves it open sets its column only.
    if (meaning == 0) punt();
    else if (meaning < 8) takeCategory(meaning);
    mark(answer);
    store<u32>(wordOf(answer), id);
  } else if (action == SOURCE) takeSource(idOf(p, end));
  // A message of others may be as long as it likes.
  else if (action == MESSAGE) takeMessage(end - p == 2 ? idOf(p, end) : 0);
  else if (action == CLAIM_NAME) takeClaimName(idOf(p, end));
  else if (action == CLAIM_VALUE) takeClaim(p, end);
  else if (action == CLAIM_TIME) takeClaimTime(p, end, answer);
  else punt();
}

/** Behind the letters, digits, hyphens, dots and colons at `p`; a quote or a newline ends them for certain. */
function hostEnd(p: usize): usize {
  for (;;) {
    const v = v128.load(p);
    const isLetter = i8x16.lt_u(i8x16.sub(v128.or(v, i8x16.splat(0x20)), i8x16.splat(0x61)), i8x16.splat(26));
    // Between the hyphen and the colon are the dot, the slash and the digits.
    const isOther = i8x16.lt_u(i8x16.sub(v, i8x16.splat(0x2d)), i8x16.splat(14));
    const isPart = v128.andnot(v128.or(isLetter, isOther), i8x16.eq(v, i8x16.splat(0x2f)));
    const others = ~i8x16.bitmask(isPart) & 0xffff;
    if (others != 0) {
      p += ctz(others);
      break;
    }
    p += 16;
  }
  return p;
}

/** An id of the user's own: as a GUID where it is one, or is that of a trace. */
function takeOwn(p: usize, end: usize, answer: u32): void {
  if ((end - p == 36 && readGuid(p)) || readTraceId(p, end)) {
    mark(answer);
    v128.store(wordOf(answer), guid);
  } else keepSpan(OWN_SPAN, p, end);
}

/** Scheme, host and port of an address: what is behind them may be anything. */
function takeHost(p: usize, end: usize, answer: u32): void {
  // http, then perhaps s, then ://
  if (load<u32>(p) != 0x70747468) {
    punt();
    return;
  }
  let at = p + 4;
  if (load<u8>(at) == 0x73) at++;
  if (load<u16>(at) != 0x2f3a || load<u8>(at + 2) != 0x2f) {
    punt();
    return;
  }
  at += 3;
  const host = at;
  at = min<usize>(hostEnd(at), end);
  const byte = load<u8>(at) as u32;
  const isWhole = at == end || byte == 0x2f || byte == 0x3f || byte == 0x23;
  const id = !isWhole || at == host || at - p > LONGEST_HOST ? 0 : intern(p, (at - p) as u32);
  if (id == 0) punt();
  mark(answer);
  store<u32>(wordOf(answer), id);
}

/** Takes a number or a word; gives where it ends. */
export function takePlain(p: usize, answer: u32, context: u32): usize {
  const action = answer & 0xff;
  const isNull = load<u32>(p) == 0x6c6c756e;
  const end = skipPlain(p);
  if (end == 0) return 0;
  if (action == MARK) mark(answer);
  else if (isNull) {
    if (action == CLAIM_SPAN) leaveClaim();
    else if (action == STRANGE || action == SOURCE || action == MESSAGE || action == CLAIM_NAME) punt();
    // Absent, but for the name of an object that tells the record's shape.
    else if (action == METADATA || context == IN_CLAIMS || context == IN_CLAIM) punt();
    else if (action == NESTED && ((answer >> 16) & 0xff) <= IN_CLAIM) punt();
  } else if (action == NUMBER) {
    const last = readNumber(p);
    if (last != end) punt();
    mark(answer);
    store<f64>(wordOf(answer), number);
  } else if (action == TRUTH) takeTruth(p, end, answer);
  else if (action == CLAIM_TIME) takeEpoch(p, end, answer);
  else if (action == PRESENCE) mark(answer);
  else if (action == RAW_SPAN) keepSpan(answer >> 24, p, end);
  else if (action != CLAIM_VALUE || !takeNamedEpoch(p, end)) punt();
  return end;
}

function takeTruth(p: usize, end: usize, answer: u32): void {
  const word = load<u32>(p);
  let isTrue = word == 0x65757274;
  if (!isTrue && word != 0x736c6166) {
    if (readNumber(p) != end) punt();
    isTrue = number != 0;
  }
  mark(answer);
  store<u32>(wordOf(answer), isTrue ? 1 : 0);
}
