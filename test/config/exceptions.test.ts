import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadExceptions } from "../../src/config/exceptions.ts";
import { formatInstant } from "../../src/model/time.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const ID = "6328F5F7-DBF7-4244-BBA8-FBB9D8066506";
const ANSWERS = "owner: sre@example.com, reason: restore, expires: 2026-12-31";

async function load(text: string) {
  await using folder = await temporaryFolder({ "exceptions.yml": `exceptions:\n  - {${text}}\n` });
  const loaded = await loadExceptions(join(folder.path, "exceptions.yml"));
  return loaded.ok
    ? loaded.value.map(
        ({ principal, account, kind, expires }) => `${kind} ${principal} ${account ?? "*"} ${formatInstant(expires)}`,
      )
    : loaded.error.map((says) => says.slice(says.indexOf("exceptions.yml")));
}

const cases: { name: string; text: string; expected: RegExp }[] = [
  { name: "a principal", text: `principal: ${ID}`, expected: /^accepted 6328f5f7-\S+ \* 2027-01-01T00:00:00/ },
  {
    name: "keys of an account",
    text: "keys: true, account: Shop, kind: break-glass",
    expected: /^break-glass keys shop /,
  },
  { name: "a scanner", text: "userAgent: Purview-Scanner", expected: /^scanner purview-scanner \* / },
  { name: "keys of no account", text: "keys: true", expected: /exceptions\.0: keys need an account/ },
  { name: "two at once", text: `keys: true, account: a, principal: ${ID}`, expected: /only one/ },
  { name: "none", text: "account: a", expected: /one of principal, keys and userAgent/ },
  { name: "a scanner for emergencies", text: "userAgent: a, kind: break-glass", expected: /neither account nor kind/ },
  { name: "a user agent with its version", text: "userAgent: a/1", expected: /first word of a user agent/ },
  { name: "what is no object id", text: "principal: keys", expected: /exceptions\.0\.principal/ },
];

describe("an exception for", () => {
  test.each(cases)("$name", async ({ text, expected }) => {
    expect((await load(`${text}, ${ANSWERS}`)).join("\n")).toMatch(expected);
  });
});
