import type { Explanation } from "../explain/rise.ts";
import type { CauseId } from "../model/cause.ts";
import type { Tracked } from "./same-fault.ts";

const SURE = 0.75;
const MIN_REFUSED = 30;
/** What is told where no log says why. */
const VAGUE: ReadonlySet<CauseId> = new Set<CauseId>(["unknown", "unknown-periodic"]);

/**
 * The explanation with the cause that its finding told before, where nothing speaks against that now and nothing else is
 * told instead: what was seen at the onset stays seen, however far back it lies.
 */
export function withEstablished(known: Tracked | undefined, explanation: Explanation): Explanation {
  if (known === undefined || known.isProvisional || !VAGUE.has(explanation.ranked.cause.id)) return explanation;
  const { cause } = known.explanation.ranked;
  const isSure = cause.confidence >= SURE && known.explanation.counts.refused >= MIN_REFUSED;
  if (!isSure || VAGUE.has(cause.id) || !explanation.ranked.fitting.includes(cause.id)) return explanation;
  return { ...explanation, ranked: known.explanation.ranked };
}
