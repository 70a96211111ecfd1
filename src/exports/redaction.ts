import { createHmac } from "node:crypto";
import { isIPv4, isIPv6 } from "node:net";
import type { Cell, Column, Personal, Row } from "../model/evidence.ts";
import type { Profile } from "../model/redaction-profile.ts";

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

/** The /24 or /48 network of an address, whose port is gone; what is no address is gone. */
export function truncatedAddress(address: string): string | null {
  const bare = (/^\[(.+)\](?::\d+)?$/.exec(address)?.[1] ?? address.replace(/^([\d.]+):\d+$/, "$1")).replace(
    /%.*$/,
    "",
  );
  const v4 = /^::ffff:([\d.]+)$/i.exec(bare)?.[1] ?? bare;
  if (isIPv4(v4)) return `${v4.slice(0, v4.lastIndexOf("."))}.0/24`;
  if (!isIPv6(bare)) return null;
  // An IPv4 address at the end stands for the last two groups, which are cut in any case.
  const [left = "", right] = bare.replace(/[\d.]+\.\d+$/, "0:0").split("::");
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
