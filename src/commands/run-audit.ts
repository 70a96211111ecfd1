import { plainText } from "../lib/plain-text.ts";
import type { AccessLine } from "../model/access.ts";
import { epochMs, type Instant } from "../model/time.ts";
import { accessFolder, readAccess } from "../store/access-log.ts";
import { StoreError } from "../store/store-error.ts";
import { EXIT } from "./exit-codes.ts";
import { DEFAULT_STATE, instantFlag } from "./export-options.ts";
import { noteAccess } from "./note-access.ts";

export interface AuditFlags {
  readonly state?: string;
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
}

/** Prints the accesses; gives the exit code. */
export async function runAudit({ state = DEFAULT_STATE, json = false, ...flags }: AuditFlags): Promise<number> {
  const from = instantFlag("--from", flags.from);
  const to = instantFlag("--to", flags.to);
  if (!from.ok || !to.ok) return usage([from, to].flatMap((part) => (part.ok ? [] : [part.error])));
  let rows = 0;
  try {
    for (const line of readAccess(accessFolder(state), { from: msOf(from.value), to: msOf(to.value) })) {
      rows += 1;
      process.stdout.write(`${json ? jsonOf(line) : textOf(line)}\n`);
    }
    if (rows === 0) process.stderr.write("audit: nobody read anything in that time\n");
    const filter = [flags.from, flags.to].map((text) => text ?? "").join(" to ");
    const unnoted = await noteAccess(state, { what: "audit", via: "audit", filter, rows, outcome: "ok" });
    if (unnoted !== undefined) process.stderr.write(`audit: ${plainText(unnoted)}\n`);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return usage([error.message]);
  }
}

const msOf = (at: Instant | undefined): number | undefined => (at === undefined ? undefined : epochMs(at));

const jsonOf = ({ at, ...rest }: AccessLine): string => JSON.stringify({ at: new Date(at).toISOString(), ...rest });

function textOf({ at, who, what, via, filter, rows, outcome }: AccessLine): string {
  const given = rows === null ? "" : `, ${rows} rows`;
  return plainText(`${new Date(at).toISOString()}  ${what} by ${who} (${via})  ${filter}${given}  ${outcome}`);
}

function usage(faults: readonly string[]): number {
  for (const fault of faults) process.stderr.write(`audit: ${plainText(fault)}\n`);
  return EXIT.usage;
}
