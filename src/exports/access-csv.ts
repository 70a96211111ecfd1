import { csvText } from "../lib/csv-text.ts";
import type { AccessLine } from "../model/access.ts";
import { type Pseudonyms, redactValue } from "./redaction.ts";
import type { Profile } from "../model/redaction-profile.ts";

const HEAD = "sequence,at,who,what,via,filter,rows,outcome,previous";
/** Lines of one export. */
const MOST = 100_000;

/** Who read what of the kept calls, a line an access; of very many, the last line says how many more there are. */
export function accessCsv(accesses: Iterable<AccessLine>, profile: Profile, names: Pseudonyms): string {
  const lines = [HEAD];
  let more = 0;
  for (const { sequence, at, who, what, via, filter, rows, outcome, previous } of accesses) {
    if (lines.length > MOST) {
      more += 1;
      continue;
    }
    const person = redactValue(who, "identity", profile, names) ?? "(dropped)";
    // What was asked for may name somebody, or an address.
    const isOpen = profile.identity === "none" && profile.address === "none" && profile.text === "none";
    const asked = isOpen ? filter : "(dropped)";
    const cells = [
      sequence,
      new Date(at).toISOString(),
      csvText(person),
      what,
      csvText(via),
      csvText(asked),
      rows ?? "",
    ];
    lines.push([...cells, outcome, previous].join(","));
  }
  if (more > 0) lines.push(`,,,,,${more} more,,,`);
  return lines.map((line) => `${line}\r\n`).join("");
}
