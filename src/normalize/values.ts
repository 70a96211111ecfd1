import { redactedPart } from "../lib/redact.ts";

const GUID = /^\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?$/i;
const IPV6 = /^[0-9a-f:]{2,39}$/i;

/** An id, lower-cased; a GUID gets its hyphens, anything else stays as it is (at most 256 characters). */
export function idOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const lower = text.trim().slice(0, 256).toLowerCase();
  if (lower.length === 36 && lower[0] !== "{") return lower; // has its hyphens, or is no GUID
  const guid = GUID.exec(lower);
  if (guid === null) return lower === "" ? undefined : lower;
  return guid.slice(1).join("-");
}

const NOBODY: ReadonlySet<string> = new Set(["-", "null", "none", "undefined", "00000000-0000-0000-0000-000000000000"]);

/** As `idOf`, of someone or of a grant: what logs write where there is none is none. */
export function subjectOf(text: string | undefined): string | undefined {
  const id = idOf(text);
  return id === undefined || NOBODY.has(id) ? undefined : id;
}

/** An IPv4 or IPv6 address without port; undefined for anything else, prefixes and placeholders among it. */
export function addressOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (isIpv4(text)) return text;
  const first = (text.split(",", 1)[0] ?? "").trim().toLowerCase();
  const bracketed = /^\[([0-9a-f:.]+)\](?::\d{1,5})?$/.exec(first)?.[1] ?? first;
  const mapped = bracketed.startsWith("::ffff:") && bracketed.includes(".") ? bracketed.slice(7) : bracketed;
  const bare = mapped.includes(".") && mapped.split(":").length === 2 ? mapped.slice(0, mapped.indexOf(":")) : mapped;
  if (isIpv4(bare)) return bare;
  return isIpv6(bare) ? bare : undefined;
}

const DOT = 46;

/** Four numbers up to 255, of three digits at most each: most addresses of a log are looked at here and nowhere else. */
function isIpv4(text: string): boolean {
  let parts = 0;
  let digits = 0;
  let part = 0;
  for (let i = 0; i <= text.length; i++) {
    const code = i === text.length ? DOT : text.charCodeAt(i);
    if (code === DOT) {
      if (digits === 0 || part > 255) return false;
      parts += 1;
      digits = 0;
      part = 0;
      continue;
    }
    digits += 1;
    if (code < 48 || code > 57 || digits > 3) return false;
    part = 10 * part + code - 48;
  }
  return parts === 4;
}

function isIpv6(text: string): boolean {
  if (!IPV6.test(text) || text.includes(":::")) return false;
  const groups = text.split(":");
  const doubles = text.split("::").length - 1;
  if (groups.some((group) => group.length > 4) || doubles > 1) return false;
  return doubles === 1 ? groups.length <= 8 : groups.length === 8;
}

/** At most so many characters, redacted. */
export const shortText = (text: string | undefined, longest: number): string | undefined =>
  text === undefined ? undefined : redactedPart(text, longest);

type Names = ReadonlyMap<string, string>;

/** Names of an enumeration of Azure's, in one text, by their lower-cased form: logs print other cases too. */
export const named = (names: string): Names => new Map(names.split(" ").map((name) => [name.toLowerCase(), name]));

/** As Azure spells it, where it is one of the names; otherwise as it is, redacted and at most 100 characters. */
export const canonical = (name: string, names: Names): string =>
  names.get(name.toLowerCase()) ?? redactedPart(name, 100);

/** An event while it is built. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Sets what the log tells; what it does not tell stays absent. */
export function put<T, K extends keyof T>(event: T, key: K, value: T[K] | undefined): void {
  if (value !== undefined) event[key] = value;
}
