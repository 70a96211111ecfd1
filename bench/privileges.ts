/**
 * The usage ledger: bytes a row, days that are kept, and the replay of a role against it:
 * `node bench/privileges.ts [--uses N] [--days N] [--megabytes N]`. `--uses 1000000` is the largest that is meant to be kept for
 * 400 days. Times are CPU seconds of this process. The last line is JSON.
 */
import { parseArgs } from "node:util";
import { ALL_ACTIONS } from "../src/privileges/actions.ts";
import { ACCOUNT_SCOPE } from "../src/model/grant.ts";
import { instantFromMs } from "../src/model/time.ts";
import { packedBytes, rowCount } from "../src/privileges/day-rows.ts";
import { countUse, createLedger, placeId, sealLedger, textId, useId } from "../src/privileges/ledger.ts";
import { replay } from "../src/privileges/replay.ts";
import { Random } from "../src/simulate/random.ts";

const { values: flags } = parseArgs({
  options: {
    uses: { type: "string", default: "25000" },
    days: { type: "string", default: "400" },
    megabytes: { type: "string", default: "256" },
  },
});
const USES = Number(flags.uses);
const DAYS = Number(flags.days);
const ACTIONS = 5;
const CONTAINERS = 20;
const DAY_MS = 86_400_000;
const FIRST_DAY_MS = 1_735_689_600_000;

const seconds = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
};

const random = new Random(7);
const ledger = createLedger(1e6 * Number(flags.megabytes));
const account = textId(ledger, "shop");
const signers = new Set<number>();
const uses = Array.from({ length: USES }, (_, i) => {
  const action = i % ACTIONS;
  const place = placeId(ledger, "shop", "shop", `c${Math.floor(i / ACTIONS) % CONTAINERS}`);
  const signer = textId(ledger, `p${Math.floor(i / ACTIONS / CONTAINERS)}`);
  signers.add(signer);
  return { use: useId(ledger, { signer, place, action }), daily: 10 ** random.int(0, 5) };
});

const filling = process.cpuUsage();
/** Longest time that one operation took: the first of a day, when older days are folded. */
let longest = 0;
for (let day = 0; day < DAYS; day++) {
  const time = instantFromMs(FIRST_DAY_MS + day * DAY_MS);
  uses.forEach(({ use, daily }, i) => {
    const since = i === 0 ? performance.now() : 0;
    countUse(ledger, use, { time, outcome: "succeeded", calls: 1 + Math.floor(daily * (0.5 + random.next())) });
    if (random.chance(0.01)) countUse(ledger, use, { time, outcome: "denied403", calls: 1 });
    if (i === 0) longest = Math.max(longest, performance.now() - since);
  });
}
sealLedger(ledger);
const filled = seconds(filling);
const rows = rowCount(ledger.rows);
const kept = Math.min(DAYS, ledger.newestDay - ledger.oldestDay + 1);
const foldedRows = ledger.rows.folded.reduce((sum, { days }) => sum + days, 0);
const foldedBytes = ledger.rows.folded.reduce((sum, block) => sum + block.bytes.length, 0);
const bytes = packedBytes(ledger.rows);

const held = [{ actions: ALL_ACTIONS, scope: ACCOUNT_SCOPE }];
const proposed = [{ actions: ALL_ACTIONS & ~(1 << 3), scope: ACCOUNT_SCOPE }];
const runs = Array.from({ length: 5 }, () => {
  const began = process.cpuUsage();
  const wall = performance.now();
  const { calls, wouldBeDenied } = replay(ledger, { signers, account }, { held, proposed });
  return { cpu: seconds(began), wall: (performance.now() - wall) / 1_000, calls, wouldBeDenied };
});
const best = runs.toSorted((a, b) => a.cpu - b.cpu)[0];
const slowest = runs.toSorted((a, b) => b.cpu - a.cpu)[0];
process.stdout.write(
  `${rows} rows of ${USES} uses on ${DAYS} days: ${(bytes / 1e6).toFixed(1)} MB, ${(bytes / rows).toFixed(2)} bytes a row; filled in ${filled.toFixed(1)} CPU s\n` +
    `${kept} days are kept; ${foldedRows} rows are folded to ${(foldedBytes / 1e6).toFixed(1)} MB, ${(foldedBytes / Math.max(1, foldedRows)).toFixed(2)} bytes a row; longest stop ${longest.toFixed(0)} ms\n` +
    `replay: ${best?.cpu.toFixed(2)} to ${slowest?.cpu.toFixed(2)} CPU s (${best?.wall.toFixed(2)} s wall at best); ${best?.wouldBeDenied} of ${best?.calls} calls would be denied\n`,
);
process.stdout.write(
  `${JSON.stringify({ rows, uses: USES, days: DAYS, bytes, bytesPerRow: bytes / rows, kept, foldedRows, foldedBytes, longestMs: longest, filled, runs })}\n`,
);
