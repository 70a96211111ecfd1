import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What the emulated management interface answers next, before it answers well. */
export interface Trouble {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Management {
  readonly endpoint: string;
  readonly requests: { readonly path: string; readonly authorization: string | undefined }[];
  /** Answered first, one a request. */
  readonly troubles: Trouble[];
  [Symbol.asyncDispose](): Promise<void>;
}

export const TOKEN = "token-of-the-test";

/** Lists of the management interface on loopback, in pages; wants `TOKEN`. */
export async function startManagement(
  lists: Readonly<Record<string, readonly object[]>>,
  { pageSize = 2, nextOrigin }: { readonly pageSize?: number; readonly nextOrigin?: string } = {},
): Promise<Management> {
  const requests: Management["requests"] = [];
  const troubles: Trouble[] = [];
  const server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", endpoint);
    requests.push({ path: `${url.pathname}${url.search}`, authorization: request.headers.authorization });
    const trouble = troubles.shift();
    if (trouble !== undefined)
      return void response.writeHead(trouble.status, trouble.headers).end(trouble.body ?? "{}");
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return void response.writeHead(401).end("{}");
    const list = Object.entries(lists).find(([name]) => url.pathname.endsWith(`/${name}`))?.[1];
    if (list === undefined || !url.searchParams.has("api-version")) return void response.writeHead(404).end("{}");
    const from = Number(url.searchParams.get("$skiptoken") ?? 0);
    url.searchParams.set("$skiptoken", String(from + pageSize));
    const next = nextOrigin === undefined ? url.href : `${nextOrigin}${url.pathname}${url.search}`;
    const more = from + pageSize < list.length ? { nextLink: next } : {};
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ value: list.slice(from, from + pageSize), ...more }));
  }

  return {
    endpoint,
    requests,
    troubles,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
