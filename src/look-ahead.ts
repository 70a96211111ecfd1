import type { Accepted } from "./accept.ts";
import type { Analysis } from "./analysis.ts";
import { createCallRow, readCall } from "./correlate/call-row.ts";
import { isAhead, waitForOne } from "./correlate/delays.ts";
import { drop } from "./correlate/held.ts";
import { release, stopWaiting } from "./correlate/reorder.ts";
import { detect } from "./detect/detect.ts";
import { explain } from "./explain/explain.ts";
import { update } from "./findings/lifecycle.ts";
import { GATEWAY_KIND } from "./model/event-table.ts";
import type { Finding } from "./model/finding.ts";
import type { Look } from "./prompt-look.ts";

const call = createCallRow();

/** Each log by itself, as far as it has come; gives the findings that are new or changed. */
export const lookAhead = (analysis: Analysis, accepted: Accepted): readonly Finding[] =>
  analysis.looks.flatMap((look) => {
    const changed = new Map<string, Finding>();
    for (const place of takenBy(analysis, look, accepted)) {
      for (const finding of lookAt(analysis, look, place)) changed.set(finding.id, finding);
      drop(analysis.held, place);
    }
    return [...changed.values()];
  });

const NO_KIND = -1;

function takenBy(analysis: Analysis, { reorder, kind }: Look, accepted: Accepted): readonly number[] {
  const patience = { ...waitForOne(analysis.delays, kind), kind: isAhead(analysis.delays, kind) ? kind : NO_KIND };
  return accepted.silent === undefined
    ? release(reorder, analysis, accepted, patience)
    : stopWaiting(reorder, analysis, accepted.silent, patience);
}

function lookAt(analysis: Analysis, { kind, detection }: Look, place: number): readonly Finding[] {
  const { held, names, changes, findings } = analysis;
  const isGateway = kind === GATEWAY_KIND;
  readCall(call, {
    table: held.table,
    names,
    gateway: isGateway ? place : -1,
    operations: isGateway ? [] : [place],
  });
  return detect(detection, call).flatMap((due) =>
    update(findings, detection, {
      explanations: explain(detection, due, changes),
      at: due.at,
      isProvisional: true,
    }),
  );
}
