import { type CallRow, statusAt } from "../correlate/call-row.ts";
import { ADDRESS, API, WORDS } from "../model/event-table.ts";
import { type DurationMs, type Instant, msBetween } from "../model/time.ts";

/** When an address last asked for paths that no API has, again and again without a longer pause. */
export interface Probing {
  readonly from: Instant;
  readonly to: Instant;
  readonly count: number;
}

export interface Probes {
  /** By address, the one that asked longest ago first. */
  readonly asked: Map<string, Probing>;
  /** Addresses forgotten because there were too many. */
  forgotten: number;
}

export const createProbes = (): Probes => ({ asked: new Map(), forgotten: 0 });

const MOST = 1_000;
const PAUSE_MS: DurationMs = 600_000;

/** Notes a call that the gateway found no API for; of too many addresses the oldest is forgotten. */
export function noteProbe(probes: Probes, { table, names, gateway, time }: CallRow): void {
  if (gateway < 0 || statusAt(table, gateway) !== 404 || (table.words[WORDS * gateway + API] ?? 0) !== 0) return;
  const address = names.texts[table.words[WORDS * gateway + ADDRESS] ?? 0] ?? "";
  if (address === "") return;
  const { asked } = probes;
  const known = asked.get(address);
  const goesOn = known !== undefined && msBetween(time, known.to) <= PAUSE_MS;
  asked.delete(address);
  asked.set(address, { from: goesOn ? known.from : time, to: time, count: goesOn ? known.count + 1 : 1 });
  const [oldest] = asked.size > MOST ? asked.keys() : [];
  if (oldest === undefined) return;
  asked.delete(oldest);
  probes.forgotten += 1;
}
