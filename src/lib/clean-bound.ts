/**
 * The refused share that so many calls without a refusal rule out, at a confidence of 0 to 1: the exact one-sided binomial
 * bound, as a share. 299 clean calls rule out 1 % at 95 %.
 */
export const cleanBound = (calls: number, confidence: number): number =>
  calls <= 0 ? 1 : 1 - (1 - confidence) ** (1 / calls);

/** Clean calls that are needed to rule out a share at a confidence. */
export const callsForBound = (share: number, confidence: number): number =>
  Math.ceil(Math.log(1 - confidence) / Math.log1p(-share));
