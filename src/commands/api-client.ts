import { resolveSecret } from "../config/secret.ts";
import { err, ok, type Result } from "../lib/result.ts";
import { EXIT } from "./exit-codes.ts";

/** A running Scopetrail, as a command asks it. */
export interface ApiClient {
  get(path: string): Promise<Result<unknown, ApiFault>>;
  post(path: string, body: unknown): Promise<Result<unknown, ApiFault>>;
}

export interface ApiFault {
  /** In a sentence, with the way out. */
  readonly says: string;
  readonly exitCode: number;
}

export interface ApiFlags {
  readonly url?: string;
  readonly token?: string;
}

const USUAL_URL = "http://127.0.0.1:7433";
const TIMEOUT_MS = 15_000;
const MOST_BYTES = 64 << 20;

/** The client that flags, or the variables `SCOPETRAIL_URL` and `SCOPETRAIL_TOKEN`, ask for. */
export function apiClient(flags: ApiFlags, environment: NodeJS.ProcessEnv): Result<ApiClient, ApiFault> {
  const text = flags.url ?? environment["SCOPETRAIL_URL"] ?? USUAL_URL;
  const base = URL.canParse(text) ? new URL(text) : undefined;
  if (base === undefined || !/^https?:$/.test(base.protocol))
    return err({ says: `--url: "${text}" is no address such as ${USUAL_URL}`, exitCode: EXIT.usage });
  const token =
    flags.token === undefined ? ok(environment["SCOPETRAIL_TOKEN"]) : resolveSecret(flags.token, environment);
  if (!token.ok) return err({ says: `--token: ${token.error}`, exitCode: EXIT.usage });
  const headers = {
    accept: "application/json",
    "content-type": "application/json",
    ...(token.value === undefined ? {} : { authorization: `Bearer ${token.value}` }),
  };
  return ok({
    get: (path) => exchange(new URL(path, base), { headers }),
    post: (path, body) => exchange(new URL(path, base), { method: "POST", body: JSON.stringify(body), headers }),
  });
}

async function exchange(url: URL, init: RequestInit): Promise<Result<unknown, ApiFault>> {
  try {
    const response = await fetch(url, { ...init, redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
    const value = await readJson(response);
    return response.ok ? ok(value) : err(faultOf(response.status, value));
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "no answer";
    const says = `${url.origin} does not answer (${code}). Is \`scopetrail serve\` running there? Another address goes with --url.`;
    return err({ says, exitCode: EXIT.unreachable });
  }
}

async function readJson(response: Response): Promise<unknown> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MOST_BYTES) throw new Error(`an answer of more than ${MOST_BYTES} characters`);
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function faultOf(status: number, value: unknown): ApiFault {
  const detail =
    typeof value === "object" && value !== null && "detail" in value ? String(value.detail) : `it answered ${status}`;
  if (status === 401 || status === 403)
    return { says: `${detail} A token goes with --token env:NAME.`, exitCode: EXIT.refused };
  return { says: detail, exitCode: status >= 500 ? EXIT.unreachable : EXIT.usage };
}
