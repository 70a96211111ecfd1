import type { Change, ChangeKind } from "../model/event.ts";
import { epochMs } from "../model/time.ts";
import { redactedPart } from "../lib/redact.ts";
import { resourceName, type Row } from "./normalized.ts";

/** Room for the scope of a role assignment with names as long as they can be. */
const DETAIL = 900;

/** What a change is about, by few names; values are redacted and short. */
export function detailsOf(pairs: readonly (readonly [string, string | undefined])[]): ReadonlyMap<string, string> {
  const details = new Map<string, string>();
  for (const [name, value] of pairs)
    if (value !== undefined && value !== "") details.set(name, redactedPart(value, DETAIL));
  return details;
}

export function buildChange(
  row: Row,
  what: {
    readonly change: ChangeKind;
    readonly operation: string;
    readonly result: Change["result"];
    readonly id: string;
    readonly by?: string | undefined;
    readonly details: ReadonlyMap<string, string>;
  },
): Change {
  const operation = redactedPart(what.operation, 200).toLowerCase();
  return {
    kind: "change",
    shape: row.shape,
    time: row.time,
    resource: row.resource,
    dedupKey: `change|${resourceName((what.details.get("resource") ?? row.resource).toLowerCase())}|${operation}|${what.result}|${what.id}|${epochMs(row.time)}`,
    change: what.change,
    operation,
    action: actionOf(operation),
    result: what.result,
    ...(what.by === undefined ? {} : { by: what.by }),
    details: what.details,
  };
}

function actionOf(operation: string): Change["action"] {
  if (operation.endsWith("/delete") || operation.includes("delete") || operation.includes("remove")) return "delete";
  if (operation.endsWith("/action")) return "action";
  return operation.includes("create") || operation.includes("add") ? "create" : "write";
}

/** Outcome words of the logs: `Start`, `Success`, `Succeeded`, `Failure`, `Failed`, `OK`, or an HTTP status. */
export function resultOf(text: string | undefined, status?: number): Change["result"] {
  if (status !== undefined) return status >= 400 ? "failed" : "succeeded";
  const word = (text ?? "").toLowerCase();
  if (word.startsWith("start") || word.startsWith("accept")) return "started";
  return word.startsWith("fail") || word.startsWith("error") ? "failed" : "succeeded";
}
