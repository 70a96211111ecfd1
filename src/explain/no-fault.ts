import { areAnswered } from "./answered.ts";
import { areAsEver } from "./as-ever.ts";
import type { Context } from "./context.ts";
import { areFilteredOut } from "./filtered-out.ts";
import { areForged } from "./forged.ts";
import { areFromTheFirst } from "./from-the-first.ts";
import type { Refusals } from "./loss.ts";
import { areOfStrangers } from "./strangers.ts";

const KINDS = [areAnswered, areForged, areOfStrangers, areFromTheFirst, areAsEver, areFilteredOut];

/** Refusals that are as they should be, however many there are. */
export const areNoFault = (context: Context, refusals: Refusals): boolean =>
  KINDS.some((are) => are(context, refusals));
