import { type Finding, isStanding, type Severity } from "../model/finding.ts";

const SEVERITY: Readonly<Record<Severity, number>> = { high: 0, medium: 1, low: 2 };

/**
 * What findings are ordered by: refusals before what is held besides, those going on before the others, worst first, newest
 * first; the id where all that is equal.
 */
export type FindingPlace = readonly [standing: number, ended: number, severity: number, onset: number, id: string];

export const placeOf = ({ kind, status, severity, onset, id }: Finding): FindingPlace => [
  Number(isStanding(kind)),
  Number(status !== "open"),
  SEVERITY[severity],
  Number(onset),
  id,
];

const compareRanks = (a: FindingPlace, b: FindingPlace): number =>
  a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || b[3] - a[3];

export const comparePlaces = (a: FindingPlace, b: FindingPlace): number =>
  compareRanks(a, b) || (a[4] < b[4] ? -1 : Number(a[4] !== b[4]));

/** Findings in the order in which they are listed, always the same: a list goes on from any of them. */
export const inOrder = (findings: readonly Finding[]): readonly Finding[] =>
  findings.toSorted((a, b) => comparePlaces(placeOf(a), placeOf(b)));

/** The same order for who reads all of them: what is equal but for the id stays as it was found. */
export const worstFirst = (findings: readonly Finding[]): readonly Finding[] =>
  findings.toSorted((a, b) => compareRanks(placeOf(a), placeOf(b)));
