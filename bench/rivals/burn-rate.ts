import type { LoggedCall } from "./calls.ts";

/** Rules of the SRE workbook (sre.google/workbook/alerting-on-slos, table 5-8): burn rate over a long and a short window. */
const RULES = [
  { burn: 14.4, longMs: 3_600_000, shortMs: 300_000 },
  { burn: 6, longMs: 21_600_000, shortMs: 1_800_000 },
] as const;
const OBJECTIVE = 0.999;
const STEP_MS = 60_000;

export interface Alarm {
  readonly api: string;
  readonly from: number;
  readonly to: number;
}

/** Spans in which an API's refusals burn its budget of 0.1 % too fast, looked at once a minute. */
export function burnRateAlarms(calls: readonly LoggedCall[]): readonly Alarm[] {
  const byApi = Map.groupBy(calls, ({ values }) => values.find((value) => value.startsWith("api=")) ?? "");
  return [...byApi].flatMap(([api, own]) => alarmsOf(api, own));
}

function alarmsOf(api: string, calls: readonly LoggedCall[]): readonly Alarm[] {
  const first = calls[0]?.at ?? 0;
  const last = calls.at(-1)?.at ?? 0;
  const minutes = Math.ceil((last - first + 1) / STEP_MS);
  const refused = new Float64Array(minutes + 1);
  const all = new Float64Array(minutes + 1);
  for (const call of calls) {
    const at = Math.floor((call.at - first) / STEP_MS) + 1;
    all[at] = (all[at] ?? 0) + 1;
    if (call.refused) refused[at] = (refused[at] ?? 0) + 1;
  }
  for (let i = 1; i <= minutes; i++) {
    refused[i] = (refused[i] ?? 0) + (refused[i - 1] ?? 0);
    all[i] = (all[i] ?? 0) + (all[i - 1] ?? 0);
  }
  const burnAt = (minute: number, windowMs: number): number => {
    const from = Math.max(0, minute - windowMs / STEP_MS);
    const n = (all[minute] ?? 0) - (all[from] ?? 0);
    return n === 0 ? 0 : ((refused[minute] ?? 0) - (refused[from] ?? 0)) / n / (1 - OBJECTIVE);
  };
  const alarms: { api: string; from: number; to: number }[] = [];
  for (let minute = 1; minute <= minutes; minute++) {
    const burns = RULES.some(
      ({ burn, longMs, shortMs }) => burnAt(minute, longMs) >= burn && burnAt(minute, shortMs) >= burn,
    );
    if (!burns) continue;
    const at = first + minute * STEP_MS;
    const open = alarms.at(-1);
    if (open !== undefined && at - open.to <= 10 * STEP_MS) open.to = at;
    else alarms.push({ api, from: at, to: at });
  }
  return alarms;
}
