import { z } from "zod";
import { writtenFinding } from "../findings/written-finding.ts";
import type { Finding } from "../model/finding.ts";
import { instantFromTicks } from "../model/time.ts";

/** Instants are ticks, as only this version wrote the file. */
const findingRow = writtenFinding(z.int().transform(instantFromTicks));

/** One finding as JSON text; throws where it could not be read back. */
export function formatFindingRow(finding: Finding): string {
  const row = JSON.stringify(finding);
  parseFindingRow(row);
  return row;
}

/** Throws where the text is not a finding as `formatFindingRow` writes it. */
export function parseFindingRow(row: string): Finding {
  const parsed = findingRow.safeParse(JSON.parse(row));
  if (!parsed.success) throw new Error(`not a finding: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
