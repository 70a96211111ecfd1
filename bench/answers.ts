import { z } from "zod";
import type { Contents } from "./corpus/arrivals.ts";
import { Answer } from "./peers/answer.ts";

/** What a contender printed. */
export interface Said {
  readonly id: string;
  readonly kind: "analyze" | "job";
  readonly stdout: string;
}

/** The numbers of the report of `analyze --json` that the peers have too. */
export const ReportCounts = z.object({
  input: z.object({ records: z.number(), accepted: z.number() }),
  correlation: z.object({ calls: z.number(), exact: z.number() }),
});

type Numbers = Readonly<Record<string, number>>;

/** Sums of doubles differ by the order of adding; counts do not. */
const TOLERANCE: Numbers = { charge: 0.05, meanP95: 0.0002 };

/** Throws with both values where contenders differ from each other or from what the corpus is known to hold. */
export function checkAnswers(said: readonly Said[], contents: Contents): void {
  const { records, calls, matches, charge } = contents;
  const known: Numbers = { records, accepted: records, calls, matches, charge };
  const first = new Map<string, { readonly value: number; readonly from: string }>(
    Object.entries(known).map(([name, value]) => [name, { value, from: "the corpus" }]),
  );
  for (const { id, kind, stdout } of said)
    for (const [name, value] of Object.entries(kind === "job" ? Answer.parse(JSON.parse(stdout)) : countsOf(stdout))) {
      const other = first.get(name);
      if (other === undefined) first.set(name, { value, from: id });
      else if (Math.abs(other.value - value) > (TOLERANCE[name] ?? 0))
        throw new Error(`${name}: ${id} says ${value}, ${other.from} says ${other.value}`);
    }
}

function countsOf(stdout: string): Numbers {
  const { input, correlation } = ReportCounts.parse(JSON.parse(stdout));
  return { ...input, calls: correlation.calls, matches: correlation.exact };
}
