/**
 * Scores recommendations on seeded accounts: `node bench/score-privileges.ts [--seeds 200] [--from 1]`. A holder is right
 * when the verdict and, where there is one, the recommendation are exactly the truth's. The last line is JSON.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readPrivileges } from "../src/commands/read-privileges.ts";
import type { Finding } from "../src/model/finding.ts";
import { privilegeFindings } from "../src/privileges/findings.ts";
import { holdersOf } from "../src/privileges/principals.ts";
import { buildPrivilegeTenant, type TrueHolder } from "../src/simulate/privileges.ts";

const { values: flags } = parseArgs({
  options: { seeds: { type: "string", default: "200" }, from: { type: "string", default: "1" } },
});

async function findingsOf(
  seed: number,
): Promise<{ readonly truth: readonly TrueHolder[]; readonly findings: readonly Finding[] }> {
  const { files, truth } = buildPrivilegeTenant(seed);
  const folder = mkdtempSync(join(tmpdir(), "scopetrail-score-"));
  try {
    for (const [name, text] of files) writeFileSync(join(folder, name), text);
    const privileges = await readPrivileges([folder]);
    const judging = { privileges, exceptions: [], now: privileges.ledger.newest };
    return { truth, findings: privilegeFindings(holdersOf(privileges), judging) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const short = (name: string): string =>
  name.replace("Microsoft.DocumentDB/databaseAccounts/", "").replace("sqlDatabases/containers/", "");

/** What is found of a holder, in the words of the truth. */
function foundOf(principal: string, findings: readonly Finding[]): Pick<TrueHolder, "is" | "needs"> {
  const own = findings.filter(({ subject }) => subject.principal === principal);
  const wide = own.find(({ kind }) => kind === "over-privileged-principal")?.privilege;
  if (wide === undefined || wide === null)
    return { is: own.some(({ kind }) => kind === "grant-never-used") ? "idle" : "exact", needs: {} };
  const roles = wide.recommended === null ? [] : [wide.recommended, ...wide.recommended.further];
  const pairs = roles.flatMap(({ roleDefinition, assignments }) =>
    assignments.map(({ scope }): [string, readonly string[]] => [
      scope,
      roleDefinition.Permissions.flatMap(({ DataActions }) => DataActions.map(short)).toSorted((a, b) =>
        a < b ? -1 : 1,
      ),
    ]),
  );
  return { is: "wide", needs: Object.fromEntries(pairs) };
}

const canonical = (needs: TrueHolder["needs"]): string =>
  Object.entries(needs)
    .map(([scope, actions]) => `${scope}=${actions.join("+")}`)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .join(" ");

let [holders, right, tenants, tenantsRight, denied] = [0, 0, 0, 0, 0];
const began = process.cpuUsage();
const first = Number(flags.from);
for (let seed = first; seed < first + Number(flags.seeds); seed++) {
  const { truth, findings } = await findingsOf(seed);
  const wrong = truth.filter(({ principal, is, needs }) => {
    const found = foundOf(principal, findings);
    const isRight = found.is === is && (is !== "wide" || canonical(found.needs) === canonical(needs));
    if (!isRight)
      process.stdout.write(
        `seed ${seed} ${principal}: ${is} [${canonical(needs)}], found ${found.is} [${canonical(found.needs)}]\n`,
      );
    return !isRight;
  });
  for (const { privilege, kind } of findings)
    if (kind === "over-privileged-principal") denied += privilege?.replay.wouldBeDenied ?? 0;
  holders += truth.length;
  right += truth.length - wrong.length;
  tenants += 1;
  tenantsRight += wrong.length === 0 ? 1 : 0;
}
const { user, system } = process.cpuUsage(began);
const seconds = (user + system) / 1e6;
process.stdout.write(
  `${tenantsRight} of ${tenants} accounts, ${right} of ${holders} holders exactly right; recommendations would have denied ${denied} calls; ${seconds.toFixed(1)} CPU s\n`,
);
process.stdout.write(`${JSON.stringify({ tenants, tenantsRight, holders, right, denied, seconds })}\n`);
process.exitCode = tenantsRight === tenants && denied === 0 ? 0 : 1;
