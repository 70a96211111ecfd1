import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { degrade, type Lack } from "./degrade.ts";
import type { Corpus } from "./generate.ts";
import { Random } from "./random.ts";
import type { Rendered } from "./operation.ts";
import { diagnosticsRow, tableRow } from "./shapes.ts";

/** How a corpus is laid out in files, in turn over the seeds: which shape, which files. */
const LAYOUTS = ["hub", "hub-lines", "tables", "diagnostics", "storage", "mixed"] as const;

interface Delivered {
  readonly rendered: Rendered;
  /** When it arrives, minutes after it happened. */
  readonly arrival: number;
}

/**
 * Writes `logs/**` and `truth.json`; the layout, disorder, repeats and broken records follow from the seed. `lack`: what the
 * tenant does not log.
 */
export function writeCorpus(dir: string, corpus: Corpus, lack: Lack = "nothing"): void {
  const random = new Random(corpus.truth.seed * 271 + 9);
  const layout = LAYOUTS[corpus.truth.seed % LAYOUTS.length] ?? "hub";
  const delivered = deliver(degrade(corpus.records, lack), random);
  for (const [path, bytes] of files(layout, delivered, random)) {
    const file = join(dir, "logs", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  writeFileSync(join(dir, "truth.json"), `${JSON.stringify(corpus.truth, null, 2)}\n`);
}

/** Each category is some minutes late; a few records come twice. */
function deliver(records: readonly Rendered[], random: Random): readonly Delivered[] {
  const delay = new Map<string, number>();
  const delivered: Delivered[] = [];
  for (const rendered of records) {
    const base = delay.get(rendered.category) ?? random.int(120, 480) * 1_000;
    delay.set(rendered.category, base);
    const arrival = rendered.at + base + random.int(0, 90_000);
    delivered.push({ rendered, arrival });
    if (random.chance(0.01)) delivered.push({ rendered, arrival: arrival + random.int(1, 400_000) });
  }
  return delivered.toSorted((a, b) => a.arrival - b.arrival);
}

type File = readonly [string, string | Uint8Array];

function files(layout: (typeof LAYOUTS)[number], delivered: readonly Delivered[], random: Random): readonly File[] {
  const half = Math.floor(delivered.length / 2);
  switch (layout) {
    case "hub":
      return [["eventhub/messages.json", messages(delivered, random).join("\n")]];
    case "hub-lines":
      return [["eventhub/messages.ndjson.gz", gzipSync(messages(delivered, random).join("\r\n"))]];
    case "tables":
      return byCategory(delivered).map(
        ([category, part]) =>
          [
            `tables/${category}.ndjson`,
            lines(
              part.map(({ rendered }) => tableRow(rendered)),
              random,
            ),
          ] as const,
      );
    case "diagnostics":
      return [["AzureDiagnostics.json", JSON.stringify(delivered.map(({ rendered }) => diagnosticsRow(rendered)))]];
    case "storage":
      return storage(delivered, random);
    case "mixed":
      return [
        ["eventhub/first.json", messages(delivered.slice(0, half + 200), random).join("\n")],
        [
          "export/second.ndjson",
          lines(
            delivered.slice(half).map(({ rendered }) => tableRow(rendered)),
            random,
          ),
        ],
      ];
  }
}

/** One row a line; here and there a line was cut. */
const lines = (rows: readonly unknown[], random: Random): string =>
  `${rows.map((row) => maybeCut(JSON.stringify(row), random)).join("\n")}\n`;

function byCategory(delivered: readonly Delivered[]): readonly (readonly [string, readonly Delivered[]])[] {
  const groups = new Map<string, Delivered[]>();
  for (const one of delivered) {
    const group = groups.get(one.rendered.category) ?? [];
    groups.set(one.rendered.category, group);
    group.push(one);
  }
  return [...groups];
}

/** Storage layout of diagnostic settings: one file a category and hour. */
function storage(delivered: readonly Delivered[], random: Random): readonly File[] {
  const hours = new Map<string, string[]>();
  for (const { rendered } of delivered) {
    const hour = new Date(rendered.at).toISOString();
    const path = `insights-logs-${rendered.category.toLowerCase()}/y=${hour.slice(0, 4)}/m=${hour.slice(5, 7)}/d=${hour.slice(8, 10)}/h=${hour.slice(11, 13)}/m=00/PT1H.json`;
    const list = hours.get(path) ?? [];
    hours.set(path, list);
    list.push(maybeBroken(JSON.stringify(rendered.record), random));
  }
  return [...hours].map(([path, list]) => [path, `${list.join("\n")}\n`] as const);
}

/** Event Hubs messages of 1 to 40 records; here and there one record is broken. */
function messages(delivered: readonly Delivered[], random: Random): readonly string[] {
  const bodies: string[] = [];
  for (let at = 0; at < delivered.length; ) {
    const size = random.int(1, 40);
    const records = delivered
      .slice(at, at + size)
      .map(({ rendered }) => maybeBroken(JSON.stringify(rendered.record), random));
    bodies.push(`{"records":[${records.join(",")}]}`);
    at += size;
  }
  return bodies;
}

/** Share of records that arrive broken, of each kind. */
const BROKEN = 0.000_3;

const maybeCut = (text: string, random: Random): string =>
  random.chance(BROKEN) ? text.slice(0, random.int(20, text.length - 1)) : text;

/** Single quotes for double ones, or a placeholder where the properties were. */
function maybeBroken(text: string, random: Random): string {
  if (!random.chance(BROKEN)) return text;
  const properties = /"properties":(\{.*\})/s.exec(text)?.[1];
  return properties === undefined
    ? text
    : text.replace(properties, random.chance(0.5) ? properties.replaceAll('"', "'") : "[ 227 B blob data ]");
}
