import type { Accepted } from "./accept.ts";
import type { Analysis } from "./analysis.ts";
import { timeOf } from "./model/event-table.ts";
import type { Finding } from "./model/finding.ts";
import { instantFromMs } from "./model/time.ts";
import { isJudgementDue, judgeStanding, learnHeard, learnPlace } from "./privileges/standing.ts";

/** Lists of roles and sums of operations are of no moment: they count when they come. */
export function hear({ standing, now }: Analysis, { facts, lists, enqueued }: Accepted): void {
  if (facts === undefined || (facts.length === 0 && lists === undefined)) return;
  const at = enqueued === undefined ? now : instantFromMs(enqueued);
  learnHeard(standing, lists === undefined ? { facts } : { facts, lists }, at);
}

/** A row's use of privileges; what is held is judged when its time has come. */
export function stand({ standing, names, held }: Analysis, place: number, changed: Map<string, Finding>): void {
  const at = timeOf(held.table, place);
  if (isJudgementDue(standing, at)) for (const finding of judgeStanding(standing, at)) changed.set(finding.id, finding);
  learnPlace(standing, names, held.table, place);
}
