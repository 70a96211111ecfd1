/** Names from a gateway record's fields inwards, lower-cased: `requestheaders`, `x-correlation-id`. */
export type JoinPath = readonly string[];

const PART = /^[\w-]{1,128}$/;

/** Reads `requestHeaders.x-correlation-id`; undefined for what is no path. */
export function parseJoinPath(text: string): JoinPath | undefined {
  const parts = text.toLowerCase().split(".");
  return parts.length <= 8 && parts.every((part) => PART.test(part)) ? parts : undefined;
}
