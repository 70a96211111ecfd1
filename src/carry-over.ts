import { type Analysis, type AnalysisOptions, createAnalysis } from "./analysis.ts";

/**
 * The analysis of another version, with what is known of it: all but what detection learned, how late logs come and
 * the findings that it follows, which have no version in common. What is usual is learned anew.
 */
export function carryOver(old: Analysis, options: AnalysisOptions): Analysis {
  const { detection, findings, delays, looks } = createAnalysis(options);
  return { ...old, detection, findings, delays, looks };
}
