import { hash64 } from "./hash.ts";

const SEEDS = [0x1b56c4e9, 0x6b43a9b5] as const;

/** A GUID that is the same for the same text: version 8 of RFC 9562, made of hashes. Not for secrets. */
export function guidOf(text: string): string {
  const hex = SEEDS.flatMap((seed) => hash64(text, seed))
    .map((word) => word.toString(16).padStart(8, "0"))
    .join("");
  const variant = "89ab"[Number.parseInt(hex[16] ?? "0", 16) & 3] ?? "8";
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}
