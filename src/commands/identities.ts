import type { Analysis } from "../analysis.ts";
import { columnIndex } from "../detect/columns.ts";

const COLUMNS = (["principal", "appId", "subscription", "cosmosPrincipal"] as const).map(columnIndex);

/** Everybody whom the running analysis knows by an id; some of them twice. */
export function* identitiesOf({ detection, standing }: Analysis): Generator<string> {
  for (const column of COLUMNS) yield* detection.dictionaries[column]?.values ?? [];
  for (const { principal } of standing.rows) yield principal;
  for (const finding of standing.findings.values())
    if (finding.subject.principal !== undefined) yield finding.subject.principal;
}
