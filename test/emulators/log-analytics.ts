import { once } from "node:events";
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import type { TokenCredential } from "@azure/identity";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { createWorkspace, type FakeWorkspace, type QueryAnswer } from "./log-analytics-workspace.ts";

/** What the endpoint does to one query instead of answering it. */
export type Fault =
  | { readonly kind: "status"; readonly status: number; readonly retryAfter?: number; readonly code?: string }
  /** The first half of the rows, and the word that there were more. */
  | { readonly kind: "partial" }
  /** All rows but the last, without a word: not every replica has it yet. */
  | { readonly kind: "short" }
  /** As if the table had never had a row. */
  | { readonly kind: "absent" }
  /** A page of a proxy, which is not JSON. */
  | { readonly kind: "html"; readonly status: number }
  /** Half of the answer, then the connection is cut. */
  | { readonly kind: "cut" }
  | { readonly kind: "reset" }
  /** No answer until the client gives up. */
  | { readonly kind: "hang" };

export interface LogAnalyticsEmulator {
  readonly workspace: FakeWorkspace;
  readonly workspaceId: string;
  /** Without a path, as the configuration takes it. */
  readonly endpoint: string;
  /** For `IDENTITY_ENDPOINT`: gives tokens as a managed identity's endpoint does. */
  readonly identityEndpoint: string;
  readonly caFile: string;
  readonly credential: TokenCredential;
  /** Queries so far. */
  readonly queries: string[];
  /** Queries that were given up by the client. */
  readonly givenUp: { count: number };
  /** Faults of the next queries, one each; `undefined` lets one pass. */
  readonly faults: (Fault | undefined)[];
  /** Rows beyond this make an answer partial. */
  mostRows: number;
  /** The service's own time, ms since 1970. */
  now: () => number;
  close(): Promise<void>;
}

const WORKSPACE_ID = "11111111-1111-1111-1111-111111111111";
const TOKEN = "token-of-the-test";

/** The query interface of one Log Analytics workspace on loopback, over TLS, as the published client asks it; with scripted faults. */
export async function startLogAnalytics(): Promise<LogAnalyticsEmulator> {
  const certificates = await makeCertificates();
  const workspace = createWorkspace();
  const emulator = {
    mostRows: 500_000,
    now: () => Date.now(),
    queries: [] as string[],
    givenUp: { count: 0 },
    faults: [] as (Fault | undefined)[],
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    response.setHeader("date", new Date(emulator.now()).toUTCString());
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return say(response, 401, fail("InvalidTokenError"));
    if (request.url !== `/v1/workspaces/${WORKSPACE_ID}/query`)
      return say(response, 404, fail("WorkspaceNotFoundError"));
    const { query } = JSON.parse(body) as { query: string };
    emulator.queries.push(query);
    response.on("close", () => {
      if (!response.writableFinished) emulator.givenUp.count += 1;
    });
    respond(response, workspace.answer(query), { fault: emulator.faults.shift(), mostRows: emulator.mostRows });
  };
  const server = await listen(createServer({ key: certificates.key, cert: certificates.cert }, handler(answer)));
  const identity = await listen(createHttp(handler(async (_, response) => say(response, 200, managedToken()))));
  trust(certificates);
  return Object.assign(emulator, {
    workspace,
    workspaceId: WORKSPACE_ID,
    endpoint: `https://localhost:${portOf(server.server)}`,
    identityEndpoint: `http://127.0.0.1:${portOf(identity.server)}/token`,
    caFile: certificates.caFile,
    credential: { getToken: async () => ({ token: TOKEN, expiresOnTimestamp: Date.now() + 3_600_000 }) },
    async close() {
      await Promise.all([server.close(), identity.close(), certificates.remove()]);
    },
  });
}

const handler =
  (answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  };

const managedToken = () => ({
  access_token: TOKEN,
  expires_on: String(Math.floor(Date.now() / 1_000) + 3_600),
  resource: "x",
  token_type: "Bearer",
});

function trust({ ca }: Certificates): void {
  setDefaultCACertificates([...getCACertificates("default"), ca]);
}

async function listen(server: Server): Promise<{ readonly server: Server; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    server,
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  return body;
}

const fail = (code: string, message = code, innererror?: object): object => ({
  error: { code, message, ...(innererror === undefined ? {} : { innererror }) },
});

function say(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
  response.end(JSON.stringify(body));
}

function respond(
  response: ServerResponse,
  answer: QueryAnswer,
  { fault, mostRows }: { readonly fault: Fault | undefined; readonly mostRows: number },
): void {
  switch (fault?.kind) {
    case "status": {
      const retryAfter: Record<string, string> =
        fault.retryAfter === undefined ? {} : { "retry-after": String(fault.retryAfter) };
      return say(response, fault.status, fail(fault.code ?? "Fault"), retryAfter);
    }
    case "html":
      response.writeHead(fault.status, { "content-type": "text/html" });
      response.end("<html>bad gateway</html>");
      return;
    case "cut": {
      const text = JSON.stringify(tablesOf(answer));
      response.writeHead(200, {
        "content-type": "application/json",
        "content-length": String(Buffer.byteLength(text)),
      });
      response.write(text.slice(0, text.length / 2), () => response.destroy());
      return;
    }
    case "reset":
      response.socket?.resetAndDestroy();
      return;
    case "hang":
      return;
    case "partial":
    case "short":
    case "absent":
    case undefined:
  }
  if (answer.kind === "no-table" || fault?.kind === "absent") {
    const says = "'where' operator: Failed to resolve table or column expression named 'Some_CL'";
    const inner = {
      code: "SemanticError",
      message: "A semantic error occurred.",
      innererror: { code: "SEM0100", message: says },
    };
    return say(response, 400, fail("BadArgumentError", "The request had some invalid properties", inner));
  }
  if (fault?.kind === "short") return say(response, 200, tablesOf({ ...answer, rows: answer.rows.slice(0, -1) }));
  const most = fault?.kind === "partial" ? Math.floor(answer.rows.length / 2) : mostRows;
  say(response, 200, answer.rows.length <= most && fault === undefined ? tablesOf(answer) : partial(answer, most));
}

const tablesOf = (answer: QueryAnswer): object =>
  answer.kind === "rows" ? { tables: [{ name: "PrimaryResult", columns: answer.columns, rows: answer.rows }] } : {};

const partial = (answer: Extract<QueryAnswer, { kind: "rows" }>, most: number): object => ({
  ...tablesOf({ ...answer, rows: answer.rows.slice(0, most) }),
  error: {
    code: "PartialError",
    message: "There were some errors when processing your query.",
    details: [
      {
        code: "EngineError",
        message: "Something went wrong processing your query on the server.",
        innererror: {
          code: "-2133196797",
          message: `The results of this query exceed the set limit of ${most} records (E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003).`,
        },
      },
    ],
  },
});
