/**
 * The join in steady state: so many events pending, each pair inserted, found, closed and dropped. Prints nanoseconds of CPU
 * a pair, bytes a pending event and the longest pause: `node bench/join.ts --pending 1000000 --pairs 2000000`.
 */
import { parseArgs } from "node:util";
import { createHeld, drop, hold } from "../src/correlate/held.ts";
import { addGateway, addOperation, type Closed, closeNext, createJoin } from "../src/correlate/join.ts";
import * as row from "../src/model/event-table.ts";
import { createEventTable, WORDS } from "../src/model/event-table.ts";
import { instantFromTicks, TICKS_PER_MS } from "../src/model/time.ts";

const { values: flags } = parseArgs({
  options: { pending: { type: "string", default: "1000000" }, pairs: { type: "string", default: "2000000" } },
});

const pending = Number(flags.pending);
const pairs = Number(flags.pairs);
const WINDOW_MS = 600_000;
/** Ticks between two pairs, so that the window holds as many events as asked for. */
const step = (WINDOW_MS * TICKS_PER_MS) / (pending / 2);

const before = process.memoryUsage().rss;
const join = createJoin(WINDOW_MS, Number.MAX_SAFE_INTEGER, 1);
const held = createHeld();
const table = createEventTable(2);
table.count = 2;
const closed: Closed = { gateway: -1, operations: [], entry: -1 };

function writeKey(place: number, n: number): void {
  const at = WORDS * place + row.KEY;
  table.words[at] = Math.imul(n, 0x9e3779b1);
  table.words[at + 1] = Math.imul(n ^ 0x55555555, 0x85ebca6b);
  table.words[at + 2] = Math.imul(n + 77, 0xc2b2ae35);
  table.words[at + 3] = n;
}

let joined = 0;
let longest = 0;

/** One gateway request and the operation of an earlier pair: what belongs together comes a sixth of the window apart. */
function addPair(n: number): void {
  const time = instantFromTicks(n * step);
  const apart = Math.floor(pending / 12);
  for (const place of [0, 1]) {
    table.words[WORDS * place + row.TRAITS] = place === 0 ? row.GATEWAY_KIND : row.OPERATION_KIND;
    table.doubles[row.DOUBLES * place + row.TIME_D] = time;
    writeKey(place, place === 0 ? n : n - apart);
  }
  while (closeNext(join, held.table, time, closed)) {
    if (closed.gateway >= 0) drop(held, closed.gateway);
    if (closed.gateway >= 0 && closed.operations.length > 0) joined += 1;
    for (const place of closed.operations) drop(held, place);
  }
  addGateway(join, held.table, hold(held, table, 0));
  addOperation(join, held.table, hold(held, table, 1));
}

function run(from: number, to: number): number {
  const began = process.cpuUsage();
  let last = performance.now();
  for (let n = from; n < to; n++) {
    if (n % 64 === 0) {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }
    addPair(n);
  }
  const used = process.cpuUsage(began);
  return (used.user + used.system) / (to - from);
}

const filling = run(0, pending / 2);
const pauseWhileFilling = longest;
longest = 0;
const steady = run(pending / 2, pending / 2 + pairs);
const { rss } = process.memoryUsage();
process.stdout.write(
  `${pending} pending: ${(1_000 * filling).toFixed(0)} ns a pair while filling (longest pause ${pauseWhileFilling.toFixed(1)} ms), ` +
    `${(1_000 * steady).toFixed(0)} ns a pair in steady state (longest pause ${longest.toFixed(1)} ms), ` +
    `${((rss - before) / pending).toFixed(0)} bytes a pending event, ${(rss / 1e6).toFixed(0)} MB in all, ${joined} joined\n`,
);
