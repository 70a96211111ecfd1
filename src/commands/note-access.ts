import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname } from "node:path";
import type { Access } from "../model/access.ts";
import { accessFolder, openAccessLog } from "../store/access-log.ts";
import { StoreError } from "../store/store-error.ts";
import { askControl } from "./control.ts";

/** Notes what a command takes of a state's calls: by the `serve` that has the state, else in its log; gives why it cannot. */
export async function noteAccess(state: string, access: Omit<Access, "at" | "who">): Promise<string | undefined> {
  if (!existsSync(dirname(state))) return undefined;
  const noted: Access = { at: Date.now(), who: `${userInfo().username} (command)`, ...access };
  const end = await askControl(state, { do: "note", access: noted }, () => undefined);
  if (end?.kind === "done") return undefined;
  try {
    const log = openAccessLog(accessFolder(state));
    log.add(noted);
    log.close();
    return undefined;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return `the access could not be noted: ${error.message}`;
  }
}
