import { err, ok, type Result } from "../lib/result.ts";
import type { Personal } from "./evidence.ts";

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

const PART = `address=(${HOW.join("|")})|(${KINDS.filter((kind) => kind !== "address").join("|")})=(${HOW.filter((how) => how !== "truncate").join("|")})`;
/** The texts that `parseProfile` takes, without spaces. */
export const PROFILE_TEXT = new RegExp(`^(${PART})(,(${PART}))*$`);

export const isRedacting = (profile: Profile): boolean => KINDS.some((kind) => profile[kind] !== "none");
