const MEMBER = /"records"\s{0,64}:/gi;
const STRINGS_AND_BRACKETS = /"(?:[^"\\]|\\.)*"|[[\]{}]/gs;

/** Whether the object that sound JSON is has two members `records`: `JSON.parse` takes the last and tells nobody of the others. */
export function repeatsRecords(json: string): boolean {
  if ((json.match(MEMBER)?.length ?? 0) < 2 || !json.trimStart().startsWith("{")) return false;
  let depth = 0;
  let members = 0;
  for (const { 0: token, index } of json.matchAll(STRINGS_AND_BRACKETS)) {
    if (token === "{" || token === "[") depth += 1;
    else if (token === "}" || token === "]") depth -= 1;
    else if (
      depth === 1 &&
      token.toLowerCase() === '"records"' &&
      /^\s*:/.test(json.slice(index + token.length, index + token.length + 64))
    )
      members += 1;
  }
  return members > 1;
}
