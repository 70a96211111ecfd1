import { type CallRow, statusAt } from "../correlate/call-row.ts";
import { ADDRESS, API, WORDS } from "../model/event-table.ts";
import type { DurationMs } from "../model/time.ts";
import { noteSpell, type Spell } from "./spells.ts";

export interface Probes {
  /** When an address asked for paths that no API has: by address, the one that asked longest ago first. */
  readonly asked: Map<string, Spell>;
  /** Addresses forgotten because there were too many. */
  forgotten: number;
}

export const createProbes = (): Probes => ({ asked: new Map(), forgotten: 0 });

const PAUSE_MS: DurationMs = 600_000;

/** Notes a call that the gateway found no API for; of too many addresses the oldest is forgotten. */
export function noteProbe(probes: Probes, { table, names, gateway, time }: CallRow): void {
  if (gateway < 0 || statusAt(table, gateway) !== 404 || (table.words[WORDS * gateway + API] ?? 0) !== 0) return;
  const address = names.texts[table.words[WORDS * gateway + ADDRESS] ?? 0] ?? "";
  if (address === "") return;
  if (noteSpell(probes.asked, address, { at: time, pauseMs: PAUSE_MS })) probes.forgotten += 1;
}
