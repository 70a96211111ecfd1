import { createHmac } from "node:crypto";
import type { Cell, Column, Personal, Row } from "../model/evidence.ts";
import { err, ok, type Result } from "../lib/result.ts";

/** none: as logged · pseudonym: the same value has the same name, which only the key leads back to · truncate: an address' network · drop: null. */
export type Redaction = "none" | "pseudonym" | "truncate" | "drop";

const KINDS: readonly Personal[] = ["address", "identity", "agent", "text"];
const HOW: readonly Redaction[] = ["none", "pseudonym", "truncate", "drop"];

export type Profile = Readonly<Record<Personal, Redaction>>;

export const NO_REDACTION: Profile = { address: "none", identity: "none", agent: "none", text: "none" };

/** `address=truncate,identity=pseudonym`: kinds that are not named stay as they were logged. */
export function parseProfile(text: string): Result<Profile, string> {
  const profile: Record<Personal, Redaction> = { ...NO_REDACTION };
  for (const part of text.split(",")) {
    const [name = "", value = ""] = part.split("=").map((word) => word.trim());
    const kind = KINDS.find((known) => known === name);
    const how = HOW.find((known) => known === value);
    if (kind === undefined) return err(`"${name}" is none of ${KINDS.join(", ")}`);
    if (how === undefined) return err(`"${value}" is none of ${HOW.join(", ")}`);
    if (how === "truncate" && kind !== "address") return err("truncate is for address only");
    profile[kind] = how;
  }
  return ok(profile);
}

export const isRedacting = (profile: Profile): boolean => KINDS.some((kind) => profile[kind] !== "none");

/** Names 16 hexadecimal digits long by HMAC-SHA-256: without the key nobody can say whose they are, nor try values. */
export class Pseudonyms {
  readonly #key: Uint8Array;
  readonly #known = new Map<string, string>();

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** Tells two keys apart and gives nothing of them away. */
  get keyId(): string {
    return this.#mac("scopetrail.pseudonym.key/1").slice(0, 16);
  }

  of(kind: Personal, value: string): string {
    const key = `${kind}:${value}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= 100_000) this.#known.clear();
    const name = `~${this.#mac(key).slice(0, 16)}`;
    this.#known.set(key, name);
    return name;
  }

  #mac(text: string): string {
    return createHmac("sha256", this.#key).update(text).digest("hex");
  }
}

const V4 = /^(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}$/;

/** The /24 or /48 network of an address; what is no address is gone. */
export function truncatedAddress(address: string): string | null {
  const v4 = V4.exec(address)?.[1];
  if (v4 !== undefined) return `${v4}.0/24`;
  if (!/^[0-9a-f:.]{2,45}$/i.test(address) || !address.includes(":")) return null;
  const [left = "", right] = address.split("::");
  const head = left === "" ? [] : left.split(":");
  const tail = right === undefined || right === "" ? [] : right.split(":");
  const gap = right === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  const groups = [...head, ...Array<string>(gap).fill("0"), ...tail];
  return `${groups.slice(0, 3).join(":")}::/48`;
}

/** One value as the profile has it. */
export function redactValue(value: string, kind: Personal, profile: Profile, names: Pseudonyms): string | null {
  switch (profile[kind]) {
    case "none":
      return value;
    case "drop":
      return null;
    case "pseudonym":
      return names.of(kind, value);
    case "truncate":
      return truncatedAddress(value);
  }
}

/** Rows of a table as the profile has them. */
export function rowRedactor(columns: readonly Column[], profile: Profile, names: Pseudonyms): (row: Row) => Row {
  const places = columns.flatMap(({ personal }, place) =>
    personal === undefined || profile[personal] === "none" ? [] : [{ place, kind: personal }],
  );
  if (places.length === 0) return (row) => row;
  return (row) => {
    const redacted: Cell[] = [...row];
    for (const { place, kind } of places) {
      const cell = redacted[place];
      if (typeof cell === "string") redacted[place] = redactValue(cell, kind, profile, names);
    }
    return redacted;
  };
}

const GUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
const V4_TEXT = /(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(?:\/\d{1,2})?(?!\d|\.\d)/g;
/** All eight groups, or a double colon among fewer: a time of day is none. */
const V6_TEXT =
  /(?<![\w:])((?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:){0,7}:(?::?[0-9a-f]{1,4}){0,7})(?:\/\d{1,3})?(?![\w:])/gi;

/**
 * Text that was written for people, as the profile has it: every GUID may name somebody, and so may the texts in `known`.
 * `kept` are ids of calls, which lead to rows of the export.
 */
export function textRedactor(
  profile: Profile,
  names: Pseudonyms,
  kept: ReadonlySet<string>,
): (text: string, known: readonly string[]) => string {
  const of = (value: string, kind: Personal): string => redactValue(value, kind, profile, names) ?? "(dropped)";
  return (text, known) => {
    let out = text;
    if (profile.identity !== "none") {
      for (const value of known) out = out.replaceAll(value, of(value, "identity"));
      out = out.replaceAll(GUID, (id) => (kept.has(id) ? id : of(id, "identity")));
    }
    if (profile.address === "none") return out;
    const hide = (_: string, address: string): string => of(address, "address");
    return out.replaceAll(V4_TEXT, hide).replaceAll(V6_TEXT, hide);
  };
}
