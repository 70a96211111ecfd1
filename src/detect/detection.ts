import type { CallRow } from "../correlate/call-row.ts";
import { idAt } from "../correlate/row-event.ts";
import { addKey, createTable64, findKey, type Table64 } from "../lib/table64.ts";
import type { Layer } from "../model/call.ts";
import { KEY, KEY_IS_HASH, STATUS, TRAITS, WORDS } from "../model/event-table.ts";
import { keyText } from "../model/key128.ts";
import type { Instant } from "../model/time.ts";
import { newCell } from "./cells.ts";
import { type Challenges, createChallenges } from "./challenge.ts";
import { VALUES_PER_COLUMN } from "./columns.ts";
import { createCredibility, type Credibility } from "./credible.ts";
import { createLimits, type Limits } from "./limits.ts";
import { createProbes, type Probes } from "./probes.ts";
import { createRows, type Rows } from "./rows.ts";
import { createUnits, type Units } from "./units.ts";
import { createGroups, createVocabulary, type Groups, type Vocabulary } from "./vocabulary.ts";

/** What a refused row says beyond its dimensions. */
export interface RefusalFacts {
  readonly layer: Layer;
  readonly status: 401 | 403;
  /** The reason as the gateway's policy logged it. */
  readonly reason: string | undefined;
  /** What sub-status or message tell of a refusal by Cosmos DB. */
  readonly told: string | undefined;
  /** Message of the gateway, the backend or Cosmos; at most 500 characters, redacted at normalize. */
  readonly message: string | undefined;
  /** Milliseconds by which the token had expired; negative while it was valid. */
  readonly expiredMs: number | undefined;
  readonly claimed: boolean;
  /** Object id that the token names, whether or not anybody vouched for it. */
  readonly subject: string | undefined;
  /** The token was given for a person (it has scopes), not for an application by itself. */
  readonly delegated: boolean;
  /** By its method the call writes: a read may be sent as a POST, too. */
  readonly writes: boolean | undefined;
}

/** Refusals of one layer and reason, and the episode that is going on, if any. */
export interface Symptom {
  readonly name: string;
  readonly layer: Layer;
  readonly rows: Rows<RefusalFacts>;
  /** Start of the rise that raised the alarm; absent while nothing is wrong. */
  onset: Instant | undefined;
  lastAlarm: Instant;
  lastRefused: Instant;
  /** Counted refusals ever, and when it was last explained. */
  counted: number;
  explainedAt: Instant;
  explainedCount: number;
  /** Of them, those before the last pause: what comes after it may be another fault. */
  settledCount: number;
}

/** All that detection remembers. Plain data: survives a structured clone. */
export interface Detection extends Vocabulary {
  /** Units by key: the slot is the unit's id, in the order of first appearance. */
  readonly units: Table64;
  /** The unit's cell, by id. */
  readonly unitCells: number[];
  /** Trials of units met after there were too many: they count under no unit. */
  unitsBeyond: number;
  /** Those of the call that is looked at. */
  readonly unitsOfCall: Units;
  readonly groups: Groups;
  readonly credibility: Credibility;
  readonly challenges: Challenges;
  readonly succeeded: Rows;
  readonly symptoms: Map<string, Symptom>;
  readonly limits: Limits;
  readonly probes: Probes;
  /** Number of the bin that is being filled. */
  bin: number;
  /** When the first call was seen; absent before. */
  began: Instant | undefined;
  symptomsRefused: number;
}

const SUCCEEDED_ROWS = 65_536;

export const createDetection = (): Detection => ({
  ...createVocabulary(),
  units: createTable64(),
  unitCells: [],
  unitsBeyond: 0,
  unitsOfCall: createUnits(),
  groups: createGroups(),
  credibility: createCredibility(200_000),
  challenges: createChallenges(),
  succeeded: createRows(SUCCEEDED_ROWS),
  symptoms: new Map(),
  limits: createLimits(),
  probes: createProbes(),
  bin: Number.NEGATIVE_INFINITY,
  began: undefined,
  symptomsRefused: 0,
});

/** The id of a unit, a new one where it has none yet; -1 when there are too many. */
export function unitId(detection: Detection, high: number, low: number): number {
  const { units, unitCells, cells } = detection;
  const known = findKey(units, high, low);
  if (known >= 0) return known;
  if (units.size >= VALUES_PER_COLUMN) {
    detection.unitsBeyond += 1;
    return -1;
  }
  const unit = addKey(units, high, low);
  unitCells.push(newCell(cells, unit));
  return unit;
}

/** Writes whose call a row is, and the status of the call or else of the operation. */
export function writeCall(
  rows: Rows<unknown>,
  at: number,
  { table, gateway, operations }: CallRow,
  operation: number,
): void {
  const place = gateway >= 0 ? gateway : (operations[0] ?? 0);
  const { words } = table;
  rows.status[at] = words[WORDS * (gateway >= 0 ? gateway : operation) + STATUS] ?? 0;
  const key = WORDS * place + KEY;
  for (let i = 0; i < 4; i++) rows.call[4 * at + i] = words[key + i] ?? 0;
  if (((words[WORDS * place + TRAITS] ?? 0) & KEY_IS_HASH) === 0) return;
  const id = idAt(table, place);
  if (id !== keyText(words, key)) rows.odd.set(rows.serial[at] ?? 0, id);
}
