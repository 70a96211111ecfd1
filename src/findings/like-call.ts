import { type Column, columnIndex, WIDTH } from "../detect/columns.ts";
import type { Detection } from "../detect/detection.ts";
import { callAt } from "../detect/rows.ts";
import type { CallEvidence } from "../model/evidence.ts";
import { CALL_COLUMNS, columnPlace } from "../model/evidence.ts";

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

/**
 * Id of the newest call before it of the same caller's same operation that succeeded, among the compared rows of the last
 * twelve hours; undefined where none of them is one. A caller that is only claimed is compared with the one it claims to be.
 */
export function lastSuccess(detection: Detection, { call, time }: CallEvidence): string | undefined {
  const text = (name: string): string | undefined => {
    const cell = call[columnPlace(CALL_COLUMNS, name)];
    return typeof cell === "string" ? cell : undefined;
  };
  const isGateway = text("gateway") !== undefined;
  const caller = (isGateway ? GATEWAY_CALLERS : COSMOS_CALLERS).find(([, name]) => text(name) !== undefined);
  const pairs = (isGateway ? GATEWAY : COSMOS).filter(([, name]) => text(name) !== undefined);
  if (caller === undefined || pairs.length === 0) return undefined;
  const wanted = [...pairs, caller].map(([column, name]) => {
    const place = columnIndex(column);
    return { place, value: detection.dictionaries[place]?.ids.get(text(name) ?? "") ?? -1 };
  });
  if (wanted.some(({ value }) => value < 0)) return undefined;
  return newestLike(detection, wanted, time);
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
    if (wanted.every(({ place, value }) => succeeded.ids[row * WIDTH + place] === value)) newest = row;
  }
  return newest < 0 ? undefined : callAt(succeeded, newest);
}
