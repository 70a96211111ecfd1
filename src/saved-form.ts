import type { Analysis } from "./analysis.ts";
import type { Detection } from "./detect/detection.ts";
import { clientTableOf } from "./privileges/client-table.ts";
import { gatewayAccessOf } from "./privileges/gateway-access.ts";

/**
 * The analysis as it is written down: without the ways from texts back to their numbers, which would write each text a second
 * time. Shares all else with it.
 */
export function savedForm(analysis: Analysis): Analysis {
  const { names, standing, detection, looks } = analysis;
  const { privileges } = standing;
  return {
    ...analysis,
    names: { ...names, ids: new Map() },
    standing: {
      ...standing,
      privileges: { ...privileges, ledger: { ...privileges.ledger, textIds: new Map() } },
    },
    detection: withoutIds(detection),
    looks: looks.map((look) => Object.assign({}, look, { detection: withoutIds(look.detection) })),
  };
}

/** Members whose members are written one by one: what takes longest to write is in them. */
export const SPLIT: ReadonlySet<string> = new Set(["standing", "standing/privileges"]);

const withoutIds = (detection: Detection): Detection => ({
  ...detection,
  dictionaries: detection.dictionaries.map((dictionary) => Object.assign({}, dictionary, { ids: new Map() })),
});

/** Finds the ways back again, in place; those that are there stay. What earlier versions kept in another form gets today's. */
export function findWaysBack({ names, standing, detection, looks }: Analysis): void {
  const { privileges } = standing;
  const { ledger } = privileges;
  const { texts, textIds } = ledger;
  ledger.clients = clientTableOf(ledger.clients);
  privileges.gatewayAccess = gatewayAccessOf(privileges.gatewayAccess, names.seed);
  fill(names.ids, names.texts, 1);
  fill(textIds, texts, 0);
  for (const { dictionaries } of [detection, ...looks.map((look) => look.detection)])
    for (const { ids, values } of dictionaries) fill(ids, values, 0);
}

function fill(ids: Map<string, number>, texts: readonly string[], from: number): void {
  if (ids.size > 0) return;
  for (let id = from; id < texts.length; id++) ids.set(texts[id] ?? "", id);
}
