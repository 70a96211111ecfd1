import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { endWithTest } from "../end-with-test.ts";

/** The emulator in a child process; see event-hubs-process.ts for its commands. */
export interface EventHubsChild extends AsyncDisposable {
  readonly connectionString: string;
  /** The answer to one command. Answers to commands of one kind come in the order in which they were given. */
  ask(command: { readonly do: string } & Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>;
  stop(): Promise<void>;
}

const Hello = z.object({ connectionString: z.string() });
const Answer = z.looseObject({ did: z.string() });

export async function startEventHubsChild(hub = "logs", partitions = 4): Promise<EventHubsChild> {
  const script = join(import.meta.dirname, "event-hubs-process.ts");
  const child = endWithTest(
    spawn(process.execPath, [script, hub, String(partitions)], { stdio: ["pipe", "pipe", "inherit"] }),
  );
  const exited = once(child, "exit");
  const lines = createInterface(child.stdout);
  const waiting = new Map<string, ((answer: Readonly<Record<string, unknown>>) => void)[]>();
  const [first] = await once(lines, "line");
  const { connectionString } = Hello.parse(JSON.parse(String(first)));
  lines.on("line", (line) => {
    const answer = Answer.parse(JSON.parse(line));
    waiting.get(answer.did)?.shift()?.(answer);
  });
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await exited;
  };
  return {
    connectionString,
    ask(command) {
      return new Promise((resolve) => {
        waiting.set(command.do, [...(waiting.get(command.do) ?? []), resolve]);
        child.stdin.write(`${JSON.stringify(command)}\n`);
      });
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
