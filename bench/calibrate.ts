/**
 * Fits the table of `src/explain/calibration.ts`: `npm run score:calibrate -- ROWS...`, with files that `npm run score -- --rows`
 * wrote. Prints, for each knot, what the rules say and the share of causes that were right.
 */
import { readFileSync } from "node:fs";
import { asTheRulesSay } from "./score/as-the-rules-say.ts";
import { fitCalibration } from "./score/fit-calibration.ts";
import type { Row } from "./score/rows.ts";

const rows = process.argv
  .slice(2)
  .flatMap((file) => readFileSync(file, "utf8").split("\n"))
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as Row)
  .filter(({ found }) => found);
const samples = rows.map(({ confidence, causeRight }) => ({ said: asTheRulesSay(confidence), right: causeRight }));
process.stdout.write(`${samples.length} causes\n`);
for (const { said, share, count } of fitCalibration(samples))
  process.stdout.write(`[${said.toFixed(2)}, ${share.toFixed(2)}], ${count} causes\n`);
