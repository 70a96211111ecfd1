import { z } from "zod";

/** What every peer prints: the join and the groups of the whole corpus in five numbers. */
export const Answer = z.object({
  groups: z.number(),
  calls: z.number(),
  matches: z.number(),
  /** Request units over all groups, to two decimals. */
  charge: z.number(),
  /** Mean over the groups of their 95th percentile of duration, in milliseconds, to four decimals. */
  meanP95: z.number(),
});
export type Answer = z.infer<typeof Answer>;
