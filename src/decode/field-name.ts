/** Suffixes that legacy `AzureDiagnostics` puts behind a column for its type; the same field can come with several. */
const SUFFIX = new Set(["_s", "_d", "_b", "_g", "_t"]);

/** Names by the keys they stand in the log by: few keys, and each comes with every record. */
const NAMES = new Map<string, string>();
const MAX_NAMES = 4_096;

/** A key lower-cased and without a type suffix: the same field of every shape. */
export function nameOf(key: string): string {
  const known = NAMES.get(key);
  if (known !== undefined) return known;
  const name = SUFFIX.has(key.slice(-2)) ? key.slice(0, -2).toLowerCase() : key.toLowerCase();
  if (NAMES.size < MAX_NAMES && key.length <= 64) NAMES.set(key, name);
  return name;
}
