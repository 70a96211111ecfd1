import type { Row } from "./rows.ts";

export const shareOf = (rows: readonly Row[], test: (row: Row) => boolean): number =>
  rows.length === 0 ? Number.NaN : rows.filter(test).length / rows.length;

export function quantile(list: readonly number[], q: number): number {
  const sorted = list.filter(Number.isFinite).toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

const HEADER = `${"".padEnd(40)}     n  recall  cause  first2  split  any    onset50  onset90  delay50  end50  dup`;

function lineOf(name: string, rows: readonly Row[]): string {
  const found = rows.filter((row) => row.found);
  const numbers = (pick: (row: Row) => number): readonly number[] => found.map(pick);
  return [
    name.padEnd(40),
    String(rows.length).padStart(4),
    shareOf(rows, (row) => row.found).toFixed(3),
    shareOf(found, (row) => row.causeRight).toFixed(3),
    shareOf(found, (row) => row.firstTwo).toFixed(3),
    shareOf(found, (row) => row.splitRight).toFixed(3),
    shareOf(found, (row) => row.anySplit).toFixed(3),
    quantile(
      numbers((row) => row.onsetError),
      0.5,
    ).toFixed(1),
    quantile(
      numbers((row) => row.onsetError),
      0.9,
    ).toFixed(1),
    quantile(
      numbers((row) => row.delay),
      0.5,
    ).toFixed(1),
    quantile(
      numbers((row) => row.endError),
      0.5,
    ).toFixed(1),
    String(found.reduce((sum, row) => sum + row.duplicates, 0)),
  ].join("  ");
}

/** A line a group, in the order of their names, and one for all. */
export function tableOf(title: string, rows: readonly Row[], group: (row: Row) => string): string {
  const names = [...new Set(rows.map(group))].toSorted();
  const lines = names.map((name) =>
    lineOf(
      name,
      rows.filter((row) => group(row) === name),
    ),
  );
  return [title, HEADER, ...lines, lineOf("all", rows), ""].join("\n");
}

const BINS = 10;

interface Bin {
  readonly from: number;
  readonly rows: readonly Row[];
  readonly confidence: number;
  readonly right: number;
}

/** How often a cause is right that is said with a confidence. */
function binsOf(rows: readonly Row[]): readonly Bin[] {
  const found = rows.filter((row) => row.found);
  return Array.from({ length: BINS }, (_, i) => {
    const inside = found.filter(({ confidence }) => Math.min(BINS - 1, Math.floor(confidence * BINS)) === i);
    const confidence = inside.reduce((sum, row) => sum + row.confidence, 0) / Math.max(1, inside.length);
    return { from: i / BINS, rows: inside, confidence, right: shareOf(inside, ({ causeRight }) => causeRight) };
  }).filter(({ rows: inside }) => inside.length > 0);
}

/** Mean distance between confidence and share of right causes, over bins of ten (Naeini et al., AAAI 2015). */
export function calibrationError(rows: readonly Row[]): number {
  const bins = binsOf(rows);
  const total = bins.reduce((sum, bin) => sum + bin.rows.length, 0);
  return (
    bins.reduce((sum, { rows: inside, confidence, right }) => sum + inside.length * Math.abs(confidence - right), 0) /
    total
  );
}

export function reliabilityTable(rows: readonly Row[]): string {
  const lines = binsOf(rows).map(
    ({ from, rows: inside, confidence, right }) =>
      `${from.toFixed(1)}-${(from + 1 / BINS).toFixed(1)}  ${String(inside.length).padStart(4)}  ${confidence.toFixed(3)}       ${right.toFixed(3)}`,
  );
  return ["confidence", "from-to      n  mean confidence  share right", ...lines, ""].join("\n");
}
