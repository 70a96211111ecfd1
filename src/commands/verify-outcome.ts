import { callsForBound, cleanBound } from "../lib/clean-bound.ts";
import { plainText } from "../lib/plain-text.ts";
import type { Sent } from "./send-marked.ts";
import { cellConfidence, type VerifyCell, type VerifyPlan } from "./verify-plan.ts";

/** The calls that were sent of one cell. */
export type SentCell = VerifyCell & { readonly sent: readonly Sent[] };

interface Counts {
  readonly sent: number;
  readonly answered: number;
  readonly refused: number;
  /** Answers by status; failures by what was said. */
  readonly answers: Readonly<Record<string, number>>;
  /** Refused share that is ruled out, where none was refused and some answered. */
  readonly below: number | null;
  /** Calls that are not in the logs; 0 where none were read. */
  readonly notFound: number;
  /** Verdicts on refused calls, as the logs tell, each with how often. */
  readonly why: readonly { readonly says: string; readonly count: number }[];
}

interface CellOutcome extends Counts {
  readonly gateway: string | null;
  readonly identity: string | null;
  readonly operation: string | null;
}

interface Outcome extends Counts {
  /** For all cells together; `below` of the whole is that of the cell of which least is known. */
  readonly confidence: number;
  /** Answered calls that each cell needs for what was asked. */
  readonly needed: number;
  /** Cells without any answer. */
  readonly unanswered: number;
  readonly cells: readonly CellOutcome[];
}

const isRefusal = ({ status }: Sent): boolean => status === 401 || status === 403;

/** What became of the calls, by cell and in all; `told`: verdicts of the logs by mark, where any were read. */
export function outcomeOf(
  sentCells: readonly SentCell[],
  { confidence, below }: Pick<VerifyPlan, "confidence" | "below">,
  told: ReadonlyMap<string, string> | undefined,
): Outcome {
  const each = cellConfidence(confidence, sentCells.length);
  const cells = sentCells.map(
    ({ gateway = null, identity = null, operation = null, sent }): CellOutcome =>
      Object.assign({ gateway, identity, operation }, countsOf(sent, each, told)),
  );
  const bounds = cells.map((cell) => cell.below);
  return {
    ...countsOf(
      sentCells.flatMap(({ sent }) => sent),
      each,
      told,
    ),
    below: bounds.reduce((most, one) => (most === null || one === null ? null : Math.max(most, one)), 0),
    confidence,
    needed: callsForBound(below, each),
    unanswered: cells.filter(({ answered }) => answered === 0).length,
    cells,
  };
}

function countsOf(sent: readonly Sent[], confidence: number, told: ReadonlyMap<string, string> | undefined): Counts {
  const answered = sent.filter(({ status }) => status !== undefined);
  const refused = answered.filter(isRefusal);
  const why = refused.flatMap(({ mark }) => told?.get(mark) ?? []);
  return {
    sent: sent.length,
    answered: answered.length,
    refused: refused.length,
    answers: Object.fromEntries(byText(sent.map(({ status, failure }) => String(status ?? failure ?? "no answer")))),
    below: refused.length === 0 && answered.length > 0 ? cleanBound(answered.length, confidence) : null,
    notFound: told === undefined ? 0 : sent.filter(({ mark }) => !told.has(mark)).length,
    why: [...byText(why)].map(([says, count]) => ({ says, count })),
  };
}

function byText(texts: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;

function verdictOf({ answered, refused, below }: Counts, confidence: number): string {
  if (answered === 0) return "No answer: nothing can be said.";
  if (below === null) return `Not clean: ${refused} of ${answered} calls were refused.`;
  return `Clean to under ${percent(below)} at ${percent(confidence)}: none of ${answered} calls was refused.`;
}

/** The outcome for people: of several cells a line each, then of all. */
export function outcomeText(outcome: Outcome): string {
  const { sent, answers, why, notFound, cells, needed, confidence } = outcome;
  const parts = Object.entries(answers).map(([answer, count]) => `${count} × ${plainText(answer)}`);
  const lines = cells.length > 1 ? [totalOf(outcome), ...cells.map(cellText)] : [verdictOf(outcome, confidence)];
  lines.push(`  ${sent} sent: ${parts.join(", ")}`);
  for (const { says, count } of cells.length > 1 ? [] : why.slice(0, 20)) lines.push(`  ${count} × ${plainText(says)}`);
  if (cells.some((cell) => cell.below !== null && cell.answered < needed))
    lines.push(`  What was asked for needs ${needed} answered calls${cells.length > 1 ? " of each combination" : ""}.`);
  if (notFound > 0) lines.push(`  ${notFound} of ${sent} calls are not in the logs (yet).`);
  return `${lines.join("\n")}\n`;
}

function totalOf({ cells, below, confidence, refused, answered, unanswered }: Outcome): string {
  if (unanswered === cells.length) return "No answer: nothing can be said.";
  if (below !== null)
    return `Clean: each of ${cells.length} combinations to under ${percent(below)}, all together at ${percent(confidence)}.`;
  const bad = cells.filter((cell) => cell.refused > 0).length;
  const silent = unanswered === 0 ? "" : `; ${unanswered} gave no answer`;
  return bad === 0
    ? `Not known: ${unanswered} of ${cells.length} combinations gave no answer.`
    : `Not clean: ${bad} of ${cells.length} combinations were refused, ${refused} of ${answered} calls${silent}.`;
}

const MOST_REASONS = 3;

function cellText({ gateway, identity, operation, answered, refused, below, why }: CellOutcome): string {
  const name = [gateway, identity, operation].filter((part) => part !== null).join(" · ");
  const verdict =
    answered === 0
      ? "no answer"
      : below === null
        ? `${refused} of ${answered} refused`
        : `clean to under ${percent(below)}`;
  const reasons = why.slice(0, MOST_REASONS).map(({ says, count }) => `\n      ${count} × ${plainText(says)}`);
  return `  ${plainText(name)}: ${verdict}${reasons.join("")}`;
}
