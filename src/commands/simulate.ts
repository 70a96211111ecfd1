import { Command, InvalidArgumentError, Option } from "commander";
import { type Scenario, SCENARIOS } from "../simulate/scenario.ts";

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > 1e9) throw new InvalidArgumentError("a whole number from 0");
  return number;
}

function hoursOf(text: string): number {
  const hours = Number(text);
  if (!(hours >= 1 && hours <= 168)) throw new InvalidArgumentError("hours from 1 to 168");
  return hours;
}

/** `scopetrail simulate` */
export function simulateCommand(): Command {
  return new Command("simulate")
    .description("Write a labelled corpus of a simulated tenant: logs, and truth.json with the faults in them.")
    .addOption(new Option("--scenario <name>", "what to inject").choices([...SCENARIOS]).default("single"))
    .option("--seed <number>", "the same seed gives the same files", wholeNumber, 1)
    .option("--hours <number>", "length of the corpus", hoursOf, 5)
    .requiredOption("--out <folder>", "where to write logs/ and truth.json")
    .addHelpText(
      "after",
      `
Examples:
  scopetrail simulate --out /tmp/corpus
  scopetrail simulate --scenario mixed --seed 2 --hours 8 --out /tmp/corpus
  scopetrail analyze /tmp/corpus/logs    then compare with /tmp/corpus/truth.json`,
    )
    .action(async (flags: { scenario: Scenario; seed: number; hours: number; out: string }) => {
      const [{ generate }, { writeCorpus }] = await Promise.all([
        import("../simulate/generate.ts"),
        import("../simulate/corpus.ts"),
      ]);
      const corpus = generate(flags);
      writeCorpus(flags.out, corpus);
      const faults = corpus.truth.faults.map(({ cause, refused }) => `${cause} (${refused} refused)`).join(", ");
      process.stderr.write(
        `${corpus.records.length} records in ${flags.out}/logs; faults: ${faults === "" ? "none" : faults}; decoys: ${corpus.truth.decoys.map(({ kind }) => kind).join(", ")}\n`,
      );
    });
}
