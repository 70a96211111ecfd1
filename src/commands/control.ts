import { createHash } from "node:crypto";
import { chmodSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { AccessSchema } from "../store/access-log.ts";

/** What a command asks of the `serve` that has the state open. */
const Request = z.discriminatedUnion("do", [
  z.strictObject({ do: z.literal("backfill"), source: z.string(), from: z.number(), to: z.number() }),
  z.strictObject({ do: z.literal("rejects"), after: z.number(), limit: z.number(), reason: z.string().optional() }),
  z.strictObject({ do: z.literal("reject-counts") }),
  z.strictObject({ do: z.literal("facts") }),
  z.strictObject({ do: z.literal("note"), access: AccessSchema }),
  z.strictObject({ do: z.literal("call"), id: z.string().max(1_000) }),
  z.strictObject({ do: z.literal("retry"), reason: z.string().optional(), id: z.number().optional() }),
]);
export type ControlRequest = z.infer<typeof Request>;

/** One line of an answer; the last is `done` or `failed`. */
export type ControlLine =
  | { readonly kind: "said"; readonly value: unknown }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly because: string };

export type ControlHandler = (
  request: ControlRequest,
  say: (value: unknown) => void,
  signal: AbortSignal,
) => Promise<void>;

/** Of a socket's path; a longer one is cut by the kernel. sockaddr_un has 108 bytes on Linux, 104 elsewhere. */
const LONGEST_PATH = 100;

/** Where the `serve` of a state file listens for commands: beside the file, for its owner only. */
export function controlPath(state: string): string {
  const full = resolve(state);
  const hash = createHash("sha256").update(full).digest("hex").slice(0, 16);
  if (process.platform === "win32") return `\\\\.\\pipe\\scopetrail-${hash}`;
  const path = `${full}.sock`;
  return Buffer.byteLength(path) <= LONGEST_PATH ? path : join(tmpdir(), `scopetrail-${hash}.sock`);
}

const LONGEST_REQUEST = 10_000;

/** Listens for commands; whoever may read the state file may give them. The state must be open already: it tells who is first. */
export async function serveControl(state: string, handler: ControlHandler): Promise<() => Promise<void>> {
  const path = controlPath(state);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    void answer(socket, handler);
  });
  // Left behind by a process that was killed: the state's lock says that nobody listens there.
  rmSync(path, { force: true });
  await listening(server, path);
  return async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((done) => server.close(() => done()));
  };
}

async function listening(server: Server, path: string): Promise<void> {
  const before = process.umask(0o177);
  try {
    await new Promise<void>((done, fail) => {
      server.once("error", fail);
      server.listen(path, done);
      process.umask(before);
    });
  } finally {
    process.umask(before);
  }
  if (process.platform !== "win32") chmodSync(path, 0o600);
}

async function answer(socket: Socket, handler: ControlHandler): Promise<void> {
  const gone = new AbortController();
  socket.on("close", () => gone.abort());
  const write = (line: ControlLine): void => {
    if (!socket.destroyed) socket.write(`${JSON.stringify(line)}\n`);
  };
  try {
    const request = Request.parse(JSON.parse(await firstLine(socket)));
    await handler(request, (value) => write({ kind: "said", value }), gone.signal);
    write({ kind: "done" });
  } catch (error) {
    write({ kind: "failed", because: error instanceof Error ? error.message : String(error) });
  }
  socket.end();
}

async function firstLine(socket: Socket): Promise<string> {
  let text = "";
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    const end = text.indexOf("\n");
    if (end >= 0) return text.slice(0, end);
    if (text.length > LONGEST_REQUEST) break;
  }
  throw new Error("not a request");
}

/**
 * Asks the `serve` of a state file; undefined where none runs. `onSaid` gets each line before the end; the result is how it ended.
 */
export async function askControl(
  state: string,
  request: ControlRequest,
  onSaid: (value: unknown) => void,
): Promise<ControlLine | undefined> {
  const socket = connect(controlPath(state));
  const isThere = await new Promise<boolean>((done) => {
    socket.once("connect", () => done(true));
    socket.once("error", () => done(false));
  });
  if (!isThere) return undefined;
  let broken = "serve ended before it was done";
  socket.on("error", ({ message }) => {
    broken = message;
  });
  socket.write(`${JSON.stringify(request)}\n`);
  for await (const text of createInterface(socket)) {
    // Written by the same program on the same machine.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const line = JSON.parse(text) as ControlLine;
    if (line.kind !== "said") {
      socket.destroy();
      return line;
    }
    onSaid(line.value);
  }
  return { kind: "failed", because: broken };
}
