import { areAnswered } from "./answered.ts";
import { areAsEver } from "./as-ever.ts";
import type { Context } from "./context.ts";
import { areFilteredOut, areFromTheFirst, areOfStrangers, type Refusals } from "./strangers.ts";

const KINDS = [areAnswered, areOfStrangers, areFromTheFirst, areAsEver, areFilteredOut];

/** Refusals that are as they should be, however many there are. */
export const areNoFault = (context: Context, refusals: Refusals): boolean =>
  KINDS.some((are) => are(context, refusals));
