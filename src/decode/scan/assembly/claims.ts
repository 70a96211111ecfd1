import { CLAIM_NAME, CLAIM_SPAN, CLAIM_TIME, CLAIM_VALUE } from "./actions";
import { leaveClaim, mark, meet, punt, wordOf } from "./record";
import { keepSpan } from "./spans";
import { idOf, meaningOf, USE_CLAIM, USE_MESSAGE, USE_SOURCE } from "./texts";
import { number, readEpoch, readTime } from "./values";

// What is known of the trace that is being read.
const TRACE_IS_OURS: u32 = 1;
const TRACE_IS_OTHER: u32 = 2;
const TRACE_HAS_MESSAGE: u32 = 4;
let trace: u32 = 0;
/** The answer for the claim whose name was read last; 0 where nobody reads it, or its value was read. */
export let claim: u32 = 0;

/** An object of a name and a value begins. */
export function forgetClaim(): void {
  claim = 0;
}

export function takeClaimName(id: u32): void {
  claim = id == 0 ? 0 : meaningOf(USE_CLAIM, id);
}

export function forgetTrace(): void {
  trace = 0;
}

export function takeSource(id: u32): void {
  trace |= id == 0 ? 0 : meaningOf(USE_SOURCE, id) == 1 ? TRACE_IS_OURS : TRACE_IS_OTHER;
}

export function takeMessage(id: u32): void {
  if (id != 0 && meaningOf(USE_MESSAGE, id) == 1) trace |= TRACE_HAS_MESSAGE;
}

/** Whether the trace is ours for certain; `isSoundTrace`, whether it tells whose it is and, ours, its version. */
export function isOurTrace(): bool {
  return (trace & 3) == TRACE_IS_OURS;
}

export function isSoundTrace(): bool {
  return isOurTrace() ? (trace & TRACE_HAS_MESSAGE) != 0 : (trace & 3) == TRACE_IS_OTHER;
}

/** The value of the claim that was named. */
export function takeClaim(p: usize, end: usize): void {
  const answer = claim;
  claim = 0;
  if (answer == 0) return;
  meet(answer);
  const action = answer & 0xff;
  if (action == CLAIM_SPAN) {
    leaveClaim();
    keepSpan(answer >> 24, p, end);
    return;
  }
  if (action == CLAIM_TIME) {
    takeClaimTime(p, end, answer);
    return;
  }
  const id = idOf(p, end);
  mark(answer);
  store<u32>(wordOf(answer), id);
}

export function takeClaimTime(p: usize, end: usize, answer: u32): void {
  let last = readTime(p, true);
  if (last == 0) last = readEpoch(p);
  if (last != end) punt();
  mark(answer);
  store<f64>(wordOf(answer), number);
}

/** A claim that says nothing is there all the same. */
export function takeEmptyClaim(answer: u32): void {
  if ((answer & 0xff) == CLAIM_VALUE) {
    if (claim != 0) {
      meet(claim);
      leaveClaim();
    }
    claim = 0;
  } else if ((answer & 0xff) == CLAIM_NAME) claim = 0;
  else leaveClaim();
}

/** A claim's time as a number that ends at `end`. */
export function takeEpoch(p: usize, end: usize, answer: u32): void {
  if (readEpoch(p) != end) punt();
  mark(answer);
  store<f64>(wordOf(answer), number);
}

/** The number that is the value of the claim that was named; false where that is no time. */
export function takeNamedEpoch(p: usize, end: usize): bool {
  if ((claim & 0xff) != CLAIM_TIME) return false;
  meet(claim);
  takeEpoch(p, end, claim);
  claim = 0;
  return true;
}
