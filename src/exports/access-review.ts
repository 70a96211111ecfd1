import { csvText } from "../lib/csv-text.ts";
import { instantFromTicks } from "../model/time.ts";
import type { PrincipalRow } from "../privileges/rows.ts";
import { formatMicros } from "./canonical.ts";
import { type Pseudonyms, redactValue } from "./redaction.ts";
import type { Profile } from "../model/redaction-profile.ts";

const HEAD =
  "principal,kind,account,roles,actions_granted,actions_used,calls,refused,last_used,enough_seen,verdict,findings,reviewer,decision,date";

/** Who holds what and uses what of it, a line a principal, with room for who decides: for Excel and for the file. */
export function accessReviewCsv(rows: readonly PrincipalRow[], profile: Profile, names: Pseudonyms): string {
  const lines = rows.map((row) => {
    const isKey = row.kind === "key" || row.kind === "token";
    const principal = isKey ? row.principal : (redactValue(row.principal, "identity", profile, names) ?? "(dropped)");
    return [
      csvText(principal),
      row.kind,
      csvText(row.account),
      csvText(row.roles.join("; ")),
      row.actionsGranted,
      row.actionsUsed,
      row.calls,
      row.refused,
      row.lastUsed === null ? "" : formatMicros(instantFromTicks(row.lastUsed)),
      row.enough ? "yes" : "no",
      csvText(row.verdict),
      row.findings.join(" "),
      "",
      "",
      "",
    ].join(",");
  });
  return [HEAD, ...lines].map((line) => `${line}\r\n`).join("");
}
