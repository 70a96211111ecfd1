import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { err, ok, type Result } from "../lib/result.ts";
import { resolveDestination } from "./address-guard.ts";

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly retryAfterMs?: number;
}

export interface Post {
  readonly url: URL;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly allowPrivate: boolean;
  readonly signal: AbortSignal;
}

const TOTAL_MS = 30_000;
const ANSWER_BYTES = 65_536;
const LONGEST_WAIT_MS = 3_600_000;

/** Posts JSON to a checked address; redirects are not followed. The error names the host only, as the address is a secret. */
export async function post(message: Post): Promise<Result<Answer, string>> {
  const destination = await resolveDestination(message.url, message.allowPrivate);
  if (!destination.ok) return err(`${message.url.hostname}: ${destination.error}`);
  const { address, family } = destination.value;
  const timeout = AbortSignal.timeout(TOTAL_MS);
  const options: RequestOptions = {
    method: "POST",
    headers: {
      "content-type": "application/json; charset=utf-8",
      "user-agent": "scopetrail",
      ...message.headers,
      "content-length": String(Buffer.byteLength(message.body)),
    },
    signal: AbortSignal.any([message.signal, timeout]),
    lookup: (_host, lookupOptions, callback) => {
      if (lookupOptions.all === true) callback(null, [{ address, family }]);
      else callback(null, address, family);
    },
  };
  try {
    return ok(await exchange(message, options));
  } catch (error) {
    const why = timeout.aborted ? `within ${TOTAL_MS / 1_000} s` : `(${codeOf(error)})`;
    return err(`${message.url.hostname}: no answer ${why}`);
  }
}

function exchange({ url, body }: Post, options: RequestOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const request = send(url, options, (response) => {
      readAnswer(response).then(resolve, reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue;
    length += chunk.length;
    if (length > ANSWER_BYTES) {
      response.destroy();
      break;
    }
    chunks.push(chunk);
  }
  const retryAfterMs = waitOf(response.headers["retry-after"]);
  return {
    status: response.statusCode ?? 0,
    body: Buffer.concat(chunks).toString("utf8"),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** `Retry-After` in seconds; a date is not worth a clock here. */
function waitOf(header: string | undefined): number | undefined {
  const seconds = Number(header);
  return header !== undefined && Number.isFinite(seconds) && seconds >= 0
    ? Math.min(LONGEST_WAIT_MS, seconds * 1_000)
    : undefined;
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
