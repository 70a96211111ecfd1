/**
 * For `node --import`: the wall clock of this process is set again and again, by up to a day. `JUMP_SEED` says how; what
 * measures spans (`performance.now`, timers) is left alone, as a system's monotonic clock is.
 */
import { seededRandom } from "./runs.ts";

const HOUR_MS = 3_600_000;
/** Rather back than forth: what waits for a time that the clock has shown already waits for long. */
const JUMPS_MS = [-24 * HOUR_MS, -HOUR_MS, -5_000, 5_000, HOUR_MS];
const EVERY_MS = 400;

const random = seededRandom(Number(process.env["JUMP_SEED"] ?? 1));
const RealDate = Date;
let ahead = 0;
setInterval(() => {
  ahead += JUMPS_MS[Math.floor(random() * JUMPS_MS.length)] ?? 0;
}, EVERY_MS).unref();

// The constructor is called with whatever arguments it takes.
globalThis.Date = new Proxy(RealDate, {
  construct: (target, given) =>
    given.length === 0 ? new target(target.now() + ahead) : Reflect.construct(target, given),
  get: (target, key) => (key === "now" ? () => target.now() + ahead : Reflect.get(target, key)),
});
