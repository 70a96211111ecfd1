import { addDayRow, type Block, packTail, PERIOD, visitRows } from "./day-rows.ts";
import { atOnce } from "../lib/in-turns.ts";
import { createFolding, foldInto, packFolding, periodOf, visitFolded } from "./folded-rows.ts";
import { finestOf } from "./grains.ts";
import type { Ledger } from "./ledger.ts";

/** The newest days are not folded: what comes late changes them yet. */
const UNFOLDED_DAYS = 14;

/**
 * Folds the oldest day that is not folded into its period: its counts are added to the period's, of each use that it was on
 * that day stays known. False where there is none that may be folded. A day that tables and single operations tell is
 * told by the finest from then on.
 */
export function foldOldest({ rows, uses, newestDay, isTold }: Ledger): boolean {
  packTail(rows); // all that there is of the day
  const day = rows.blocks.reduce((first, { firstDay }) => Math.min(first, firstDay), Number.POSITIVE_INFINITY);
  if (day > newestDay - UNFOLDED_DAYS) return false;
  const begun = takeBlocks(rows.blocks, (block) => block.firstDay === day);
  const firstDay = periodOf(day);
  const before = takeBlocks(rows.folded, (block) => block.firstDay === firstDay);
  const isFinest = isTold ? atOnce(finestOf(uses, { ...rows, blocks: begun, folded: before })) : undefined;
  const folding = createFolding(firstDay, uses.table.used);
  const fold = foldInto(folding);
  visitFolded({ folded: before }, fold);
  visitRows({ ...rows, blocks: begun, tailRows: 0 }, (of, use, counts) => {
    if (of !== day) addDayRow(rows, of, use, counts);
    else if (isFinest === undefined || (uses.grain[use] ?? 0) === 0) fold(of, use, counts, 0);
    else if (isFinest(use, of)) fold(of, uses.single[use] ?? -1, counts, 0);
  });
  rows.folded.push(packFolding(folding));
  rows.folded.sort((a, b) => a.firstDay - b.firstDay);
  return true;
}

/** The day after those that go next, where nothing may be folded any more. */
export function endOfOldest({ rows, newestDay, oldestDay }: Ledger): number {
  const [period] = rows.folded;
  const end = period === undefined ? (rows.blocks[0]?.lastDay ?? newestDay) + 1 : period.firstDay + PERIOD;
  return Math.max(end, oldestDay + 1);
}

/** Takes those that are so out of the list. */
function takeBlocks<T extends Pick<Block, "bytes">>(blocks: T[], isSo: (block: T) => boolean): T[] {
  const taken = blocks.filter(isSo);
  const left = blocks.filter((block) => !isSo(block));
  blocks.splice(0, blocks.length, ...left);
  return taken;
}
