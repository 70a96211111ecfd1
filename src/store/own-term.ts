import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { writeKept, syncFolder } from "../folder.ts";
import { dirname } from "node:path";

const fileOf = (state: string): string => `${state}.term`;

/** The term that the state of this machine is of; 0 where there is no state, or none that was ever shared. */
export function ownTerm(state: string): number {
  if (!existsSync(state) || !existsSync(fileOf(state))) return 0;
  const text = readFileSync(fileOf(state), "utf8");
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

export function writeOwnTerm(state: string, term: number): void {
  const partial = `${fileOf(state)}.part`;
  rmSync(partial, { force: true });
  writeKept(partial, String(term));
  renameSync(partial, fileOf(state));
  syncFolder(dirname(fileOf(state)));
}
