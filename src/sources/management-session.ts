import { setTimeout as delay } from "node:timers/promises";
import type { TokenCredential } from "@azure/identity";
import { SourceError } from "./source-error.ts";

export interface ManagementOptions {
  /** ARM id of the Cosmos DB account. */
  readonly account: string;
  /** `https://management.azure.com` without it; sovereign clouds have their own. */
  readonly endpoint?: string;
  /** `DefaultAzureCredential` without it. */
  readonly credential?: TokenCredential;
  /** Between two tries; a real wait without it. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

const PUBLIC_CLOUD = "https://management.azure.com";
const ACCOUNT =
  /^\/subscriptions\/[^/?#]{1,64}\/resourcegroups\/[^/?#]{1,128}\/providers\/microsoft\.documentdb\/databaseaccounts\/[a-z0-9-]{3,50}$/i;

const TRIES = 6;
const LONGEST_WAIT_MS = 60_000;
const ANSWER_MS = 30_000;
const ANSWER_BYTES = 16 << 20;
/** An account has at most 2,000 assignments and 100 definitions. */
const PAGES = 200;

type Bag = Readonly<Record<string, unknown>>;
const isBag = (value: unknown): value is Bag => typeof value === "object" && value !== null && !Array.isArray(value);

/** Asks the management interface for lists, with one token; throws SourceError. */
export class ManagementSession {
  readonly #name: string;
  readonly #options: ManagementOptions;
  readonly #signal: AbortSignal;
  readonly #endpoint: URL;
  #token: Promise<string> | undefined;

  constructor(name: string, options: ManagementOptions, signal: AbortSignal) {
    this.#name = name;
    this.#options = options;
    this.#signal = signal;
    this.#endpoint = new URL(options.endpoint ?? PUBLIC_CLOUD);
    if (!ACCOUNT.test(options.account))
      throw new SourceError(
        name,
        "config",
        "is no ARM id of a Cosmos DB account. Take it from `az cosmosdb show --query id`.",
      );
  }

  /** All pages of a list of the account; `query` has the version of the interface. */
  async list(path: string, query: Readonly<Record<string, string>>): Promise<readonly Bag[]> {
    const values: Bag[] = [];
    const first = new URL(`${this.#options.account}/${path}`, this.#endpoint);
    for (const [name, value] of Object.entries(query)) first.searchParams.set(name, value);
    let next: URL | undefined = first;
    for (let page = 0; next !== undefined; page++) {
      if (page >= PAGES) throw this.#unlike("goes on for more pages than an account can have");
      const answer = await this.#get(next);
      if (!isBag(answer) || !Array.isArray(answer["value"])) throw this.#unlike("has no list in `value`");
      values.push(...answer["value"].filter(isBag));
      next = this.#nextOf(answer["nextLink"]);
    }
    return values;
  }

  /** The token goes nowhere but where it was asked for. */
  #nextOf(link: unknown): URL | undefined {
    if (link === undefined || link === null || link === "") return undefined;
    const next = typeof link === "string" && URL.canParse(link) ? new URL(link) : undefined;
    if (next?.origin !== this.#endpoint.origin) throw this.#unlike("leads to a next page at another address");
    return next;
  }

  async #get(url: URL): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#ask(url);
      if (answer.status === 200) return this.#parse(answer.body);
      const isPassing = answer.status === 429 || answer.status >= 500;
      if (!isPassing || attempt >= TRIES) throw this.#failure(answer.status);
      const pause = answer.waitMs ?? 1_000 * 2 ** (attempt - 1);
      await (this.#options.wait ?? waited)(Math.min(pause, LONGEST_WAIT_MS), this.#signal);
    }
  }

  async #ask(
    url: URL,
  ): Promise<{ readonly status: number; readonly body: string; readonly waitMs: number | undefined }> {
    const authorization = `Bearer ${await (this.#token ??= this.#signIn())}`;
    const timeout = AbortSignal.timeout(ANSWER_MS);
    try {
      const response = await fetch(url, {
        headers: { authorization, accept: "application/json", "user-agent": "scopetrail" },
        redirect: "error",
        signal: AbortSignal.any([this.#signal, timeout]),
      });
      const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
      const waitMs = Number.isFinite(seconds) && seconds >= 0 ? 1_000 * seconds : undefined;
      return { status: response.status, body: await this.#body(response), waitMs };
    } catch (error) {
      this.#signal.throwIfAborted();
      if (error instanceof SourceError) throw error;
      const says = timeout.aborted ? `did not answer within ${ANSWER_MS / 1_000} s` : "does not answer";
      throw new SourceError(
        this.#name,
        "unreachable",
        `${url.host} ${says}. Check the network and the endpoint.`,
        error,
      );
    }
  }

  async #body(response: Response): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > ANSWER_BYTES) throw this.#unlike(`is larger than ${ANSWER_BYTES >> 20} MB`);
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  }

  async #signIn(): Promise<string> {
    try {
      const credential = this.#options.credential ?? (await defaultCredential());
      const token = await credential.getToken(`${this.#endpoint.origin}/.default`, { abortSignal: this.#signal });
      if (token === null) throw new Error("the credential gave no token");
      return token.token;
    } catch (error) {
      this.#signal.throwIfAborted();
      const says = "no sign-in to Azure worked. Give this host a managed identity, or sign in with az login.";
      throw new SourceError(this.#name, "refused", says, error);
    }
  }

  #parse(body: string): unknown {
    try {
      return JSON.parse(body);
    } catch {
      throw this.#unlike("is no JSON");
    }
  }

  #failure(status: number): SourceError {
    if (status === 401 || status === 403)
      return new SourceError(
        this.#name,
        "refused",
        `the management interface refuses the role lists (${status}). Give the identity the role Reader on the account.`,
      );
    if (status === 404)
      return new SourceError(
        this.#name,
        "config",
        "there is no such account, or this identity may not see it (404). Check the ARM id.",
      );
    const kind = status === 429 || status >= 500 ? "unreachable" : "config";
    return new SourceError(
      this.#name,
      kind,
      `the management interface answered ${status} ${TRIES > 1 && kind === "unreachable" ? `${TRIES} times` : ""}`.trim(),
    );
  }

  #unlike(says: string): SourceError {
    return new SourceError(this.#name, "unreachable", `the answer ${says}: it is not the management interface's.`);
  }
}

async function waited(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal });
}

async function defaultCredential(): Promise<TokenCredential> {
  const { DefaultAzureCredential } = await import("@azure/identity");
  return new DefaultAzureCredential();
}
