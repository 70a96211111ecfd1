import type { Accepted } from "./accept.ts";
import type { Analysis } from "./analysis.ts";
import { createCallRow, readCall } from "./correlate/call-row.ts";
import { isAhead, waitForOne } from "./correlate/delays.ts";
import { drop } from "./correlate/held.ts";
import { release, stopWaiting } from "./correlate/reorder.ts";
import { detect } from "./detect/detect.ts";
import { GATEWAY_KIND, timeOf } from "./model/event-table.ts";
import type { Finding } from "./model/finding.ts";
import { type Instant, plusMs } from "./model/time.ts";
import type { Look } from "./prompt-look.ts";
import { raise } from "./raise.ts";

const call = createCallRow();

/** An event that one log alone is followed by, at the moment from which nothing earlier of that log is waited for. */
export interface Ahead {
  readonly look: Look;
  /** Among the held rows. */
  readonly place: number;
  readonly due: Instant;
}

/** What each log by itself has come to, in the order in which it is due. */
export const takeAhead = (analysis: Analysis, accepted: Accepted): readonly Ahead[] =>
  analysis.looks
    .flatMap((look) =>
      takenBy(analysis, look, accepted).map((place): Ahead => {
        const time = timeOf(analysis.held.table, place);
        return { look, place, due: plusMs(time, look.reorder.lateness) };
      }),
    )
    .toSorted((one, other) => one.due - other.due);

/** Follows one log alone by an event; gives the findings that are new or changed. */
export function lookAhead(analysis: Analysis, { look, place }: Ahead): readonly Finding[] {
  const found = lookAt(analysis, look, place);
  drop(analysis.held, place);
  return found;
}

const NO_KIND = -1;

function takenBy(analysis: Analysis, { reorder, kind }: Look, accepted: Accepted): readonly number[] {
  const patience = { ...waitForOne(analysis.delays, kind), kind: isAhead(analysis.delays, kind) ? kind : NO_KIND };
  return accepted.silent === undefined
    ? release(reorder, analysis, accepted, patience)
    : stopWaiting(reorder, analysis, accepted.silent, patience);
}

function lookAt(analysis: Analysis, { kind, detection }: Look, place: number): readonly Finding[] {
  const { held, names } = analysis;
  const isGateway = kind === GATEWAY_KIND;
  readCall(call, {
    table: held.table,
    names,
    gateway: isGateway ? place : -1,
    operations: isGateway ? [] : [place],
  });
  return detect(detection, call).flatMap((due) => raise(analysis, detection, due, true));
}
