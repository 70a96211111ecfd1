import { COLUMNS, type Column, columnIndex } from "../detect/columns.ts";
import type { Condition } from "./rule.ts";
import type { Window } from "./window.ts";

/** What Cosmos DB's log tells of a call; the gateway's tells the rest. */
const OF_COSMOS: ReadonlySet<Column> = new Set<Column>([
  "cosmosAccount",
  "cosmosRegion",
  "database",
  "container",
  "cosmosOperation",
  "cosmosPrincipal",
  "credential",
  "clientNetwork",
  "clientAddress",
]);
const OF_EITHER: Column = "userAgentFamily";

/** Whether only Cosmos DB's log tells it. */
export const isOfCosmos = (column: Column): boolean => OF_COSMOS.has(column);

/** By row, which log tells of the call. */
export function logsOf({ raw }: Pick<Window, "raw">): (row: number) => "gateway" | "cosmos" | "both" {
  const [apis, accounts] = [raw[columnIndex("api")] ?? [], raw[columnIndex("cosmosAccount")] ?? []];
  return (row) => {
    if ((accounts[row] ?? -1) < 0) return "gateway";
    return (apis[row] ?? -1) < 0 ? "cosmos" : "both";
  };
}

/** A call that succeeds is that much seldomer joined than one that is refused. */
const SELDOM = 0.2;

/**
 * Whether the two logs are joined where a call is refused, and hardly where one of the same container succeeds: an application
 * may give the activity id in its errors only. Then an attribute of each log together are always refused, whoever calls.
 */
export function areLogsApart({ raw, refused, n }: Pick<Window, "raw" | "refused" | "n">): boolean {
  const logOf = logsOf({ raw });
  const containers = raw[columnIndex("container")] ?? [];
  const theirs = new Set<number>();
  const joined = { refused: 0, succeeded: 0 };
  const all = { refused: 0, succeeded: 0 };
  for (let row = 0; row < n.length; row++) {
    const log = logOf(row);
    if (log === "gateway") continue;
    const which = row < refused ? "refused" : "succeeded";
    if (which === "refused") theirs.add(containers[row] ?? -1);
    else if (!theirs.has(containers[row] ?? -1)) continue;
    all[which] += n[row] ?? 0;
    if (log === "both") joined[which] += n[row] ?? 0;
  }
  return joined.succeeded * all.refused < SELDOM * joined.refused * all.succeeded;
}

/** The conditions are not of both logs, as far as is known: either may have told the user agent. */
export function areOfOneLog(conditions: readonly Condition[]): boolean {
  const columns = conditions.map(({ column }) => COLUMNS[column] ?? OF_EITHER);
  if (columns.length > 1 && columns.includes(OF_EITHER)) return false;
  return columns.every((name) => OF_COSMOS.has(name)) || columns.every((name) => !OF_COSMOS.has(name));
}
