/**
 * Which logged fields tell a cause from its neighbours: `npm run minimum-logs` plays every cause of the fault farm on many
 * tenants, counts what each field then says, and writes `docs/minimum-logs.md` and `src/findings/telling-logs.ts` from the information gained. With `--check` it
 * only says whether the file is as it would be written.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type Evidence, FIELDS, fieldOf, play } from "./minimum/play.ts";
import { gains, type Gain } from "./minimum/gain.ts";

const FILE = new URL("../docs/minimum-logs.md", import.meta.url);
const CODE = new URL("../src/findings/telling-logs.ts", import.meta.url);
const MOST = 3;
const LEAST_BITS = 0.02;

const played = play({ tenants: 40, calls: 40 });
const causes = [...new Set(played.map(({ cause }) => cause))];
const table = causes.map((cause) => ({ cause, gains: gains(played, cause) }));

const bits = (value: number): string => value.toFixed(2);
const what = ({ field, gained }: Gain): string => `${fieldOf(field).name} (${bits(gained)})`;

function neighboursOf(cause: string): string {
  const own = played.filter((one) => one.cause === cause);
  const place = ({ layer, status }: Evidence): string => `${layer} ${status}`;
  const places = new Set(own.map(place));
  const others = new Set(played.filter((one) => one.cause !== cause && places.has(place(one))).map((one) => one.cause));
  return `${others.size}`;
}

const sum = new Map(
  FIELDS.map(({ id }) => [
    id,
    table.reduce((total, { gains: of }) => total + (of.find(({ field }) => field === id)?.gained ?? 0), 0),
  ]),
);
const ranked = FIELDS.toSorted((a, b) => (sum.get(b.id) ?? 0) - (sum.get(a.id) ?? 0));

const document = `# What to log, and what it tells

Written by \`npm run minimum-logs\`: every cause is played on ${played.length} tenants of the fault farm in all, and each field of the
logs is asked how much it says about the cause of a refusal whose layer (gateway, backend, Cosmos DB) and status are known.
The measure is information gain: 0 bits say nothing; a cause that is as likely as not is told with certainty by 1 bit. The
farm's mixture is not your tenant's: read the order, not the digits.

## Fields, by what they tell of all causes together

| field | bits | how to have it |
| --- | --- | --- |
${ranked.map(({ id, name, how }) => `| ${name} | ${bits(sum.get(id) ?? 0)} | ${how} |`).join("\n")}

## By cause

The fields that tell most, with what each tells by itself; *neighbours* are the other causes that are refused by the same layer
with the same status.

| cause | neighbours | fields that tell it |
| --- | --- | --- |
${table
  .map(({ cause, gains: of }) => {
    const best = of.filter(({ gained }) => gained >= LEAST_BITS).slice(0, MOST);
    return `| \`${cause}\` | ${neighboursOf(cause)} | ${best.length === 0 ? "none by itself: its split and its course tell it" : best.map(what).join(", ")} |`;
  })
  .join("\n")}
`;

/** A log tells a cause that it gives this much of the one bit that there is to know. */
const TELLING_BITS = 0.5;
const WIDEST = 120;
const LOGS = ["dataPlane", "changes", "vault", "signIns"] as const;

const code = `import type { CauseId } from "../model/cause.ts";

/** Logs and the causes that each tells from their neighbours; written by \`npm run minimum-logs\`, as docs/minimum-logs.md is. */
export const TELLING_LOGS: Readonly<Record<"${LOGS.join('" | "')}", readonly CauseId[]>> = {
${LOGS.map((id) => {
  const told = table
    .filter(({ gains: of }) => (of.find(({ field }) => field === id)?.gained ?? 0) >= TELLING_BITS)
    .map(({ cause }) => `"${cause}"`);
  const line = `  ${id}: [${told.join(", ")}],`;
  return line.length <= WIDEST ? line : `  ${id}: [\n${told.map((name) => `    ${name},`).join("\n")}\n  ],`;
}).join("\n")}
};
`;

const isWritten = (file: URL, text: string): boolean => existsSync(file) && readFileSync(file, "utf8") === text;

if (process.argv.includes("--check")) {
  const isSame = isWritten(FILE, document) && isWritten(CODE, code);
  process.stdout.write(
    `${isSame ? "docs/minimum-logs.md is up to date" : "docs/minimum-logs.md differs: run npm run minimum-logs"}\n`,
  );
  process.exitCode = isSame ? 0 : 1;
} else {
  writeFileSync(FILE, document);
  writeFileSync(CODE, code);
}
