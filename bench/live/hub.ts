/**
 * The Event Hubs emulator as a process of its own: `hub.ts FILE EVENTS_PER_SECOND PARTITIONS`. Says `{"connectionString":…}`; at
 * the line `go` on its standard input it sends the lines of FILE as events at that rate, in turn to all partitions, and says
 * `{"sentMs":[…]}`: when each was enqueued, in milliseconds since the Unix epoch. Ends with its standard input.
 */
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { dataSection } from "../../test/emulators/amqp-bytes.ts";
import { startEventHubsEmulator } from "../../test/emulators/event-hubs.ts";

/** Events that stay after a reader got them. */
const KEPT = 200;
const TRIM_EVERY = 1_000;

const [, , file = "", rate = "200", partitions = "4"] = process.argv;
const emulator = await startEventHubsEmulator();
const hub = emulator.addHub("bench", { partitions: Number(partitions) });

const say = (value: object): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

/** Drops what was read, so that a long run does not fill memory. */
function trim(): void {
  for (const { partition, sent } of emulator.readers()) hub.partition(partition).trimTo(sent - KEPT);
}

async function send(): Promise<readonly number[]> {
  const sentMs: number[] = [];
  const began = performance.now();
  for await (const line of createInterface(createReadStream(file, { highWaterMark: 4 << 20 }))) {
    const wait = began + (sentMs.length * 1_000) / Number(rate) - performance.now();
    if (wait > 0) await sleep(wait);
    const log = hub.route(undefined);
    sentMs.push(log.append(dataSection(Buffer.from(line))).enqueued);
    log.wake();
    if (sentMs.length % TRIM_EVERY === 0) trim();
  }
  return sentMs;
}

say({ connectionString: emulator.connectionString("bench") });
const commands = createInterface(process.stdin);
const ended = once(commands, "close");
await once(commands, "line");
say({ sentMs: await send() });
await ended;
await emulator.close();
