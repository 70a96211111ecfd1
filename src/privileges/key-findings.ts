import { shellQuoted } from "../lib/shell-quote.ts";
import type { Evidence } from "../model/cause.ts";
import type { Finding } from "../model/finding.ts";
import { ACCOUNT_SCOPE } from "../model/grant.ts";
import { plusMs } from "../model/time.ts";
import { ALL_ACTIONS } from "./actions.ts";
import { build, causeOf, dateOf, type Judging } from "./finding-of.ts";
import { type Holder, isTried } from "./holder.ts";
import { leastRoles, type Reach, reachesOf } from "./least.ts";
import { accountOf, callsOf, privilegeOf } from "./privilege-of.ts";
import { azCommands, bicepOf, groupOption, wayDown } from "./way-down.ts";

const DAY_MS = 86_400_000;
/** Days without any use of a key after which it is safe to switch keys off, at least. */
const QUIET_DAYS = 30;
/** What a key can do. */
const EVERYTHING: readonly Reach[] = [{ actions: ALL_ACTIONS, scope: ACCOUNT_SCOPE }];

/** Keys and resource tokens of an account: both end when local authentication is switched off. */
export function keysInUse(account: string, holders: readonly Holder[], judging: Judging): readonly Finding[] {
  const signed = holders.filter(
    (holder) => holder.account === account && (holder.kind === "key" || holder.kind === "token"),
  );
  const [first] = signed;
  if (first === undefined) return [];
  const { keysListed } = judging.privileges;
  const whole = mergedKeys(signed, first);
  const privilege = privilegeOf(whole, { held: EVERYTHING });
  const last = signed
    .flatMap(({ clients }) => clients.map(({ lastUsed: at }) => at))
    .reduce((a, b) => (a > b ? a : b), first.clients[0]?.lastUsed ?? judging.now);
  const quiet = Math.max(QUIET_DAYS, 2 * (whole.exposure?.longestPeriod ?? 0));
  const safe = plusMs(last, quiet * DAY_MS);
  const owner = holders.find((holder) => holder.account === account && holder.grants.length > 0) ?? whole;
  const way = wayDown({ account: accountOf(owner), principal: "<object-id>" }, [], whole.roles);
  const listed = keysListed.get(account);
  const { calls } = callsOf(whole);
  const isSafe = safe <= judging.now;
  const evidence: readonly Evidence[] = [
    {
      says: `${calls} calls by ${clientsText(whole)} were signed with ${whole.principal}.`,
      fields: { calls, clients: whole.clients.length },
    },
    {
      says: isSafe
        ? `The last was on ${dateOf(last)}, ${quiet} days and more ago: local authentication can be switched off.`
        : `The last was on ${dateOf(last)}; if none comes until ${dateOf(safe)}, local authentication can be switched off.`,
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
  ];
  return [
    build(whole, judging, {
      kind: "account-key-in-use",
      severity: isSafe ? "low" : "medium",
      title: `Keys of ${account} are used by ${clientsText(whole)}: a key names no caller and may do everything.`,
      cause: causeOf("key-instead-of-identity", 1, evidence),
      says: "Give each client an identity with the recommended role (or less), move it, then switch off local authentication.",
      privilege: { ...privilege, commands: azCommands(way), bicep: bicepOf(way) },
      onset: whole.clients.reduce((a, { firstUsed }) => (firstUsed < a ? firstUsed : a), last),
      commands: [
        ...azCommands(way).apply,
        `az resource update --resource-type Microsoft.DocumentDB/databaseAccounts --name ${shellQuoted(account)} ${groupOption(way.account)} --set properties.disableLocalAuth=true`,
      ],
    }),
  ];
}

/** `PrimaryMasterKey`: the kind of key, without what tells it from an object id. */
const nameOf = ({ principal }: Holder): string => principal.slice(principal.indexOf(":") + 1);

const clientsText = ({ clients }: Holder): string => `${clients.length} ${clients.length === 1 ? "client" : "clients"}`;

/** All keys and tokens of an account as one holder of everything, to be replaced by an identity that is yet to be made. */
function mergedKeys(signed: readonly Holder[], first: Holder): Holder {
  const uses = signed.flatMap((holder) => holder.uses);
  const roles = leastRoles(EVERYTHING, uses.filter(isTried));
  return {
    ...first,
    principal: signed.map(nameOf).join(", "),
    kind: "key",
    signers: signed.flatMap(({ signers }) => signers),
    uses,
    roles,
    needs: reachesOf(roles),
    clients: signed.flatMap(({ clients }) => clients).toSorted((a, b) => b.calls - a.calls),
  };
}
