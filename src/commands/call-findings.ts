import { selects } from "../exports/scope.ts";
import type { CallEvidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";

/** Findings of refusals whose calls this one is among; those about privileges are of principals, not of calls. */
export const findingsOfCall = (findings: readonly Finding[], evidence: CallEvidence): readonly Finding[] =>
  findings.filter((finding) => finding.kind === "intermittent-refusal" && selects({ finding })(evidence));
