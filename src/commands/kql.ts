import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { EXIT } from "./exit-codes.ts";

const FOLDER = join(import.meta.dirname, "../../queries");

/** `scopetrail kql [NAME]`: the queries that Scopetrail sends, to be pasted into the portal. */
export function kqlCommand(): Command {
  return new Command("kql")
    .description("Print a query over the Log Analytics tables, or say which there are.")
    .argument("[name]", "the query's name")
    .action((name: string | undefined) => {
      process.exitCode = printQuery(name);
    });
}

function printQuery(name: string | undefined): number {
  const names = readdirSync(FOLDER)
    .filter((file) => file.endsWith(".kql"))
    .map((file) => file.slice(0, -".kql".length))
    .toSorted();
  if (name === undefined) {
    for (const one of names) process.stdout.write(`${one.padEnd(20)} ${purposeOf(textOf(one))}\n`);
    return EXIT.ok;
  }
  if (!names.includes(name)) {
    process.stderr.write(`kql: there is no query ${name}; there are ${names.join(", ")}\n`);
    return EXIT.usage;
  }
  process.stdout.write(textOf(name));
  return EXIT.ok;
}

const textOf = (name: string): string => readFileSync(join(FOLDER, `${name}.kql`), "utf8");
const purposeOf = (text: string): string => /^\/\/ Purpose: (.+)$/m.exec(text)?.[1] ?? "";
