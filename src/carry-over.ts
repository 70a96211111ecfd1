import { type Analysis, type AnalysisOptions, createAnalysis } from "./analysis.ts";
import { seenOf } from "./correlate/seen.ts";

/**
 * The analysis of another version, with what is known of it: all but what detection learned, how late logs come and
 * the findings that it follows, which have no version in common. What is usual is learned anew. What a version before did
 * not have begins empty.
 */
export function carryOver(old: Analysis, options: AnalysisOptions): Analysis {
  const fresh = createAnalysis(options);
  const { detection, findings, delays, looks } = fresh;
  return { ...fresh, ...old, seen: seenOf(old.seen), detection, findings, delays, looks };
}
