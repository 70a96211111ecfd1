import { columnIndex } from "../detect/columns.ts";
import type { Detection } from "../detect/detection.ts";
import { callAt, placesSince, type Rows, timeAt, valueAt } from "../detect/rows.ts";
import type { Dimension } from "../model/call.ts";
import type { Change } from "../model/event.ts";
import type { MinuteCount } from "../model/report.ts";
import { epochMs, type Instant, instantFromMs, msBetween } from "../model/time.ts";
import type { Tracked } from "./same-fault.ts";

const MAX_MINUTES = 300;
const BEFORE_MINUTES = 60;
const MINUTE_MS = 60_000;

/** One call among a finding's samples, as far as the compared rows tell. */
export interface SampleRow {
  readonly id: string;
  readonly time: Instant;
  readonly refused: boolean;
  readonly status: number;
  readonly values: ReadonlyMap<Dimension, string>;
}

/**
 * Calls by minute of the units (caller and operation) that a finding is about: from an hour before its onset to its last
 * refusal, at most 300 minutes, oldest first.
 */
export function findingMinutes(detection: Detection, tracked: Tracked): readonly MinuteCount[] {
  const symptom = detection.symptoms.get(tracked.symptom);
  if (symptom === undefined) return [];
  const units = new Set(refusedPlaces(symptom.rows, tracked).map((place) => symptom.rows.unit[place] ?? -1));
  const last = minuteOf(tracked.lastRefused);
  const first = Math.max(minuteOf(tracked.finding.onset) - BEFORE_MINUTES, last - MAX_MINUTES + 1);
  const minutes = Array.from({ length: Math.max(1, last - first + 1) }, () => ({
    calls: 0,
    refused401: 0,
    refused403: 0,
  }));
  for (const place of matching(symptom.rows, tracked)) {
    const at = minutes[minuteOf(timeAt(symptom.rows, place)) - first];
    const calls = symptom.rows.weight[place] ?? 0;
    if (at === undefined) continue;
    at.calls += calls;
    if (symptom.rows.status[place] === 401) at.refused401 += calls;
    else at.refused403 += calls;
  }
  for (const place of placesSince(detection.succeeded, instantFromMs(first * MINUTE_MS))) {
    const at = minutes[minuteOf(timeAt(detection.succeeded, place)) - first];
    if (at !== undefined && units.has(detection.succeeded.unit[place] ?? -1))
      at.calls += detection.succeeded.weight[place] ?? 0;
  }
  return minutes.map((count, i) => ({
    time: instantFromMs((first + i) * MINUTE_MS),
    calls: Math.round(count.calls),
    refused401: Math.round(count.refused401),
    refused403: Math.round(count.refused403),
  }));
}

/** The calls that the finding names as samples, refused first, newest first. */
export function findingSamples(detection: Detection, tracked: Tracked): readonly SampleRow[] {
  const symptom = detection.symptoms.get(tracked.symptom);
  const { refused, succeeded } = tracked.finding.samples;
  const rows = [
    ...(symptom === undefined ? [] : sampleRows(detection, symptom.rows, { wanted: new Set(refused), refused: true })),
    ...sampleRows(detection, detection.succeeded, { wanted: new Set(succeeded), refused: false }),
  ];
  return rows.toSorted((a, b) => Number(b.refused) - Number(a.refused) || b.time - a.time);
}

const CHANGE_REACH_MS = 6 * 3_600_000;

/** Changes of the control planes from six hours before the onset to the end, oldest first. */
export const findingChanges = (changes: readonly Change[], tracked: Tracked): readonly Change[] =>
  changes.filter(({ time }) => msBetween(tracked.finding.onset, time) < CHANGE_REACH_MS && time <= tracked.lastRefused);

function sampleRows(
  detection: Detection,
  rows: Rows<unknown>,
  pick: { wanted: ReadonlySet<string>; refused: boolean },
): readonly SampleRow[] {
  const found = new Map<string, SampleRow>();
  for (let place = 0; place < rows.count; place++) {
    const id = callAt(rows, place);
    if (!pick.wanted.has(id) || found.has(id)) continue;
    found.set(id, {
      id,
      time: timeAt(rows, place),
      refused: pick.refused,
      status: rows.status[place] ?? 0,
      values: valuesAt(detection, rows, place),
    });
  }
  return [...found.values()];
}

const SHOWN: readonly Dimension[] = [
  "api",
  "operation",
  "backend",
  "appId",
  "principal",
  "subscription",
  "cosmosOperation",
  "container",
  "subStatus",
  "cosmosPrincipal",
  "credential",
];

function valuesAt(detection: Detection, rows: Rows<unknown>, place: number): ReadonlyMap<Dimension, string> {
  const values = new Map<Dimension, string>();
  for (const dimension of SHOWN) {
    const column = columnIndex(dimension);
    const text = detection.dictionaries[column]?.values[valueAt(rows, place, column)];
    if (text !== undefined) values.set(dimension, text);
  }
  return values;
}

const minuteOf = (at: Instant): number => Math.floor(epochMs(at) / MINUTE_MS);

/** Rows of the refused calls that the finding is about. */
export const refusedPlaces = (rows: Rows<unknown>, tracked: Tracked): readonly number[] =>
  matching(rows, tracked).filter((place) => within(rows, place, tracked));

function within(rows: Rows<unknown>, place: number, { finding, lastRefused }: Tracked): boolean {
  const time = rows.time[place] ?? 0;
  return time >= finding.onset && time <= lastRefused;
}

function matching(rows: Rows<unknown>, { explanation }: Tracked): readonly number[] {
  const found: number[] = [];
  for (let place = 0; place < rows.count; place++) {
    if (explanation.conditions.every(({ column, value }) => valueAt(rows, place, column) === value)) found.push(place);
  }
  return found;
}
