import type { Config } from "../config/config.ts";
import { callsFolder, openCallLog } from "../store/call-log.ts";
import type { CallLog } from "../store/store.ts";

const DAY_MS = 86_400_000;

/** Where the calls of a configured state are kept. */
export const openKeptCalls = ({ state, retention }: Config): CallLog =>
  openCallLog(callsFolder(state), retention * DAY_MS);
