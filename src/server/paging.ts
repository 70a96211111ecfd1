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
  finding === undefined ? undefined : Buffer.from(JSON.stringify(placeOf(finding))).toString("base64url");

const LONGEST = 200;

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
  if (cursor.length > LONGEST) return undefined;
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    if (!Array.isArray(place) || place.length !== 4) return undefined;
    const [ended, severity, onset, id] = place.map((one: unknown) => one);
    if (!isFinite(ended) || !isFinite(severity) || !isFinite(onset) || typeof id !== "string") return undefined;
    return [ended, severity, onset, id];
  } catch {
    return undefined;
  }
}

const isFinite = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
