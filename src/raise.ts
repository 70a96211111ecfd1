import type { Analysis } from "./analysis.ts";
import type { Detection } from "./detect/detection.ts";
import type { Due } from "./detect/detect.ts";
import { explain } from "./explain/explain.ts";
import { update } from "./findings/lifecycle.ts";
import type { Finding } from "./model/finding.ts";

/** Explains what a detection has found, and raises or amends findings by it; gives those that are new or changed. */
export const raise = (
  { changes, findings }: Analysis,
  detection: Detection,
  due: Due,
  isProvisional: boolean,
): readonly Finding[] =>
  update(findings, detection, { explanations: explain(detection, due, changes), at: due.at, isProvisional });
