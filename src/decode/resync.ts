const latin1 = new TextDecoder("latin1");

/** A brace, and the key behind it in either kind of quotes. */
const OPENING = /\{\s{0,64}(["'])([A-Za-z_$][\w.$ -]{0,63})\1\s{0,8}:/g;

/** Keys, lower-cased, that records of Azure's logs have on top and that nothing inside them begins with. */
const MARKS: ReadonlySet<string> = new Set([
  "time",
  "timegenerated",
  "category",
  "resourceid",
  "_resourceid",
  "operationname",
  "operationnamevalue",
  "tenantid",
]);

/** Longest text that is tried as one record, and how often that is tried in one broken element. */
const PROBE_BYTES = 262_144;
const PROBES = 64;

/**
 * Where in a broken element the next record seems to begin: at a brace after a comma, a bracket or a line's end, whose
 * first key is one of a record's or the same as the element's own, or that opens a sound record. -1 when there is none.
 */
export function nextRecord(bytes: Uint8Array): number {
  const text = latin1.decode(bytes);
  const own = firstKey(text);
  let probes = PROBES;
  for (const found of text.matchAll(OPENING)) {
    const at = found.index;
    const key = (found[2] ?? "").toLowerCase();
    if (at === 0 || found[2] === undefined || !canBegin(text, at)) continue;
    if (MARKS.has(key) || key === own) return at;
    if (probes > 0 && isRecord(text, at)) return at;
    probes -= 1;
  }
  return -1;
}

function firstKey(text: string): string | undefined {
  const [first] = text.matchAll(OPENING);
  return first !== undefined && text.slice(0, first.index).trim() === "" ? first[2]?.toLowerCase() : undefined;
}

/** What stands before the brace of a record: a comma, a bracket, another record, or nothing on its line. */
function canBegin(text: string, at: number): boolean {
  let i = at - 1;
  while (i >= 0 && (text[i] === " " || text[i] === "\t" || text[i] === "\r")) i -= 1;
  return i < 0 || ",[]}\n".includes(text[i] ?? "");
}

function isRecord(text: string, at: number): boolean {
  const end = closing(text, at);
  if (end < 0) return false;
  try {
    const value: unknown = JSON.parse(text.slice(at, end));
    return (
      typeof value === "object" && value !== null && Object.keys(value).some((key) => MARKS.has(key.toLowerCase()))
    );
  } catch {
    return false;
  }
}

/** Behind the brace that closes the one at `from`, or -1. */
export function closing(text: string, from: number, longest: number = PROBE_BYTES): number {
  let depth = 0;
  let inString = false;
  const end = Math.min(text.length, from + longest);
  for (let i = from; i < end; i++) {
    const character = text[i];
    if (inString && character === "\\") i += 1;
    else if (character === '"') inString = !inString;
    else if (inString) continue;
    else if (character === "{" || character === "[") depth += 1;
    else if ((character === "}" || character === "]") && --depth <= 0) return i + 1;
  }
  return -1;
}
