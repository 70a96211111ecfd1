import { SourceError } from "./source-error.ts";

/**
 * too-much: ask again for less · throttled and away: ask again later · absent: the workspace has no such table, or not yet ·
 * fatal: asking again changes nothing.
 */
export type AskFailure =
  | { readonly kind: "too-much" | "away" | "absent"; readonly because: string }
  | { readonly kind: "throttled"; readonly because: string; readonly afterMs: number | undefined }
  | { readonly kind: "fatal"; readonly error: SourceError };

export interface AskPlace {
  readonly source: string;
  readonly workspaceId: string;
  readonly status?: number;
  readonly retryAfter?: string;
}

const SIGN_IN = /^(?:Authentication|AggregateAuthentication|CredentialUnavailable)/;

/** What asking threw, as what to do about it. Texts of the service are passed on only where they name a table. */
export function failureOf(error: unknown, place: AskPlace): AskFailure {
  const name = error instanceof Error ? error.name : "";
  const status = place.status ?? numberIn(error, "statusCode");
  const fatal = (kind: SourceError["kind"], says: string): AskFailure => ({
    kind: "fatal",
    error: new SourceError(place.source, kind, `workspace ${place.workspaceId} ${says}`, error),
  });
  if (SIGN_IN.test(name) && status !== 429 && (status === undefined || status < 500))
    return fatal(
      "refused",
      "cannot be asked: no sign-in to Azure worked. Give this host a managed identity, or sign in with az login.",
    );
  if (status === undefined) return { kind: "away", because: awayText(error, status, name) };
  switch (status) {
    case 400:
      return badRequest(error, fatal);
    case 401:
    case 403:
      return fatal("refused", "refuses to be read. Give the identity the role Log Analytics Reader there.");
    case 404:
      return fatal("config", "does not exist. Check workspaceId: it is the workspace's ID, not its name.");
    case 408:
    case 413:
    case 504:
      return { kind: "too-much", because: `the service answered ${status}` };
    case 429:
      return { kind: "throttled", because: "too many queries", afterMs: waitOf(place.retryAfter) };
    default:
      return { kind: "away", because: awayText(error, status, name) };
  }
}

function awayText(error: unknown, status: number | undefined, name: string): string {
  if (status !== undefined && status >= 300) return `the service answered ${status}`;
  return `no answer (${textIn(error, "code") ?? (name === "" ? "unknown" : name)})`;
}

/** A table without a single row so far does not exist for a query. */
function badRequest(error: unknown, fatal: (kind: "config", says: string) => AskFailure): AskFailure {
  const says = deepest(error);
  if (/Failed to resolve table/i.test(says)) return { kind: "absent", because: "the workspace has no such table yet" };
  if (/timeout|E_QUERY_RESULT_SET_TOO_LARGE|E_RUNAWAY_QUERY|LimitsExceeded/i.test(says))
    return { kind: "too-much", because: "the query takes too long or gives too much" };
  return fatal("config", `does not take the query: ${says.slice(0, 300)}`);
}

/** The innermost message of an answer's error, with its code. */
function deepest(error: unknown): string {
  let at: unknown = Reflect.get(Object(error), "details");
  at = Reflect.get(Object(at), "error") ?? at;
  let says = error instanceof Error ? error.message : "";
  for (let depth = 0; depth < 8 && typeof at === "object" && at !== null; depth++) {
    const [code, message] = [textIn(at, "code"), textIn(at, "message")];
    if (code !== undefined || message !== undefined) says = `${code ?? ""} ${message ?? ""}`.trim();
    at = Reflect.get(at, "innererror") ?? Reflect.get(at, "innerError");
  }
  return says;
}

/** `Retry-After` in seconds, in ms. */
function waitOf(header: string | undefined): number | undefined {
  const seconds = Number(header);
  return header !== undefined && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined;
}

function textIn(value: unknown, key: string): string | undefined {
  const text: unknown = Reflect.get(Object(value), key);
  return typeof text === "string" && text !== "" ? text : undefined;
}

function numberIn(value: unknown, key: string): number | undefined {
  const number: unknown = Reflect.get(Object(value), key);
  return typeof number === "number" ? number : undefined;
}
