import type { Finding } from "../../src/model/finding.ts";
import type { Report } from "../../src/model/report.ts";
import { epochMs } from "../../src/model/time.ts";
import { idsInLogs, type Lack } from "../../src/simulate/degrade.ts";
import type { TrueFault, Truth } from "../../src/simulate/generate.ts";

/** What became of one injected fault; times in minutes. */
export interface Row {
  readonly corpus: string;
  readonly lack: Lack;
  readonly cause: string;
  /** Share of the calls that the fault could hit which it refused. */
  readonly share: number;
  readonly refused: number;
  readonly found: boolean;
  readonly causeRight: boolean;
  readonly firstTwo: boolean;
  readonly confidence: number;
  readonly splitRight: boolean;
  readonly anySplit: boolean;
  /** From the moment of the injection; and from the span between it and the first refusal, before which no log tells. */
  readonly onsetError: number;
  readonly onsetErrorSeen: number;
  readonly endError: number;
  /** From the 20th refusal to the finding; undefined where there were fewer. */
  readonly delay: number;
  readonly duplicates: number;
  /** The finding in words, for `--verbose`. */
  readonly says: string;
}

export interface Scored {
  readonly rows: readonly Row[];
  readonly falseAlarms: readonly string[];
}

const canonical = (where: object): string =>
  Object.entries(where)
    .map(([dimension, value]) => `${dimension}=${String(value)}`)
    .toSorted((x, y) => (x < y ? -1 : 1))
    .join(" & ");
const minutes = (a: number, b: number): number => (a - b) / 60_000;

/** Holds a report against the truth: a finding is the fault's that refused most of its samples, at least half of them. */
export function scoreReport(from: { corpus: string; lack: Lack; truth: Truth; report: Report }): Scored {
  const { corpus, lack, truth, report } = from;
  const findings = report.findings.filter(({ kind }) => kind === "intermittent-refusal");
  const owners = truth.faults.map((fault) => ({ fault, ids: new Set(fault.refusedIds.flatMap(idsInLogs)) }));
  const owned = new Map(findings.map((finding) => [finding, ownerOf(finding, owners)]));
  const rows = truth.faults.map((fault) => {
    const mine = findings
      .filter((finding) => owned.get(finding) === fault)
      .toSorted((a, b) => b.counts.refused - a.counts.refused);
    return { corpus, lack, ...judge(fault, mine) };
  });
  const falseAlarms = findings
    .filter((finding) => owned.get(finding) === undefined)
    .map(
      ({ cause, title, counts }) =>
        `${corpus}: ${cause.id}: ${title} (${counts.refused}/${counts.calls}) decoys: ${truth.decoys.map(({ kind }) => kind).join(",")}`,
    );
  return { rows, falseAlarms };
}

function ownerOf(
  { samples: { refused } }: Finding,
  owners: readonly { readonly fault: TrueFault; readonly ids: ReadonlySet<string> }[],
): TrueFault | undefined {
  let best: { fault: TrueFault; hits: number } | undefined;
  for (const { fault, ids } of owners) {
    const hits = refused.filter((id) => ids.has(id)).length;
    if (hits > 0 && hits * 2 >= refused.length && hits > (best?.hits ?? 0)) best = { fault, hits };
  }
  return best?.fault;
}

function judge(fault: TrueFault, mine: readonly Finding[]): Omit<Row, "corpus" | "lack"> {
  const right = new Set([fault.where, ...fault.acceptable].map(canonical));
  const [best] = mine;
  const first = best?.splits[0]?.where ?? {};
  const isUnknown = fault.cause === "unknown" || fault.cause === "unknown-periodic";
  const second = best?.cause.rejected[0]?.id;
  const end = best?.end ?? null;
  const late = best === undefined ? Number.NaN : minutes(epochMs(best.onset), Date.parse(fault.onset));
  return {
    cause: fault.cause,
    share: fault.refused / Math.max(1, fault.calls),
    refused: fault.refused,
    found: best !== undefined,
    causeRight: best?.cause.id === fault.cause,
    firstTwo: best?.cause.id === fault.cause || second === fault.cause,
    confidence: best?.cause.confidence ?? 0,
    splitRight: right.has(canonical(first)) || (isUnknown && best?.splits.length === 0),
    anySplit: best?.splits.some(({ where }) => right.has(canonical(where))) ?? false,
    onsetError: Math.abs(late),
    onsetErrorSeen: Math.max(0, -late, late - minutes(Date.parse(fault.first ?? fault.onset), Date.parse(fault.onset))),
    endError: end === null || fault.end === null ? Number.NaN : Math.abs(minutes(epochMs(end), Date.parse(fault.end))),
    delay:
      best === undefined || fault.twentieth === null
        ? Number.NaN
        : Math.max(0, minutes(epochMs(best.detectedAt), Date.parse(fault.twentieth))),
    duplicates: Math.max(0, mine.length - 1),
    says: `${fault.cause} [${canonical(fault.where)}] ${fault.refused}/${fault.calls} → ${mine.map(words).join("  AND  ") || "nothing"} onset ${(late * 60).toFixed(0)} s, first refusal ${(minutes(Date.parse(fault.first ?? fault.onset), Date.parse(fault.onset)) * 60).toFixed(0)} s`,
  };
}

const words = ({ cause, splits, counts }: Finding): string =>
  `${cause.id} ${cause.confidence} [${splits
    .slice(0, 2)
    .map(({ where }) => canonical(where))
    .join(" | ")}] ${counts.refused}/${counts.calls}`;
