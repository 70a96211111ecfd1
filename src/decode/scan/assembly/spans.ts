import { allocate } from "./memory";

/**
 * Where texts stand that only a refusal tells: those of the record that is being read, and of the refusals whose rows wait to
 * be taken.
 */

const SPANS: u32 = 16;
const SPAN_BYTES: usize = 8 * SPANS;
/** A refusal: its row's number, which spans it has, and the spans. */
const REFUSAL: usize = 8 + SPAN_BYTES;

// As in `columns.ts`.
const ERROR_SOURCE: u32 = 1 << 3;
const ERROR_REASON: u32 = 1 << 4;
const ERROR_MESSAGE: u32 = 1 << 5;
export const OWN_SPAN: u32 = 15;

let spans: usize = 0;
/** Those of the record that are set. */
let spansSet: u32 = 0;
let refusals: usize = 0;
let refusalCount: u32 = 0;

export function prepareSpans(most: u32): void {
  spans = allocate(SPAN_BYTES);
  refusals = allocate(REFUSAL * most);
}

export function refusalPlace(): usize {
  return refusals;
}

export function refusalsDone(): u32 {
  return refusalCount;
}

export function beginSpans(): void {
  spansSet = 0;
}

// @ts-ignore: decorator
@inline
export function keepSpan(index: u32, from: usize, to: usize): void {
  const span = spans + (index << 3);
  store<u32>(span, from as u32);
  store<u32>(span, to as u32, 4);
  spansSet |= 1 << index;
}

/** Whether the id of the user's own is no GUID. */
export function tellsOwnId(): bool {
  return (spansSet & (1 << OWN_SPAN)) != 0;
}

/** Whether an error is told; `tellsWhy`, whether it is the last one for certain. */
export function tellsError(): bool {
  return (spansSet & (ERROR_SOURCE | ERROR_REASON | ERROR_MESSAGE)) != 0;
}

export function tellsWhy(): bool {
  return (spansSet & (ERROR_SOURCE | ERROR_REASON)) != 0;
}

/** The record's spans go with its row. */
export function keepRefusal(row: u32): void {
  const refusal = refusals + REFUSAL * refusalCount;
  store<u32>(refusal, row);
  store<u32>(refusal, spansSet, 4);
  memory.copy(refusal + 8, spans, SPAN_BYTES);
  refusalCount++;
}

/** Refusals of rows from `row` on are none. */
export function dropRefusals(row: u32): void {
  while (refusalCount > 0 && load<u32>(refusals + REFUSAL * (refusalCount - 1)) >= row) refusalCount--;
}
