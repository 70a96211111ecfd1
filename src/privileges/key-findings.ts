import type { InTurns } from "../lib/in-turns.ts";
import { shellQuoted } from "../lib/shell-quote.ts";
import type { Evidence } from "../model/cause.ts";
import type { Finding } from "../model/finding.ts";
import { ACCOUNT_SCOPE, scopeText } from "../model/grant.ts";
import { type Instant, instantFromMs, plusMs } from "../model/time.ts";
import { ALL_ACTIONS, MANAGEMENT, READ_ACTIONS } from "./actions.ts";
import { gapTexts } from "./abstain.ts";
import { breakGlassUse } from "./break-glass.ts";
import { KEYS } from "./exceptions.ts";
import { build, causeOf, dateOf, type Judging } from "./finding-of.ts";
import { type Holder, isTried, type UseFact } from "./holder.ts";
import { leastRoles, type Reach, reachesOf } from "./least.ts";
import { dayOf } from "./ledger.ts";
import { lostDays } from "./losses.ts";
import { accountOf, callsOf, privilegeOf } from "./privilege-of.ts";
import { azCommands, bicepOf, groupOption, wayDown } from "./way-down.ts";

const DAY_MS = 86_400_000;
/** Observed days without any use of a key after which it is safe to switch keys off, at least. */
const QUIET_DAYS = 30;
/** What a key can do, and what a read-only key can. */
const EVERYTHING: readonly Reach[] = [{ actions: ALL_ACTIONS, scope: ACCOUNT_SCOPE }];
const READING: readonly Reach[] = [{ actions: READ_ACTIONS, scope: ACCOUNT_SCOPE }];

/** Keys and resource tokens of an account: both end when local authentication is switched off. */
export function* keysInUse(account: string, holders: readonly Holder[], judging: Judging): InTurns<readonly Finding[]> {
  const signed = holders
    .filter((holder) => holder.account === account && (holder.kind === "key" || holder.kind === "token"))
    .toSorted((a, b) => (a.principal < b.principal ? -1 : 1))
    .map(withClients);
  const [first] = signed;
  if (first === undefined) return [];
  const held = signed.every(isReadOnly) ? READING : EVERYTHING;
  const whole = mergedKeys(signed, first, held);
  yield;
  const privilege = privilegeOf(whole, { held });
  yield;
  const last = whole
    .clients()
    .reduce((a, { lastUsed: b }) => (a > b ? a : b), first.clients()[0]?.lastUsed ?? judging.now);
  const quiet = quietOf(whole, last, judging);
  const owner = holders.find((holder) => holder.account === account && holder.grants.length > 0) ?? whole;
  const way = wayDown({ account: accountOf(owner), principal: "<object-id>" }, [], whole.roles);
  const { apply, rollback } = azCommands(way);
  const switchAuth = (isOff: boolean): string =>
    `az resource update --resource-type Microsoft.DocumentDB/databaseAccounts --name ${shellQuoted(account)} ${groupOption(way.account)} --set properties.disableLocalAuth=${isOff}`;
  const power = held === READING ? "may read everything" : "may do everything";
  return [
    ...breakGlassUse(whole, judging, KEYS),
    build(whole, judging, {
      kind: "account-key-in-use",
      about: KEYS,
      severity: quiet.isSafe ? "low" : "medium",
      title: `Keys of ${account} are used by ${clientsText(whole)}: a key names no caller and ${power}.`,
      cause: causeOf("key-instead-of-identity", 1, evidenceOf(whole, quiet, judging)),
      says: "Give each client an identity with the recommended role (or less), move it, then switch off local authentication.",
      privilege: {
        ...privilege,
        commands: { apply: [...apply, switchAuth(true)], rollback: [switchAuth(false), ...rollback] },
        bicep: bicepOf(way),
      },
      onset: whole.clients().reduce((a, { firstUsed }) => (firstUsed < a ? firstUsed : a), last),
    }),
  ];
}

interface Quiet {
  readonly last: Instant;
  /** Observed days without a use that are wanted, and those that were. */
  readonly wanted: number;
  readonly seen: number;
  readonly isSafe: boolean;
  /** When keys can be switched off, if no use comes and the log goes on. */
  readonly safe: Instant;
}

/** Days without a record of the account tell nothing about keys: only observed ones count. */
function quietOf({ accountText, exposure }: Holder, last: Instant, { privileges, now }: Judging): Quiet {
  const wanted = Math.max(QUIET_DAYS, 2 * (exposure?.longestPeriod ?? 0));
  const lost = lostDays(privileges.losses, privileges.ledger.newest);
  const days = [...(privileges.ledger.observed.get(accountText) ?? [])]
    .filter((day) => day > dayOf(last) && !lost.has(day))
    .toSorted((a, b) => a - b);
  const reached = days[wanted - 1];
  const safe =
    reached === undefined ? plusMs(now, (wanted - days.length) * DAY_MS) : instantFromMs((reached + 1) * DAY_MS);
  return { last, wanted, seen: days.length, isSafe: reached !== undefined, safe };
}

function evidenceOf(whole: Holder, { last, wanted, seen, isSafe, safe }: Quiet, judging: Judging): readonly Evidence[] {
  const listed = judging.privileges.keysListed.get(whole.account);
  const { calls } = callsOf(whole);
  const since = `The last was on ${dateOf(last)}, ${seen} observed days ago`;
  return [
    {
      says: `${calls} calls by ${clientsText(whole)} were signed with ${whole.principal}.`,
      fields: { calls, clients: whole.clients().length },
    },
    {
      says: isSafe
        ? `${since}: local authentication can be switched off since ${dateOf(safe)}.`
        : `${since}; if ${wanted - seen} more are observed without any, local authentication can be switched off on ${dateOf(safe)}.`,
      fields: { lastUsed: dateOf(last), safeFrom: dateOf(safe) },
    },
    ...(listed === undefined
      ? []
      : [
          {
            says: `The keys were listed ${listed.times} times, last on ${dateOf(listed.last)}.`,
            fields: { listed: listed.times },
          },
        ]),
    ...(whole.exposure === undefined ? [] : gapTexts(whole.exposure, "record of the account")).map((says) => ({
      says,
      fields: { abstains: "log-gap" },
    })),
    ...whole.abstains.map(({ id, says }) => ({ says, fields: { abstains: id } })),
  ];
}

const isReadOnly = ({ principal }: Holder): boolean => /readonly/i.test(principal);

/** What a client with a key does that no identity may do through the data plane. */
function managementOf(uses: readonly UseFact[]): Holder["abstains"] {
  const managing = uses.filter((use) => use.action === MANAGEMENT && isTried(use));
  if (managing.length === 0) return [];
  const calls = managing.reduce((sum, { succeeded, other }) => sum + succeeded + other, 0);
  const places = [...new Set(managing.map(({ scope }) => scopeText(scope)))].toSorted();
  return [
    {
      id: "management-needed",
      says: `${calls} calls manage databases, containers, throughput or procedures (${places.slice(0, 3).join(", ")}${places.length > 3 ? " …" : ""}): no data-plane role permits that, an identity gets 403/5300. Let a deployment do it before keys go.`,
    },
  ];
}

/** `PrimaryMasterKey`: the kind of key, without what tells it from an object id. */
const nameOf = ({ principal }: Holder): string => principal.slice(principal.indexOf(":") + 1);

function clientsText(holder: Holder): string {
  const { length } = holder.clients();
  return `${length} ${length === 1 ? "client" : "clients"}`;
}

/** A key may have thousands of clients: they are looked up once. */
function withClients(holder: Holder): Holder {
  const clients = holder.clients();
  return { ...holder, clients: () => clients };
}

/** All keys and tokens of an account as one holder, to be replaced by an identity that is yet to be made. */
function mergedKeys(signed: readonly Holder[], first: Holder, held: readonly Reach[]): Holder {
  const uses = signed.flatMap((holder) => holder.uses);
  const all = signed.flatMap(({ clients }) => clients()).toSorted((a, b) => b.calls - a.calls);
  const roles = leastRoles(held, uses.filter(isTried));
  const longestPeriod = signed.reduce((most, { exposure }) => Math.max(most, exposure?.longestPeriod ?? 0), 0);
  return {
    ...first,
    principal: signed.map(nameOf).join(", "),
    kind: "key",
    signers: signed.flatMap(({ signers }) => signers),
    exposure: first.exposure === undefined ? undefined : { ...first.exposure, longestPeriod },
    uses,
    roles,
    needs: reachesOf(roles),
    clients: () => all,
    abstains: managementOf(uses),
  };
}
