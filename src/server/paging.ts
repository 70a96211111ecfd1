import { comparePlaces, type FindingPlace, placeOf } from "../findings/order.ts";
import type { Finding } from "../model/finding.ts";

/** Where a list goes on: after this finding, even when it is no longer there. */
export const cursorOf = (finding: Finding | undefined): string | undefined =>
  finding === undefined ? undefined : placeOf(finding).join("_");

/** How a cursor is written: the place of the finding before it. */
export const CURSOR = /^([01])_([01])_([012])_(-?\d{1,17})_(F-[\w-]{1,38})$/;

/** The findings after a cursor, all of them without; undefined for a text that is no cursor. */
export function afterCursorOrFault(
  findings: readonly Finding[],
  cursor: string | undefined,
): readonly Finding[] | undefined {
  if (cursor === undefined) return findings;
  const place = readPlace(cursor);
  return place === undefined ? undefined : findings.filter((finding) => comparePlaces(placeOf(finding), place) > 0);
}

/** As above; a text that is no cursor is none. */
export const afterCursor = (findings: readonly Finding[], cursor: string | undefined): readonly Finding[] =>
  afterCursorOrFault(findings, cursor) ?? findings;

function readPlace(cursor: string): FindingPlace | undefined {
  const [, standing, ended, severity, onset, id] = CURSOR.exec(cursor) ?? [];
  return id === undefined ? undefined : [Number(standing), Number(ended), Number(severity), Number(onset), id];
}
