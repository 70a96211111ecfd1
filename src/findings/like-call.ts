import { type Column, columnIndex } from "../detect/columns.ts";
import type { Detection } from "../detect/detection.ts";
import { callAt, valueAt } from "../detect/rows.ts";
import type { CallEvidence } from "../model/evidence.ts";
import { CALL_COLUMNS, columnPlace } from "../model/evidence.ts";
import { type DurationMs, plusMs } from "../model/time.ts";

/** A column of the compared rows, and the column of evidence that has the same value. */
type Pair = readonly [Column, string];

/** What was called. */
const GATEWAY: readonly Pair[] = [
  ["api", "api"],
  ["operation", "operation"],
];
const COSMOS: readonly Pair[] = [
  ["cosmosAccount", "account"],
  ["database", "database"],
  ["container", "container"],
  ["cosmosOperation", "cosmos_operation"],
];
/** Who called, the surest first: the first one that the call has is asked for. */
const GATEWAY_CALLERS: readonly Pair[] = [
  ["appId", "caller_app"],
  ["principal", "caller_object"],
  ["subscription", "subscription"],
  ["callerAddress", "caller_address"],
];
const COSMOS_CALLERS: readonly Pair[] = [
  ["cosmosPrincipal", "cosmos_principal"],
  ["credential", "credential"],
];

/** The caller and what it called, each as the columns of both have it; undefined where the logs do not tell one of them. */
function likenessOf(evidence: CallEvidence): readonly Pair[] | undefined {
  const isTold = ([, name]: Pair): boolean => textOf(evidence, name) !== undefined;
  const isGateway = textOf(evidence, "gateway") !== undefined;
  const caller = (isGateway ? GATEWAY_CALLERS : COSMOS_CALLERS).find(isTold);
  const target = (isGateway ? GATEWAY : COSMOS).filter(isTold);
  return caller === undefined || target.length === 0 ? undefined : [...target, caller];
}

function textOf({ call }: CallEvidence, name: string): string | undefined {
  const cell = call[columnPlace(CALL_COLUMNS, name)];
  return typeof cell === "string" ? cell : undefined;
}

/**
 * Id of the newest call before it of the same caller's same operation that succeeded, among the compared rows of the last
 * twelve hours; undefined where none of them is one. A caller that is only claimed is compared with the one it claims to be.
 */
export function lastSuccess(detection: Detection, evidence: CallEvidence): string | undefined {
  const wanted = likenessOf(evidence)?.map(([column, name]) => {
    const place = columnIndex(column);
    return { place, value: detection.dictionaries[place]?.ids.get(textOf(evidence, name) ?? "") ?? -1 };
  });
  if (wanted === undefined || wanted.some(({ value }) => value < 0)) return undefined;
  return newestLike(detection, wanted, evidence.time);
}

export const isSuccess = (evidence: CallEvidence): boolean => textOf(evidence, "outcome") === "succeeded";

/** How long before a call one that succeeded is looked for. */
export const LIKE_CALL_MS: DurationMs = 43_200_000;

/** Whether another call is one of the twelve hours before it, of the same caller's same operation, and succeeded. */
export function isSuccessBefore(evidence: CallEvidence): (other: CallEvidence) => boolean {
  const likeness = likenessOf(evidence)?.map(([, name]) => [name, textOf(evidence, name)] as const);
  const from = plusMs(evidence.time, -LIKE_CALL_MS);
  return (other) =>
    likeness !== undefined &&
    other.time < evidence.time &&
    other.time >= from &&
    isSuccess(other) &&
    likeness.every(([name, text]) => textOf(other, name) === text);
}

function newestLike(
  { succeeded }: Detection,
  wanted: readonly { readonly place: number; readonly value: number }[],
  before: number,
): string | undefined {
  let newest = -1;
  for (let row = 0; row < succeeded.count; row++) {
    const time = succeeded.time[row] ?? 0;
    if (time >= before || (newest >= 0 && time < (succeeded.time[newest] ?? 0))) continue;
    if (wanted.every(({ place, value }) => valueAt(succeeded, row, place) === value)) newest = row;
  }
  return newest < 0 ? undefined : callAt(succeeded, newest);
}
