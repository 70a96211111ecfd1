import type { Cell } from "../../model/evidence.ts";

export const callPath = (id: string): string => `/calls/${encodeURIComponent(id)}`;

export const cellText = (cell: Cell | undefined): string => (cell === null || cell === undefined ? "" : String(cell));

/** An instant without the digits that no clock of a token has. */
const textOf = (text: string): string =>
  /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) ? text.slice(0, 19).replace("T", " ") : text;

export interface Claim {
  readonly name: string;
  readonly value: string | undefined;
  readonly belief: "validated" | "unverified" | "not logged";
}

const CLAIMS: readonly (readonly [column: string, claim: string])[] = [
  ["token_issuer", "iss"],
  ["token_audience", "aud"],
  ["caller_app", "appid"],
  ["caller_object", "oid"],
  ["token_scopes", "scp"],
  ["token_roles", "roles"],
  ["token_issued", "iat"],
  ["token_expires", "exp"],
  ["token_version", "ver"],
  ["token_key_id", "kid"],
];

/** The claims of the caller's token, each with how far it can be believed; empty where the gateway logged none at all. */
export function claimsOf(call: Readonly<Record<string, Cell>>): readonly Claim[] {
  const state = call["token_state"];
  if (state !== "validated" && state !== "unverified") return [];
  return CLAIMS.map(([column, name]) => {
    const cell = call[column];
    return cell === undefined
      ? { name, value: undefined, belief: "not logged" }
      : { name, value: textOf(String(cell)), belief: state };
  });
}
