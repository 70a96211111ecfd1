import type { Server } from "node:http";
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

/** Serves on loopback; a port that is taken is an error that names the way out. */
export async function listen(
  app: Hono,
  at: { readonly port: number; readonly hostname: "127.0.0.1" },
): Promise<Result<Listening, string>> {
  // Without options for HTTP/2 the adaptor makes a server of node:http.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions: { maxHeaderSize: HEADER_BYTES } }) as Server;
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
  return ok({ address: `http://${at.hostname}:${port}/`, port, close: () => closeServer(server) });
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
