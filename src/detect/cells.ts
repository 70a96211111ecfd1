import { COMPARED } from "./columns.ts";
import { createEDetector, type EDetector, isQuiet, resetEDetector, stepEDetector } from "./e-detector.ts";

/** Counts of one value of one column (or of one unit) in the bin that is being filled, and its detectors. */
export interface Cell {
  bin: number;
  /** Trials in the bin. */
  n: number;
  /** Decayed trials since the cell was first seen. */
  total: number;
  /** Symptom → refusals in the bin. */
  refused: Map<string, number> | undefined;
  /** Symptom → detector, made at the first refusal. */
  detectors: Map<string, EDetector> | undefined;
}

export interface Cells {
  /** By column, then value id. */
  readonly columns: (Cell | undefined)[][];
  readonly units: (Cell | undefined)[];
  readonly touched: Cell[];
}

export interface CellAlarm {
  readonly symptom: string;
  /** Bin in which the rise began. */
  readonly start: number;
}

export const createCells = (width: number): Cells => ({
  columns: Array.from({ length: width }, () => []),
  units: [],
  touched: [],
});

/** Trials are forgotten by half in 12 h of bins of 10 s. */
const DECAY = 0.5 ** (1 / 4_320);

/** Counts one trial in the cell of each of its values and of its unit. */
export function countTrial(
  cells: Cells,
  trial: { readonly bin: number; readonly ids: Int32Array; readonly unit: number; readonly refusedAs?: string },
): void {
  const { bin, ids, unit, refusedAs } = trial;
  for (let column = 0; column < ids.length; column++) {
    const id = ids[column] ?? -1;
    const list = cells.columns[column];
    if (id >= 0 && list !== undefined && COMPARED[column] === true) countIn(cells, list, id, { bin, refusedAs });
  }
  if (unit >= 0) countIn(cells, cells.units, unit, { bin, refusedAs });
}

function countIn(
  cells: Cells,
  list: (Cell | undefined)[],
  id: number,
  trial: { bin: number; refusedAs: string | undefined },
): void {
  let cell = list[id];
  if (cell === undefined) {
    cell = {
      bin: Number.NEGATIVE_INFINITY,
      n: 0,
      total: 0,
      refused: undefined,
      detectors: undefined,
    };
    list[id] = cell;
  }
  if (cell.bin !== trial.bin) {
    if (Number.isFinite(cell.bin)) cell.total *= DECAY ** (trial.bin - cell.bin);
    cell.bin = trial.bin;
    cell.n = 0;
    cell.refused = undefined;
    cells.touched.push(cell);
  }
  cell.n += 1;
  cell.total += 1;
  if (trial.refusedAs !== undefined) {
    cell.refused ??= new Map();
    cell.refused.set(trial.refusedAs, (cell.refused.get(trial.refusedAs) ?? 0) + 1);
  }
}

/** Steps the detectors of every cell that the bin touched. */
export function stepCells(cells: Cells, bin: number): readonly CellAlarm[] {
  const alarms: CellAlarm[] = [];
  for (const cell of cells.touched) {
    if (cell.refused !== undefined) for (const symptom of cell.refused.keys()) ensureDetector(cell, symptom, bin);
    if (cell.detectors === undefined) continue;
    for (const [symptom, detector] of cell.detectors) {
      const refused = cell.refused?.get(symptom) ?? 0;
      if (refused === 0 && isQuiet(detector)) {
        detector.n += cell.n;
        continue;
      }
      const start = stepEDetector(detector, bin, refused, cell.n);
      if (start === undefined) continue;
      alarms.push({ symptom, start });
      resetEDetector(detector);
    }
  }
  cells.touched.length = 0;
  return alarms;
}

function ensureDetector(cell: Cell, symptom: string, bin: number): void {
  cell.detectors ??= new Map();
  if (!cell.detectors.has(symptom)) cell.detectors.set(symptom, createEDetector(Math.max(0, cell.total - cell.n), bin));
}
