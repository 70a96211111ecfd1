import { viewerPseudonyms } from "../../src/commands/viewer-pseudonyms.ts";
import { epochMs, type EpochMs } from "../../src/model/time.ts";
import type { AccessEvent } from "../../src/server/access/access-log.ts";
import { at } from "../builders.ts";

export const NOW = (epochMs(at(61)) + 3_000) as EpochMs;

/** What every access needs beside tokens and providers; what was revealed goes to `told`. */
export const accessParts = (told: AccessEvent[] = []) => ({
  now: () => NOW,
  pseudonyms: viewerPseudonyms(Buffer.alloc(32, 7)),
  log: (event: AccessEvent) => void told.push(event),
  rate: { perSecond: 1_000, burst: 10_000 },
});
