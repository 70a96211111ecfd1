import { columnIndex } from "../detect/columns.ts";
import type { Detection, RefusalFacts } from "../detect/detection.ts";
import { type Rows, timeAt, valueAt } from "../detect/rows.ts";
import { type Instant, msBetween, plusMs } from "../model/time.ts";

export type MatrixBy = "api" | "caller";

/** Compared calls of one API or caller by columns of time. */
export interface MatrixRow {
  readonly name: string;
  readonly calls: number;
  readonly refused: number;
  readonly cells: readonly { readonly calls: number; readonly refused: number }[];
}

export interface Matrix {
  readonly by: MatrixBy;
  /** Begin of each column, and the end of the last. */
  readonly times: readonly Instant[];
  /** Most refused calls first; those without any are left out. */
  readonly rows: readonly MatrixRow[];
  /** Rows left out because there were too many. */
  readonly more: number;
}

export interface MatrixRange {
  readonly by: MatrixBy;
  readonly from: Instant;
  readonly to: Instant;
}

const MOST_ROWS = 20;
const COLUMNS = 48;
const CLAIMED = "callers nobody vouched for";

/** Refused among the compared calls, by API or caller: the rows of the last twelve hours stand for all calls. */
export function refusalMatrix(detection: Detection, { by, from, to }: MatrixRange): Matrix {
  const width = Math.max(1, msBetween(to, from)) / COLUMNS;
  const names = new Map<string, { calls: number; refused: number }[]>();
  const add = (rows: Rows<RefusalFacts | undefined>, refused: boolean): void => {
    for (let place = 0; place < rows.count; place++) {
      const column = Math.floor(msBetween(timeAt(rows, place), from) / width);
      if (column < 0 || column >= COLUMNS) continue;
      const name = nameOf(detection, rows, place, by);
      const cells = names.get(name) ?? Array.from({ length: COLUMNS }, () => ({ calls: 0, refused: 0 }));
      names.set(name, cells);
      const cell = cells[column];
      if (cell === undefined) continue;
      cell.calls += rows.weight[place] ?? 0;
      if (refused) cell.refused += rows.weight[place] ?? 0;
    }
  };
  add(detection.succeeded, false);
  for (const { rows } of detection.symptoms.values()) add(rows, true);
  const all = [...names]
    .map(([name, cells]) => rowOf(name, cells))
    .filter(({ refused }) => refused > 0)
    .toSorted((a, b) => b.refused - a.refused || (a.name < b.name ? -1 : 1));
  const times = Array.from({ length: COLUMNS + 1 }, (_, i) => plusMs(from, i * width));
  return { by, times, rows: all.slice(0, MOST_ROWS), more: Math.max(0, all.length - MOST_ROWS) };
}

function rowOf(name: string, cells: MatrixRow["cells"]): MatrixRow {
  const rounded = cells.map(({ calls, refused }) => ({ calls: Math.round(calls), refused: Math.round(refused) }));
  return {
    name,
    calls: rounded.reduce((sum, cell) => sum + cell.calls, 0),
    refused: rounded.reduce((sum, cell) => sum + cell.refused, 0),
    cells: rounded,
  };
}

const API = columnIndex("api");
const ACCOUNT = columnIndex("cosmosAccount");
const CALLERS = (["principal", "subscription", "cosmosPrincipal", "credential"] as const).map(columnIndex);

/** A caller is whom the gateway or Cosmos DB vouched for; what a refused token claims is nobody's name. */
function nameOf(detection: Detection, rows: Rows<RefusalFacts | undefined>, place: number, by: MatrixBy): string {
  const value = (column: number): string | undefined =>
    detection.dictionaries[column]?.values[valueAt(rows, place, column)];
  if (by === "api") return value(API) ?? value(ACCOUNT) ?? "no API";
  if (rows.facts[place]?.claimed === true) return CLAIMED;
  for (const column of CALLERS) {
    const name = value(column);
    if (name !== undefined) return name;
  }
  return "unknown";
}
