import type { Finding, Severity } from "../model/finding.ts";

const SEVERITY: Readonly<Record<Severity, number>> = { high: 0, medium: 1, low: 2 };

/** What findings are ordered by: those going on, worst first, newest first; the id where all that is equal. */
type Place = readonly [ended: number, severity: number, onset: number, id: string];

const placeOf = ({ status, severity, onset, id }: Finding): Place => [
  Number(status !== "open"),
  SEVERITY[severity],
  Number(onset),
  id,
];

function compare(a: Place, b: Place): number {
  return a[0] - b[0] || a[1] - b[1] || b[2] - a[2] || (a[3] < b[3] ? -1 : Number(a[3] !== b[3]));
}

/** Findings in the order in which they are listed, always the same. */
export const inOrder = (findings: readonly Finding[]): readonly Finding[] =>
  findings.toSorted((a, b) => compare(placeOf(a), placeOf(b)));

/** Where a list goes on: after this finding, even when it is no longer there. */
export const cursorOf = (finding: Finding | undefined): string | undefined =>
  finding === undefined ? undefined : placeOf(finding).join("_");

/** How a cursor is written: the place of the finding before it. */
export const CURSOR = /^([01])_([012])_(-?\d{1,17})_(F-[\w-]{1,38})$/;

/** The findings after a cursor, all of them without; undefined for a text that is no cursor. */
export function afterCursorOrFault(
  findings: readonly Finding[],
  cursor: string | undefined,
): readonly Finding[] | undefined {
  if (cursor === undefined) return findings;
  const place = readPlace(cursor);
  return place === undefined ? undefined : findings.filter((finding) => compare(placeOf(finding), place) > 0);
}

/** As above; a text that is no cursor is none. */
export const afterCursor = (findings: readonly Finding[], cursor: string | undefined): readonly Finding[] =>
  afterCursorOrFault(findings, cursor) ?? findings;

function readPlace(cursor: string): Place | undefined {
  const [, ended, severity, onset, id] = CURSOR.exec(cursor) ?? [];
  return id === undefined ? undefined : [Number(ended), Number(severity), Number(onset), id];
}
