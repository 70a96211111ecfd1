import { toFindingJson } from "../findings/report-json.ts";
import type { Dimension } from "../model/call.ts";
import type { Finding } from "../model/finding.ts";
import { type Pseudonyms, textRedactor } from "./redaction.ts";
import { isRedacting, type Profile } from "../model/redaction-profile.ts";

const WHO: readonly Dimension[] = ["principal", "appId", "subscription", "cosmosPrincipal"];

/** Texts of a finding that name somebody; an account key's name names nobody. */
function namesIn({ subject, splits }: Finding): readonly string[] {
  const own = subject.principalKind === "account-key" ? [] : [subject.principal];
  const split = splits.flatMap(({ where }) => WHO.map((dimension) => where[dimension]));
  return [...new Set([...own, ...split].filter((name) => name !== undefined))].toSorted((a, b) => b.length - a.length);
}

/** Findings in a shape, that of the published JSON without one, every text of them as the profile has it. */
export function redactedFindings(
  findings: readonly Finding[],
  profile: Profile,
  names: Pseudonyms,
  shape: (finding: Finding) => unknown = toFindingJson,
): unknown[] {
  if (!isRedacting(profile)) return findings.map(shape);
  return findings.map((finding) => {
    const kept = new Set([...finding.samples.refused, ...finding.samples.succeeded]);
    const redact = textRedactor(profile, names, kept);
    const known = namesIn(finding);
    return mapTexts(shape(finding), (text) => redact(text, known));
  });
}

function mapTexts(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === "string") return map(value);
  if (Array.isArray(value)) return value.map((member) => mapTexts(member, map));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, mapTexts(member, map)]));
}
