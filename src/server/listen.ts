import type { Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";
import { err, ok, type Result } from "../lib/result.ts";

export interface Listening {
  readonly address: string;
  readonly port: number;
  /** Ends within two seconds, whatever clients hold open. */
  close(): Promise<void>;
}

/** Addresses hold what the page shows, with several values a facet. */
const HEADER_BYTES = 65_536;
const CLOSE_MS = 1_000;

export interface Tls {
  /** PEM, with its chain. */
  readonly cert: string;
  readonly key: string;
}

export interface ListenAt {
  readonly port: number;
  readonly hostname: string;
  readonly tls?: Tls | undefined;
}

const MOST_CONNECTIONS = 1_000;

/** Serves; a port that is taken is an error that names the way out. */
export async function listen(app: Hono, at: ListenAt): Promise<Result<Listening, string>> {
  const made = serverOf(app, at);
  if (!made.ok) return made;
  const server = made.value;
  server.maxConnections = MOST_CONNECTIONS;
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  const problem = await new Promise<string | undefined>((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(at.port, at.hostname, () => resolve(undefined));
  });
  if (problem === "EADDRINUSE")
    return err(
      `port ${at.port} on ${at.hostname} is taken by another program. Choose another with --port, or --port 0 for a free one.`,
    );
  if (problem !== undefined) return err(`cannot listen on ${at.hostname}:${at.port}: ${problem}`);
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : at.port;
  const scheme = at.tls === undefined ? "http" : "https";
  const host = at.hostname.includes(":") ? `[${at.hostname}]` : at.hostname;
  return ok({ address: `${scheme}://${host}:${port}/`, port, close: () => closeServer(server) });
}

/** Without options for HTTP/2 the adaptor makes a server of node:http or node:https. */
function serverOf(app: Hono, { tls }: ListenAt): Result<Server, string> {
  const serverOptions = { maxHeaderSize: HEADER_BYTES };
  try {
    const made =
      tls === undefined
        ? createAdaptorServer({ fetch: app.fetch, serverOptions })
        : createAdaptorServer({
            fetch: app.fetch,
            createServer: createHttpsServer,
            serverOptions: { ...serverOptions, ...tls, minVersion: "TLSv1.2" },
          });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return ok(made as Server);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    return err(`the certificate or its key cannot be used (${code}). Both are PEM, and belong together.`);
  }
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
