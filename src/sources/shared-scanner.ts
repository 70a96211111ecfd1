import { randomInt } from "node:crypto";
import { isScannable } from "../decode/scan/keys.ts";
import { Scanner } from "../decode/scan/scanner.ts";
import type { JoinPath } from "../normalize/join-path.ts";

let scanner: Scanner | undefined;
let readsOwn: string | undefined;

/**
 * The one scanner of this thread: its memory, some tens of megabytes, is made when it is first asked for, and again where the id
 * of the user's own stands elsewhere. Undefined where no scan reads that id: every record is parsed then.
 */
export function sharedScanner(joinBy?: JoinPath): Scanner | undefined {
  if (joinBy !== undefined && !isScannable(joinBy)) return undefined;
  const own = joinBy?.join(".");
  if (scanner === undefined || own !== readsOwn) scanner = new Scanner(randomInt(2 ** 31), joinBy);
  readsOwn = own;
  return scanner;
}
