import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import type { TemporaryFolder } from "../temporary-folder.ts";

/** A request for a token, as the authority got it. */
export interface Asked {
  /** Host that was meant. */
  readonly host: string;
  readonly path: string;
  readonly form: URLSearchParams;
}

/** The authorities of all clouds behind a proxy on loopback, and the endpoint of a host that has an identity. */
export interface Entra {
  /** For `HTTPS_PROXY`. */
  readonly proxy: string;
  /** For `IDENTITY_ENDPOINT`. */
  readonly identityEndpoint: string;
  /** PEM of what signed the authorities' certificate. */
  readonly ca: string;
  readonly asked: Asked[];
  /** Requests to the host's own endpoint: its query, and the header that only the host knows. */
  readonly askedHost: { readonly query: URLSearchParams; readonly secret: string }[];
  close(): Promise<void>;
}

/** The client asks China's authority under its newer name, whichever is configured. */
export const AUTHORITY_HOSTS = [
  "login.microsoftonline.com",
  "login.microsoftonline.us",
  "login.partner.microsoftonline.cn",
];

const run = promisify(execFile);
const RSA = ["-newkey", "rsa:2048", "-nodes", "-days", "2"];

/** A certificate that signs for itself, made by the openssl command: `NAME.key`, `NAME.crt`, and both in `NAME.pem`. */
export async function makeCertificate(folder: TemporaryFolder, name: string, hosts: readonly string[] = []) {
  const alternatives =
    hosts.length === 0 ? [] : ["-addext", `subjectAltName=${hosts.map((host) => `DNS:${host}`).join(",")}`];
  const files = ["-keyout", `${name}.key`, "-out", `${name}.crt`];
  await run("openssl", ["req", "-x509", ...RSA, ...files, "-subj", `/CN=${name}`, ...alternatives], {
    cwd: folder.path,
  });
  const [key, cert] = await Promise.all(
    ["key", "crt"].map((end) => readFile(join(folder.path, `${name}.${end}`), "utf8")),
  );
  return { key: key ?? "", cert: cert ?? "" };
}

export async function startEntra(folder: TemporaryFolder): Promise<Entra> {
  const own = await makeCertificate(folder, "authority", AUTHORITY_HOSTS);
  const asked: Asked[] = [];
  const askedHost: Entra["askedHost"] = [];
  const authority = createHttpsServer(own, (request, response) => void answer(request, response, asked));
  const host = createHttpServer((request, response) => {
    const { searchParams } = new URL(request.url ?? "", "http://host");
    askedHost.push({ query: searchParams, secret: String(request.headers["x-identity-header"]) });
    const expires = Math.floor(Date.now() / 1_000) + 3_600;
    sendJson(response, {
      access_token: "token-of-host",
      expires_on: expires,
      resource: searchParams.get("resource"),
      token_type: "Bearer",
    });
  });
  const authorityPort = await listening(authority);
  const proxy = createHttpServer();
  const sockets = new Set<Socket>();
  proxy.on("connect", (request: IncomingMessage, client: Socket) => {
    if (!AUTHORITY_HOSTS.includes(String(request.url).replace(/:443$/, ""))) {
      client.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      return;
    }
    const server = connect(authorityPort, "127.0.0.1", () => client.write("HTTP/1.1 200 OK\r\n\r\n"));
    for (const socket of [client, server]) sockets.add(socket.on("error", () => socket.destroy()));
    client.pipe(server).pipe(client);
  });
  const proxyPort = await listening(proxy);
  const hostPort = await listening(host);
  return {
    proxy: `http://127.0.0.1:${proxyPort}`,
    identityEndpoint: `http://127.0.0.1:${hostPort}/msi/token`,
    ca: own.cert,
    asked,
    askedHost,
    async close() {
      for (const socket of sockets) socket.destroy();
      await Promise.all(
        [authority, host, proxy].map(async (server) => {
          server.closeAllConnections();
          server.close();
          await once(server, "close");
        }),
      );
    },
  };
}

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // It listens on a port.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return (server.address() as AddressInfo).port;
}

async function answer(request: IncomingMessage, response: ServerResponse, asked: Asked[]): Promise<void> {
  const host = String(request.headers.host);
  const { pathname } = new URL(request.url ?? "", `https://${host}`);
  const tenant = pathname.split("/")[1] ?? "";
  if (request.method === "POST") {
    asked.push({ host, path: pathname, form: new URLSearchParams(await text(request)) });
    sendJson(response, {
      token_type: "Bearer",
      expires_in: 3_600,
      ext_expires_in: 3_600,
      access_token: `token-of-${host}`,
    });
    return;
  }
  sendJson(response, {
    issuer: `https://${host}/${tenant}/v2.0`,
    token_endpoint: `https://${host}/${tenant}/oauth2/v2.0/token`,
    authorization_endpoint: `https://${host}/${tenant}/oauth2/v2.0/authorize`,
    end_session_endpoint: `https://${host}/${tenant}/oauth2/v2.0/logout`,
    jwks_uri: `https://${host}/${tenant}/discovery/v2.0/keys`,
  });
}

function sendJson(response: ServerResponse, body: object): void {
  response.setHeader("content-type", "application/json").end(JSON.stringify(body));
}
