import { createInterface } from "node:readline";
import { apiClient } from "./api-client.ts";
import { EXIT } from "./exit-codes.ts";

const NO_ANSWER = -32_000;

/** Passes each line of standard input to the server and its answer back, in order; gives the exit code. */
export async function runMcp(flags: Parameters<typeof apiClient>[0]): Promise<number> {
  const client = apiClient(flags, process.env);
  if (!client.ok) {
    process.stderr.write(`mcp: ${client.error.says}\n`);
    return client.error.exitCode;
  }
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === "") continue;
    const message = read(line);
    const answer = await client.value.post("/mcp", message);
    if (answer.ok && answer.value !== undefined) process.stdout.write(`${JSON.stringify(answer.value)}\n`);
    const id = idOf(message);
    if (!answer.ok && id !== undefined)
      process.stdout.write(
        `${JSON.stringify({ jsonrpc: "2.0", id, error: { code: NO_ANSWER, message: answer.error.says } })}\n`,
      );
  }
  return EXIT.ok;
}

/** What is no JSON is passed on as text, for the server to say so. */
function read(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}

const idOf = (message: unknown): unknown =>
  typeof message === "object" && message !== null && "id" in message ? message.id : undefined;
