import { columnIndex } from "../detect/columns.ts";
import { limitKey, OF_ACCOUNT } from "../detect/limits.ts";
import { type DurationMs, msBetween } from "../model/time.ts";
import type { Context } from "./context.ts";
import type { Observation } from "./observation.ts";
import { idIn } from "./window.ts";

const NEARLY_ALL = 0.9;
const REPEATED = 2;
const AROUND_MS: DurationMs = 600_000;

/**
 * Operations that Cosmos DB's log alone tells of, without a reason, on containers whose limit was told of in the same time by
 * calls that are joined: the gateway's log is sampled, or that of other callers tells more.
 */
export function areLimited(
  { window, detection }: Context,
  refused: readonly number[],
  observation: Observation,
): boolean {
  const { layer, reason, span } = observation;
  if (layer !== "cosmos" || reason !== "403" || detection.limits.told.size === 0) return false;
  const text = (column: "cosmosAccount" | "container", row: number): string =>
    detection.dictionaries[columnIndex(column)]?.values[idIn(window, column, row)] ?? "";
  const isTold = (account: string, container: string): boolean => {
    const told = detection.limits.told.get(limitKey(account, container));
    if (told === undefined || told.count < REPEATED) return false;
    return msBetween(told.from, span.from) <= AROUND_MS && msBetween(span.from, told.to) <= AROUND_MS;
  };
  const isLimited = (row: number): boolean => {
    const account = text("cosmosAccount", row);
    return isTold(account, text("container", row)) || isTold(account, OF_ACCOUNT);
  };
  const isAlone = (row: number): boolean => idIn(window, "api", row) < 0;
  return refused.filter((row) => isAlone(row) && isLimited(row)).length >= NEARLY_ALL * refused.length;
}
