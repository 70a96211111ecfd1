/**
 * For `node --import`: once the process has said that it is ready, its wall clock is set again and again, by up to a day.
 * `JUMP_SEED` says how; what measures spans (`performance.now`, timers) is left alone, as a system's monotonic clock is.
 */
import { seededRandom } from "./runs.ts";

const HOUR_MS = 3_600_000;
/** Off the right time. Two hours back, a token is out of date when it is made. */
const OFF_MS = [-24 * HOUR_MS, -2 * HOUR_MS, -5_000, 0, 5_000, HOUR_MS];
const EVERY_MS = 400;

const random = seededRandom(Number(process.env["JUMP_SEED"] ?? 1));
const RealDate = Date;
let off = 0;

const write = process.stderr.write.bind(process.stderr);
process.stderr.write = (chunk: string | Uint8Array, ...rest: never[]): boolean => {
  if (String(chunk).includes("is ready")) {
    process.stderr.write = write;
    setInterval(() => {
      off = OFF_MS[Math.floor(random() * OFF_MS.length)] ?? 0;
    }, EVERY_MS).unref();
  }
  return write(chunk, ...rest);
};

// The constructor is called with whatever arguments it takes.
globalThis.Date = new Proxy(RealDate, {
  construct: (target, given) =>
    given.length === 0 ? new target(target.now() + off) : Reflect.construct(target, given),
  get: (target, key) => (key === "now" ? () => target.now() + off : Reflect.get(target, key)),
});
