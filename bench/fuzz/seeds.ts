import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { generate } from "../../src/simulate/generate.ts";
import type { Rendered } from "../../src/simulate/operation.ts";
import { diagnosticsRow, tableRow } from "../../src/simulate/shapes.ts";
import type { Random } from "./mutate.ts";
import type { FuzzInput } from "./ways.ts";

type Bag = Readonly<Record<string, unknown>>;
const isBag = (value: unknown): value is Bag => typeof value === "object" && value !== null && !Array.isArray(value);

const FIXTURES = join(import.meta.dirname, "../../fixtures");
/** Without these the scan takes no record. */
const NEEDED = /^(?:time|timegenerated|category|type|correlationid|activityid|responsecode|statuscode)(?:_s|_d|_g)?$/i;

/** Without more than half of its members; small records are read fast. */
function thinned(record: Bag, random: Random): Bag {
  const kept = Object.entries(record).filter(([key, value]) => isBag(value) || NEEDED.test(key) || random() < 0.4);
  return Object.fromEntries(kept.map(([key, value]) => [key, isBag(value) ? thinned(value, random) : value]));
}

const SHAPES: readonly ((rendered: Rendered) => Bag)[] = [
  ({ record }) => record,
  ({ record }) => record,
  tableRow,
  diagnosticsRow,
];

const asInput = (text: string, i: number): FuzzInput => ({
  text: Buffer.from(text).toString("latin1"),
  isBody: i % 2 === 1,
  cuts: [],
});

/** What the fixtures have as input, file by file, and records of a simulated tenant: in all shapes, whole and thinned, as lines and in envelopes. */
export function seeds(count: number, random: Random): readonly FuzzInput[] {
  const records = generate({ seed: 5, scenario: "mixed", hours: 1 }).records;
  const shaped = (rendered: Rendered): Bag => SHAPES[Math.floor(random() * SHAPES.length)]?.(rendered) ?? {};
  const any = (): string => {
    const rendered = records[Math.floor(random() * records.length)];
    const record = rendered === undefined ? {} : shaped(rendered);
    return JSON.stringify(random() < 0.85 ? thinned(record, random) : record);
  };
  const simulated = Array.from({ length: count }, (_, i) => {
    const texts = Array.from({ length: 1 + (i % 3) }, any);
    return asInput(i % 4 === 3 ? `{"records":[${texts.join(",")}]}` : `${texts.join("\n")}\n`, i);
  });
  const given = readdirSync(FIXTURES).flatMap((folder) =>
    readdirSync(join(FIXTURES, folder))
      .filter((name) => name.startsWith("input."))
      .map((name) => readFileSync(join(FIXTURES, folder, name), "utf8")),
  );
  return [...simulated, ...given.map(asInput)];
}
