/**
 * The emulator as a process of its own, so that what reads it can be killed: `event-hubs-process.ts [HUB] [PARTITIONS] [GROUP…]`.
 * Prints `{"connectionString":…}` once it listens; then takes one JSON command a line and answers each with one line.
 * Ends with its standard input.
 */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { z } from "zod";
import { dataSection } from "./amqp-bytes.ts";
import { startEventHubsEmulator } from "./event-hubs.ts";

const Command = z.discriminatedUnion("do", [
  /** Events with these bodies, to one partition or in turn. */
  z.strictObject({ do: z.literal("append"), bodies: z.array(z.string()), partition: z.string().optional() }),
  /** The lines of a file as events `{"records":[…]}` of `linesPerEvent`, in turn to all partitions; answers at its end. */
  z.strictObject({
    do: z.literal("feed"),
    file: z.string(),
    linesPerEvent: z.int().positive().default(20),
    gzip: z.boolean().default(false),
    eventsPerSecond: z.number().positive().optional(),
  }),
  z.strictObject({ do: z.literal("state") }),
  z.strictObject({ do: z.literal("drop") }),
  z.strictObject({ do: z.literal("detach"), partition: z.string(), condition: z.string() }),
  z.strictObject({ do: z.literal("trim"), partition: z.string(), to: z.int() }),
  z.strictObject({ do: z.literal("away"), ms: z.int() }),
]);
type Command = z.infer<typeof Command>;
type Feed = Extract<Command, { do: "feed" }>;

const [, , name = "logs", partitions = "4", ...consumerGroups] = process.argv;
const emulator = await startEventHubsEmulator();
const hub = emulator.addHub(name, { partitions: Number(partitions), consumerGroups });

const say = (value: object): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

async function run(command: Command): Promise<object> {
  switch (command.do) {
    case "append":
      for (const body of command.bodies)
        (command.partition === undefined ? hub.route(undefined) : hub.partition(command.partition)).add(body);
      return {};
    case "feed":
      return feed(command);
    case "state":
      return {
        partitions: hub.partitions.map((log) => log.state()),
        readers: emulator.readers(),
        connections: emulator.connections(),
      };
    case "drop":
      return { dropped: emulator.dropSockets() };
    case "detach":
      return { detached: emulator.detach(name, command.partition, command.condition) };
    case "trim":
      hub.partition(command.partition).trimTo(command.to);
      return {};
    case "away":
      await emulator.close();
      await sleep(command.ms);
      await emulator.listen();
      return {};
  }
}

async function feed({ file, linesPerEvent, gzip, eventsPerSecond }: Feed): Promise<object> {
  const started = performance.now();
  let lines: string[] = [];
  let records = 0;
  let events = 0;
  const flush = async (): Promise<void> => {
    if (lines.length === 0) return;
    const body = Buffer.from(`{"records":[${lines.join(",")}]}`);
    const log = hub.route(undefined);
    log.append(dataSection(gzip ? gzipSync(body) : body));
    log.wake();
    records += lines.length;
    events += 1;
    lines = [];
    if (eventsPerSecond === undefined) return;
    const due = started + (events * 1_000) / eventsPerSecond;
    if (due > performance.now()) await sleep(due - performance.now());
  };
  for await (const line of createInterface(createReadStream(file))) {
    if (line.trim() !== "") lines.push(line);
    if (lines.length >= linesPerEvent) await flush();
  }
  await flush();
  return { events, records };
}

say({ connectionString: emulator.connectionString(name), port: emulator.port });
const pending = new Set<Promise<void>>();
for await (const line of createInterface(process.stdin)) {
  const command = Command.parse(JSON.parse(line));
  // Commands run at once: a feed goes on while sockets are dropped.
  const running = run(command).then((answer) => say({ did: command.do, ...answer }));
  pending.add(running.finally(() => pending.delete(running)));
}
await emulator.close();
