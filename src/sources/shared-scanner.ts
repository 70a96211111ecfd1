import { randomInt } from "node:crypto";
import { Scanner } from "../decode/scan/scanner.ts";

let scanner: Scanner | undefined;

/** The one scanner of this thread: its memory, some tens of megabytes, is made when it is first asked for. */
export const sharedScanner = (): Scanner => (scanner ??= new Scanner(randomInt(2 ** 31)));
