/**
 * How sure inferred joins are, and how right: `node bench/join-inferred.ts [--seeds 4] [--from 50001] [--hours 1] [--rate 1]`.
 * Truth are the exact joins of the same corpora with their ids.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { analyzePaths } from "../src/commands/analyze-paths.ts";
import { idAt } from "../src/correlate/row-event.ts";
import * as row from "../src/model/event-table.ts";
import { writeCorpus } from "../src/simulate/corpus.ts";
import { generate } from "../src/simulate/generate.ts";
import { derivedGuid } from "../src/simulate/random.ts";

const { values: flags } = parseArgs({
  options: {
    seeds: { type: "string", default: "4" },
    from: { type: "string", default: "50001" },
    hours: { type: "string", default: "1" },
    rate: { type: "string" },
  },
});

const judged: { readonly probability: number; readonly right: boolean }[] = [];
let possible = 0;

for (let seed = Number(flags.from); seed < Number(flags.from) + Number(flags.seeds); seed++) {
  const folder = mkdtempSync(join(tmpdir(), "scopetrail-join-"));
  const rate = flags.rate === undefined ? {} : { rate: Number(flags.rate) };
  const corpus = generate({ seed, scenario: "single", hours: Number(flags.hours), ...rate });
  const truth = new Map<string, string>();
  try {
    writeCorpus(folder, corpus, "nothing");
    await analyzePaths([join(folder, "logs")], {
      seed: 1,
      onCall: ({ table, gateway, operations, match }) => {
        if (match !== "exact") return;
        const traits = table.words[row.WORDS * gateway + row.TRAITS] ?? 0;
        if ((traits & row.COSMOS_BACKEND) !== 0) possible += 1;
        for (const place of operations) truth.set(derivedGuid(`own ${idAt(table, place)}`), idAt(table, gateway));
      },
    });
    writeCorpus(folder, corpus, "join");
    await analyzePaths([join(folder, "logs")], {
      seed: 1,
      onCall: ({ table, gateway, operations, inference }) => {
        if (inference === undefined) return;
        const right = truth.get(idAt(table, operations[0] ?? -1)) === idAt(table, gateway);
        judged.push({ probability: inference.probability, right });
      },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const right = judged.filter((one) => one.right).length;
const mean = judged.reduce((sum, { probability }) => sum + probability, 0) / judged.length;
process.stdout.write(
  `${judged.length} inferred of ${possible} possible: recall ${(right / possible).toFixed(3)}, precision ${(right / judged.length).toFixed(4)}, mean probability ${mean.toFixed(4)}\n`,
);
