/** A field of the gateway's records and, where it holds headers, the name of one: both lower-cased. */
export type JoinPath = readonly [field: string, header?: string];

const PATH = /^([\w-]{1,128})(?:\.([\w-]{1,128}))?$/;

/** Reads `requestHeaders.x-correlation-id`; undefined for what is no path. */
export function parseJoinPath(text: string): JoinPath | undefined {
  const [, field, header] = PATH.exec(text.toLowerCase()) ?? [];
  if (field === undefined) return undefined;
  return header === undefined ? [field] : [field, header];
}
