import { columnIndex } from "../detect/columns.ts";
import { isByAddress } from "../detect/count-refusal.ts";
import { type Rows, timeAt, valueAt } from "../detect/rows.ts";
import type { Instant } from "../model/time.ts";
import type { Context } from "./context.ts";
import { oddsOfLoss, oddsOfLossAt, type Refusals } from "./loss.ts";
import { factsOf, idIn, idsIn } from "./window.ts";

const HALF = 0.5;
/** Of an address that nobody was let in from: so much likelier it must be that a caller lost these calls. */
const SURELY_LOST = 3;

/**
 * Refusals for an address from which nobody is let in anywhere, and no caller is seen to have lost them since it was first
 * refused: they are what the filter is for.
 */
export function areFilteredOut(context: Context, { refused, conditions, span }: Refusals): boolean {
  const { window } = context;
  if (!isByAddress(window.symptom.name) || areOfKnown(context, refused)) return false;
  const addresses = idsIn(window, "callerAddress", refused);
  for (let row = window.refused; row < window.time.length; row++)
    if (addresses.has(idIn(window, "callerAddress", row))) return false;
  const from = firstFrom(window.symptom.rows, addresses) ?? span.from;
  const refusals = { refused, conditions, span: { from: from < span.from ? from : span.from, to: span.to } };
  return Math.max(oddsOfLoss(window, refusals), oddsOfLossAt(window, refusals)) < SURELY_LOST;
}

/** Most of them show a subscription's key, or a token of somebody, that calls are let in with from elsewhere. */
function areOfKnown({ detection, window }: Context, refused: readonly number[]): boolean {
  const subscriptions = new Set<number>();
  for (let row = window.refused; row < window.time.length; row++) subscriptions.add(idIn(window, "subscription", row));
  subscriptions.delete(-1);
  const principals = detection.dictionaries[columnIndex("principal")]?.ids;
  const known = refused.filter((row) => {
    const subject = factsOf(window, row)?.subject;
    const isKnownPerson = subject !== undefined && principals?.has(subject) === true;
    return isKnownPerson || subscriptions.has(idIn(window, "subscription", row));
  });
  return known.length >= HALF * refused.length;
}

/** When a call from one of the addresses was first refused, as far back as is remembered. */
function firstFrom(rows: Rows<unknown>, addresses: ReadonlySet<number>): Instant | undefined {
  for (let at = 0; at < rows.count; at++)
    if (addresses.has(valueAt(rows, at, columnIndex("callerAddress")))) return timeAt(rows, at);
  return undefined;
}
