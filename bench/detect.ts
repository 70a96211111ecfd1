/**
 * CPU time of one call that succeeded, from its closed rows to detection's memory (judge, count, cover, detect, bins
 * closing): `node bench/detect.ts --rounds 100`. Rows of a simulated corpus, again and again; the second half
 * of the rounds counts, when memory is full.
 */
import { parseArgs } from "node:util";
import { createCallRow, readCall } from "../src/correlate/call-row.ts";
import { addGateway, addOperation, type Closed, closeNext, createJoin } from "../src/correlate/join.ts";
import { createDetection } from "../src/detect/detection.ts";
import { detect } from "../src/detect/detect.ts";
import { countCall, createCallCounts } from "../src/findings/call-counts.ts";
import { cover, createCoverage } from "../src/findings/coverage.ts";
import type { CallPlaces } from "../src/correlate/call-places.ts";
import { createEventTable, DOUBLES, TIME_D } from "../src/model/event-table.ts";
import { createNames } from "../src/model/names.ts";
import { type Instant, instantFromMs, TICKS_PER_MS } from "../src/model/time.ts";
import { putEvent } from "../src/normalize/event-row.ts";
import { normalize } from "../src/normalize/normalize.ts";
import { generate } from "../src/simulate/generate.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    /** Event time goes so many times as fast as in the corpus, which has less than one call a second. */
    faster: { type: "string", default: "60" },
  },
});

const HOURS = 6;
const table = createEventTable();
const names = createNames(0x5eed);
const calls: CallPlaces[] = [];

const join = createJoin(150_000, 150_000, 1);
const closed: Closed = { gateway: -1, operations: [], entry: -1 };

function keepUntil(now: Instant): void {
  while (closeNext(join, table, now, closed))
    calls.push({ table, names, gateway: closed.gateway, operations: [...closed.operations] });
}

const { records } = generate({ seed: Number(flags.seed), scenario: "mixed", hours: HOURS });
for (const [index, { record }] of records.entries()) {
  const read = normalize({ value: record, position: { source: "", partition: "", sequence: 0, index }, repairs: [] });
  if (read.kind !== "event") continue;
  const place = putEvent(table, names, read.event);
  keepUntil(read.event.time);
  if (read.event.kind === "gateway-request") addGateway(join, table, place);
  else if (read.event.kind === "data-plane-operation") addOperation(join, table, place);
}
keepUntil(instantFromMs(8_640_000_000_000_000));

const FASTER = Number(flags.faster);
const origin = table.doubles[TIME_D] ?? 0;
for (let at = TIME_D; at < DOUBLES * table.count; at += DOUBLES)
  table.doubles[at] = Math.round(origin + ((table.doubles[at] ?? 0) - origin) / FASTER);

const row = createCallRow();
const succeeded = calls.filter((call) => {
  readCall(row, call);
  return row.outcome === "succeeded";
});

const detection = createDetection();
const coverage = createCoverage();
const counts = createCallCounts();
const times: number[] = [];
for (let round = 0; round < Number(flags.rounds); round++) {
  const began = process.cpuUsage();
  for (const call of succeeded) {
    readCall(row, call);
    countCall(counts, row);
    cover(coverage, row);
    detect(detection, row);
  }
  const { user, system } = process.cpuUsage(began);
  times.push((1_000 * (user + system)) / succeeded.length);
  for (let place = 0; place < table.count; place++) later(DOUBLES * place + TIME_D);
}

function later(at: number): void {
  table.doubles[at] = (table.doubles[at] ?? 0) + (HOURS * 3_600_000 * TICKS_PER_MS) / FASTER;
}

const sorted = times.slice(times.length >> 1).toSorted((a, b) => a - b);
process.stdout.write(
  `${succeeded.length} calls, ${(succeeded.reduce((sum, { operations }) => sum + operations.length, 0) / succeeded.length).toFixed(2)} operations each: ` +
    `${(sorted[sorted.length >> 1] ?? Number.NaN).toFixed(0)} ns a call (best ${(sorted[0] ?? Number.NaN).toFixed(0)})\n`,
);
