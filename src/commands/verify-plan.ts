import { resolveSecret } from "../config/secret.ts";
import { callsForBound } from "../lib/clean-bound.ts";
import { err, ok, type Result } from "../lib/result.ts";

export interface VerifyPathFlags {
  readonly url?: string;
  readonly gatewayUrl?: readonly string[];
  readonly identity?: readonly string[];
  readonly operation?: readonly string[];
  readonly count?: string;
  readonly below: string;
  readonly confidence: string;
  readonly method: string;
  readonly header?: readonly string[];
  readonly concurrency: string;
  readonly in?: readonly string[];
  readonly wait: string;
  readonly json?: boolean;
}

/** One combination that is verified by itself; names are of the flags, undefined where a flag was not given. */
export interface VerifyCell {
  readonly gateway: string | undefined;
  readonly identity: string | undefined;
  readonly operation: string | undefined;
  readonly url: URL;
  readonly method: string;
  readonly headers: ReadonlyMap<string, string>;
}

export interface VerifyPlan {
  readonly cells: readonly VerifyCell[];
  /** Calls of each cell. */
  readonly count: number;
  /** Share that is to be ruled out, and the confidence for all cells together. */
  readonly below: number;
  readonly confidence: number;
  readonly concurrency: number;
  readonly paths: readonly string[];
  readonly waitMs: number;
}

const MOST_CALLS = 100_000;
const MOST_CELLS = 1_000;

/** The confidence that each of several cells needs, so that all hold together: Bonferroni's. */
export const cellConfidence = (confidence: number, cells: number): number => 1 - (1 - confidence) / cells;

/** What the flags ask for, with every secret behind a reference read; all faults at once. */
export function planOf(flags: VerifyPathFlags, environment: NodeJS.ProcessEnv): Result<VerifyPlan, readonly string[]> {
  const faults: string[] = [];
  const number = (name: string, text: string, isFit: (value: number) => boolean, says: string): number => {
    const value = Number(text);
    if (text.trim() === "" || !isFit(value)) faults.push(`--${name}: ${says}`);
    return value;
  };
  const isShare = (value: number): boolean => value > 0 && value < 100;
  const below = number("below", flags.below, isShare, `"${flags.below}" is no share between 0 and 100`) / 100;
  const confidence =
    number("confidence", flags.confidence, isShare, `"${flags.confidence}" is no percentage between 0 and 100`) / 100;
  const headers = headersOf(flags.header ?? [], environment, faults);
  const cells = cellsOf(flags, { environment, headers, faults });
  const needed = faults.length > 0 ? 1 : callsForBound(below, cellConfidence(confidence, cells.length));
  const most = Math.floor(MOST_CALLS / Math.max(1, cells.length));
  const count = number(
    "count",
    flags.count ?? String(needed),
    (value) => Number.isSafeInteger(value) && value >= 1 && value <= most,
    `a whole number from 1 to ${most}${flags.count === undefined ? `; what was asked for needs ${needed}` : ""}`,
  );
  const concurrency = number(
    "concurrency",
    flags.concurrency,
    (value) => Number.isSafeInteger(value) && value >= 1 && value <= 64,
    "a whole number from 1 to 64",
  );
  const wait = number("wait", flags.wait, (value) => value >= 0 && value <= 86_400, "seconds from 0 to 86400");
  if (faults.length > 0) return err(faults);
  return ok({ cells, count, below, confidence, concurrency, paths: flags.in ?? [], waitMs: 1_000 * wait });
}

interface Given {
  readonly environment: NodeJS.ProcessEnv;
  readonly headers: ReadonlyMap<string, string>;
  readonly faults: string[];
}

/** Gateways × identities × operations; one of each where a flag is not given. */
function cellsOf(flags: VerifyPathFlags, { environment, headers, faults }: Given): readonly VerifyCell[] {
  const gateways = gatewaysOf(flags, faults);
  const identities = identitiesOf(flags.identity ?? [], environment, faults);
  const operations = operationsOf(flags, faults);
  const cells = gateways.flatMap((gateway) =>
    identities.flatMap((identity) =>
      operations.map(
        (operation): VerifyCell => ({
          gateway: gateway.name,
          identity: identity.name,
          operation: operation.path === undefined ? undefined : `${operation.method} ${operation.path}`,
          url: operation.path === undefined ? gateway.url : at(gateway.url, operation.path),
          method: operation.method,
          headers: new Map([...headers, ...identity.headers]),
        }),
      ),
    ),
  );
  if (cells.length > MOST_CELLS) faults.push(`${cells.length} combinations are more than ${MOST_CELLS}`);
  return cells;
}

/** An operation's path behind that of the gateway. */
const at = (base: URL, path: string): URL => new URL(`${base.href.replace(/\/$/, "")}${path}`);

function gatewaysOf({ url, gatewayUrl = [] }: VerifyPathFlags, faults: string[]) {
  if (url !== undefined && gatewayUrl.length > 0) faults.push("--url and --gateway-url: give one of them");
  const texts = gatewayUrl.length > 0 ? gatewayUrl : [url ?? ""];
  return texts.flatMap((text): { readonly name: string | undefined; readonly url: URL }[] => {
    const [, name, address = text] = /^([\w .-]{1,60})=(.*)$/.exec(text) ?? [];
    if (URL.canParse(address) && /^https?:$/.test(new URL(address).protocol))
      return [{ name: gatewayUrl.length > 0 ? (name ?? new URL(address).host) : undefined, url: new URL(address) }];
    faults.push(gatewayUrl.length > 0 ? "--gateway-url: as REGION=https://…" : "--url: an http or https address");
    return [];
  });
}

function identitiesOf(texts: readonly string[], environment: NodeJS.ProcessEnv, faults: string[]) {
  if (texts.length === 0) return [{ name: undefined, headers: new Map<string, string>() }];
  return texts.flatMap((text) => {
    const [, name, reference = ""] = /^([\w .-]{1,60})=((?:env|file):.+)$/.exec(text) ?? [];
    if (name === undefined) {
      faults.push("--identity: as NAME=env:TOKEN or NAME=file:/path of a bearer token, never the token");
      return [];
    }
    const token = resolveSecret(reference, environment);
    if (!token.ok) faults.push(`--identity ${name}: ${token.error}`);
    return token.ok ? [{ name, headers: new Map([["authorization", `Bearer ${token.value}`]]) }] : [];
  });
}

function operationsOf({ operation = [], method }: VerifyPathFlags, faults: string[]) {
  const own = method.toUpperCase();
  if (operation.length === 0) {
    if (own !== "GET" && own !== "HEAD") faults.push("--method: GET or HEAD, which change nothing");
    return [{ method: own, path: undefined }];
  }
  return operation.flatMap((text) => {
    const [, verb = own, path] = /^(?:(GET|HEAD) +)?(\/\S*)$/i.exec(text) ?? [];
    if (path !== undefined) return [{ method: verb.toUpperCase(), path }];
    faults.push('--operation: as "GET /path" or "HEAD /path", which change nothing');
    return [];
  });
}

function headersOf(
  texts: readonly string[],
  environment: NodeJS.ProcessEnv,
  faults: string[],
): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const text of texts) {
    const found = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)$/.exec(text);
    if (found === null) {
      faults.push("--header: as Name: value");
      continue;
    }
    const [, name = "", value = ""] = found;
    const secret = /^(?:env|file):/.test(value) ? resolveSecret(value, environment) : ok(value);
    if (secret.ok) headers.set(name, secret.value);
    else faults.push(`--header ${name}: ${secret.error}`);
  }
  return headers;
}
