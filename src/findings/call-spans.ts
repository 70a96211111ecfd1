import {
  CALL_COLUMNS,
  type CallEvidence,
  type Column,
  columnPlace,
  OPERATION_COLUMNS,
  type Row,
} from "../model/evidence.ts";
import { instantFromTicks, msBetween } from "../model/time.ts";

/** A part of a call in time. */
export interface CallSpan {
  readonly where: "gateway" | "backend" | "cosmos";
  readonly what: string;
  /** Milliseconds after the call's begin by the clock of whoever logged it; below zero where that clock is behind. */
  readonly begins: number;
  /** Milliseconds; null where the log does not tell. */
  readonly lasts: number | null;
  readonly status: number | null;
  /** It answered 401 or 403. */
  readonly refused: boolean;
}

/**
 * Gateway, backend and each operation of a call. The gateway logs how long its backend took and not when it began: its span
 * ends with the call.
 */
export function spansOf({ call, operations, time }: CallEvidence): readonly CallSpan[] {
  const of = reader(CALL_COLUMNS, call);
  const total = of.number("total_ms");
  const spans: CallSpan[] = [];
  if (of.text("gateway") !== null)
    spans.push(span("gateway", of.text("gateway") ?? "", { begins: 0, lasts: total, status: of.number("status") }));
  const backend = of.number("backend_status");
  if (backend !== null) {
    const lasts = of.number("backend_ms");
    const begins = total === null || lasts === null ? 0 : Math.max(0, total - lasts);
    spans.push(span("backend", of.text("backend") ?? "backend", { begins, lasts, status: backend }));
  }
  for (const row of operations) {
    const one = reader(OPERATION_COLUMNS, row);
    const began = one.number("time");
    const begins = began === null ? 0 : msBetween(instantFromTicks(began), time);
    const place = [one.text("database"), one.text("container")].filter((part) => part !== null).join("/");
    const what = `${one.text("operation") ?? ""} ${place === "" ? (one.text("account") ?? "") : place}`;
    spans.push(span("cosmos", what, { begins, lasts: one.number("duration_ms"), status: one.number("status") }));
  }
  return spans;
}

function span(
  where: CallSpan["where"],
  what: string,
  { begins, lasts, status }: Pick<CallSpan, "begins" | "lasts" | "status">,
): CallSpan {
  return { where, what, begins, lasts, status, refused: status === 401 || status === 403 };
}

function reader(columns: readonly Column[], row: Row) {
  const cell = (name: string) => row[columnPlace(columns, name)] ?? null;
  return {
    text(name: string): string | null {
      const value = cell(name);
      return value === null ? null : String(value);
    },
    number(name: string): number | null {
      const value = cell(name);
      return typeof value === "number" ? value : null;
    },
  };
}
