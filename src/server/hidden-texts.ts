import type { Finding } from "../model/finding.ts";
import type { Dimension } from "../model/call.ts";
import type { Pseudonyms } from "./access/pseudonyms.ts";

const WHO_LIST: readonly Dimension[] = ["principal", "appId", "subscription", "cosmosPrincipal"];

/** Dimensions whose values name somebody. */
export const WHO: ReadonlySet<Dimension> = new Set(WHO_LIST);

/** A value of the same shape with every text in it mapped. */
export function mapTexts<T>(value: T, map: (text: string) => string): T {
  // The shape stays: texts become texts, all else is itself or made of the same members.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return mapped(value, map) as T;
}

function mapped(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === "string") return map(value);
  if (Array.isArray(value)) return value.map((member) => mapped(member, map));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, mapped(member, map)]));
}

const longestFirst = (names: Iterable<string>): readonly string[] =>
  [...new Set(names)].filter((name) => name !== "").toSorted((a, b) => b.length - a.length);

/** Names that a finding holds; an account key's name names nobody. */
function namesIn({ subject, splits }: Finding): readonly string[] {
  const own = subject.principalKind === "account-key" || subject.principal === undefined ? [] : [subject.principal];
  const split = splits.flatMap(({ where }) => WHO_LIST.flatMap((dimension) => where[dimension] ?? []));
  return longestFirst(
    own.concat(
      own.flatMap((name) => name.split(", ")),
      split,
    ),
  );
}

/** A finding whose every text is for people who may not know whom; what is a code stays. */
export function hiddenFinding(finding: Finding, names: Pseudonyms): Finding {
  const { subject, samples, cause, splits } = finding;
  const known = namesIn(finding);
  const kept = new Set([...samples.refused, ...samples.succeeded]);
  const hide = (text: string): string => names.hide(text, known, kept);
  const { principalKind, ...texts } = subject;
  return {
    ...finding,
    title: hide(finding.title),
    subject: { ...mapTexts(texts, hide), ...(principalKind === undefined ? {} : { principalKind }) },
    splits: splits.map((split) => Object.assign({}, split, { where: mapTexts(split.where, hide) })),
    cause: {
      ...cause,
      evidence: mapTexts(cause.evidence, hide),
      rejected: cause.rejected.map(({ id, because }) => ({ id, because: hide(because) })),
      missing: mapTexts(cause.missing, hide),
    },
    fix: mapTexts(finding.fix, hide),
    privilege: mapTexts(finding.privilege, hide),
  };
}
