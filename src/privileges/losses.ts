import type { Instant } from "../model/time.ts";
import { dayOf, KEPT_DAYS } from "./ledger.ts";

/** Times of which records are missing, or may be: days that they touch are not observed. Plain data. */
export interface Losses {
  /** At most `MOST`; beyond, the last one grows. */
  readonly past: Loss[];
  /** Reason and partition → since when; they go on. */
  readonly open: Map<string, OpenLoss>;
}

export type LossReason = "past-retention" | "not-compared" | "source-ended" | "silent";

interface OpenLoss {
  readonly partition: string;
  readonly because: LossReason;
  readonly from: Instant;
}

export interface Loss extends OpenLoss {
  readonly to: Instant;
}

const MOST = 1_000;
const MOST_OPEN = 10_000;

export const createLosses = (): Losses => ({ past: [], open: new Map() });

/** From then on records of the partition are missing, until it is heard of. */
export function openLoss({ open }: Losses, loss: OpenLoss): void {
  const key = `${loss.because}|${loss.partition}`;
  const known = open.get(key);
  if (known === undefined && open.size >= MOST_OPEN) return;
  if (known === undefined || loss.from < known.from) open.set(key, loss);
}

export function addLoss({ past }: Losses, loss: Loss): void {
  const last = past.at(-1);
  if (last === undefined || past.length < MOST) past.push(loss);
  else past[past.length - 1] = { ...last, from: least(last.from, loss.from), to: greatest(last.to, loss.to) };
}

const least = (a: Instant, b: Instant): Instant => (a < b ? a : b);
const greatest = (a: Instant, b: Instant): Instant => (a > b ? a : b);

interface Heard {
  readonly partition: string;
  /** Time of the first of the records that came; undefined where none came. */
  readonly first: Instant | undefined;
  /** Whether the partition holds no more. */
  readonly caughtUp: boolean;
}

/** A partition delivers: what was lost ends with its first record; what was only late is there once it has caught up. */
export function hearOf(losses: Losses, { partition, first, caughtUp }: Heard): void {
  const { open } = losses;
  const lost = open.get(`past-retention|${partition}`);
  if (lost !== undefined && first !== undefined) {
    open.delete(`past-retention|${partition}`);
    addLoss(losses, { ...lost, to: greatest(lost.from, first) });
  }
  if (caughtUp) open.delete(`silent|${partition}`);
}

/** Day → a loss that touches it, of the days that are kept; what is open goes on until `now`. */
export function lostDays({ past, open }: Losses, now: Instant): ReadonlyMap<number, Loss> {
  const last = dayOf(now);
  const days = new Map<number, Loss>();
  for (const loss of [...past, ...[...open.values()].map((one) => Object.assign({}, one, { to: now }))]) {
    const from = Math.max(dayOf(loss.from), last - 2 * KEPT_DAYS);
    for (let day = from; day <= Math.min(dayOf(loss.to), last); day++) days.set(day, loss);
  }
  return days;
}

const REASONS: Readonly<Record<LossReason, string>> = {
  "past-retention": "past the hub's retention before they could be read",
  "not-compared": "too many to be compared with the workspace's own counts",
  "source-ended": "its source is read no longer",
  silent: "its source is behind and says nothing",
};

/** Why records of some days are missing, each reason once, at most three. */
export const lossText = (losses: Iterable<Loss>): string => {
  const says = new Set(Array.from(losses, ({ partition, because }) => `${partition}: ${REASONS[because]}`));
  const more = says.size - SHOWN;
  return `${[...says].slice(0, SHOWN).join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
};
const SHOWN = 3;
