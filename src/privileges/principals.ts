import { entry } from "../lib/entry.ts";
import { atOnce, flatInTurns, type InTurns, sortedInTurns } from "../lib/in-turns.ts";
import { isSameScope, type Scope } from "../model/grant.ts";
import type { Instant } from "../model/time.ts";
import { abstentionsOf } from "./abstain.ts";
import { bitsOf, needOf } from "./actions.ts";
import { clientsOf } from "./clients.ts";
import { type Exposure, exposureOf, isEnough, longestStep, type Watched } from "./exposure.ts";
import { type Holder, type HolderKind, isBeyond, isTried, reachOf, type UseFact } from "./holder.ts";
import { heldAt, leastRoles, needsOf, type Reach, reachesOf } from "./least.ts";
import { dayOf, lastUsed, type Ledger } from "./ledger.ts";
import { lostDays } from "./losses.ts";
import { KEY_SIGNER, TOKEN_SIGNER, UNKNOWN_SIGNER } from "./observe.ts";
import type { Privileges } from "./privileges.ts";
import { type Grant, grantsOf } from "./roles.ts";
import { fitPrior, type Prior, scoreOf, unneeded } from "./score.ts";
import { dayCount, daysOf, readUsageInTurns, type Usage } from "./usage.ts";

/** Everybody who holds or used a role, a key or a token, highest score first. */
export const holdersOf = (privileges: Privileges): readonly Holder[] => atOnce(holdersInTurns(privileges));

export function* holdersInTurns(privileges: Privileges): InTurns<readonly Holder[]> {
  const { ledger, kinds } = privileges;
  const usage = yield* readUsageInTurns(ledger);
  const attributed = new Set([...ledger.applied.keys()].map((key) => Number(key.slice(key.indexOf("|") + 1))));
  const grants = grantsOf(privileges.roles);
  const known = {
    ledger,
    lost: lostDays(privileges.losses, ledger.newest),
    kinds,
    grants: Map.groupBy(grants, ({ assignment }) => assignment.account),
    index: yield* indexUses(ledger, usage),
  };
  const drafts: (readonly Draft[])[] = [];
  for (const account of accountsOf(ledger, grants)) drafts.push(yield* draftsOf(known, account));
  const prior = fitPrior(yield* flatInTurns(drafts.flat(), TURN_HOLDERS, peersOf));
  yield;
  const holders: Holder[][] = [];
  for (const ofAccount of drafts) {
    const strange = ofAccount.filter(
      ({ kind, signers }) => kind === "principal" && !signers.some((signer) => attributed.has(signer)),
    );
    const strangers = (yield* flatInTurns(strange, TURN_HOLDERS, beyondOf)).slice(0, STRANGE_USES);
    const around = { strangers, privileges };
    holders.push(yield* flatInTurns(ofAccount, TURN_HOLDERS, (draft) => [finished(draft, prior, around)]));
  }
  return yield* sortedInTurns(
    holders.flat(),
    (a, b) => b.score.score - a.score.score || compare(a.account, b.account) || compare(a.principal, b.principal),
  );
}

/** Holders, and uses, that are looked at in one turn. */
const TURN_HOLDERS = 16;
const TURN_USES = 4_096;

/** Uses of nobody's grant that are looked at when a grant nobody uses may be a group's. */
const STRANGE_USES = 1_000;

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

type Index = ReadonlyMap<string, ReadonlyMap<string, UseFact[]>>;

/** A use as the ledger and what its rows add up to tell it: many are looked at of which little is asked. */
class LedgerUse implements UseFact {
  readonly use: number;
  readonly action: number;
  readonly scope: Scope;
  readonly last: Instant | undefined;
  readonly #usage: Usage;

  constructor(ledger: Ledger, usage: Usage, use: number, scope: Scope) {
    this.use = use;
    this.action = ledger.uses.action[use] ?? 0;
    this.scope = scope;
    this.last = lastUsed(ledger, use);
    this.#usage = usage;
  }

  get succeeded(): number {
    return this.#usage.succeeded[this.use] ?? 0;
  }

  get denied(): number {
    return this.#usage.denied[this.use] ?? 0;
  }

  get denied401(): number {
    return this.#usage.denied401[this.use] ?? 0;
  }

  get other(): number {
    return this.#usage.other[this.use] ?? 0;
  }

  get dayCount(): number {
    return dayCount(this.#usage, this.use);
  }

  /** A million uses of four hundred days each would be too many numbers to be held at once. */
  get days(): Int32Array {
    return daysOf(this.#usage, this.use);
  }
}

/** Account → signer → its uses; those of one place share its scope. */
function* indexUses(ledger: Ledger, usage: Usage): InTurns<Index> {
  const { uses, texts, places } = ledger;
  const index = new Map<string, Map<string, UseFact[]>>();
  const scopes: (Scope | undefined)[] = places.map(() => undefined);
  const accounts: (Map<number, UseFact[]> | undefined)[] = [];
  for (let use = 0; use < uses.table.used; use++) {
    if (use % TURN_USES === TURN_USES - 1) yield;
    if ((uses.grain[use] ?? 0) > 0) continue; // told under the use of single operations
    const calls = (usage.succeeded[use] ?? 0) + (usage.denied[use] ?? 0) + (usage.other[use] ?? 0);
    if (calls === 0) continue; // its days are kept no longer
    const place = uses.place[use] ?? 0;
    const [account = 0, database = 0, container = 0] = places[place] ?? [];
    const scope = (scopes[place] ??= { database: texts[database] ?? "", container: texts[container] ?? "" });
    const signers = (accounts[account] ??= new Map());
    const signer = uses.signer[use] ?? 0;
    const fact = new LedgerUse(ledger, usage, use, scope);
    const known = signers.get(signer);
    if (known !== undefined) {
      known.push(fact);
      continue;
    }
    const first = [fact];
    signers.set(signer, first);
    entry(index, texts[account] ?? "", () => new Map<string, UseFact[]>()).set(texts[signer] ?? "", first);
  }
  return index;
}

function accountsOf(ledger: Ledger, grants: readonly Grant[]): ReadonlySet<string> {
  const seen = [...ledger.observed.keys()].map((account) => ledger.texts[account] ?? "");
  return new Set([...seen, ...grants.map(({ assignment }) => assignment.account)]);
}

interface Known {
  readonly ledger: Ledger;
  readonly lost: Watched["lost"];
  readonly kinds: Privileges["kinds"];
  readonly grants: ReadonlyMap<string, readonly Grant[]>;
  readonly index: Index;
}

type Draft = Omit<Holder, "score" | "confidence" | "abstains" | "isEnough"> & {
  readonly isListed: boolean;
  /** Members that were seen, of a group. */
  readonly members: number;
  /** Held through a group: what its grants let in is none of the member's own. */
  readonly throughGroups: readonly Reach[];
};

function* draftsOf({ ledger, lost, kinds, grants, index }: Known, account: string): InTurns<readonly Draft[]> {
  const ofAccount = grants.get(account) ?? [];
  const byPrincipal = Map.groupBy(ofAccount, ({ assignment }) => assignment.principal);
  const signers = index.get(account) ?? new Map<string, UseFact[]>();
  const members = membersOf(ledger, ofAccount);
  const groups = new Map<string, string[]>();
  for (const [holder, who] of members)
    for (const member of who) entry(groups, member, () => [] as string[]).push(holder);
  const names = new Set([...signers.keys(), ...ofAccount.map(({ assignment }) => assignment.principal)]);
  const containers = containersOf(signers, ofAccount);
  const accountText = ledger.textIds.get(account) ?? -1;
  const watched = { observed: ledger.observed.get(accountText) ?? new Set<number>(), lost };
  const whole = exposureOf(watched, undefined, 0);
  return yield* flatInTurns(names, TURN_HOLDERS, (principal): readonly Draft[] => {
    const own = byPrincipal.get(principal) ?? [];
    const group = members.get(principal);
    const who = group === undefined ? [principal] : [...group, principal];
    const uses = group === undefined ? (signers.get(principal) ?? []) : who.flatMap((name) => signers.get(name) ?? []);
    const reach = own.map(reachOf);
    const since = own.map((grant) => grant.since).filter((time) => time !== undefined);
    const needed = own.length === 0 ? [] : uses.filter(isTried);
    const draft: Draft = {
      account,
      accountText,
      principal,
      kind: group === undefined && kinds.get(principal) !== "group" ? kindOf(principal) : "group",
      type: kinds.get(principal),
      members: group?.size ?? 0,
      signers: who.flatMap((name) => ledger.textIds.get(name) ?? []),
      grants: own,
      uses,
      exposure:
        since.length === 0
          ? within(whole, longestPeriodOf(uses))
          : exposureOf(
              watched,
              since.reduce((a, b) => (a > b ? a : b)),
              longestPeriodOf(uses),
            ),
      needs: needsOf(reach, needed),
      roles: leastRoles(reach, needed),
      containers,
      clients: () => clientsOf(ledger, { account, signers: who }),
      isListed: ofAccount.length > 0,
      throughGroups: (groups.get(principal) ?? []).flatMap((holder) => byPrincipal.get(holder) ?? []).map(reachOf),
    };
    return [draft];
  });
}

const within = (exposure: Exposure | undefined, longestPeriod: number): Exposure | undefined =>
  exposure === undefined || longestPeriod === exposure.longestPeriod ? exposure : { ...exposure, longestPeriod };

const longestPeriodOf = (uses: readonly UseFact[]): number =>
  uses.reduce((longest, use) => (use.dayCount < 2 ? longest : Math.max(longest, longestStep(use.days))), 0);

/** Holder of an assignment → others whom it was applied to: the holder is a group then. */
function membersOf(
  { applied, texts, oldestDay }: Ledger,
  grants: readonly Grant[],
): ReadonlyMap<string, ReadonlySet<string>> {
  const holders = new Map(grants.map(({ assignment }) => [assignment.id, assignment.principal]));
  const members = new Map<string, Set<string>>();
  if (holders.size === 0) return members;
  for (const [key, { last }] of applied) {
    if (dayOf(last) < oldestDay) continue;
    const [assignment, signer] = key.split("|").map((id) => texts[Number(id)] ?? "");
    const holder = holders.get(assignment ?? "");
    if (holder === undefined || signer === undefined || holder === signer || kindOf(signer) !== "principal") continue;
    entry(members, holder, () => new Set<string>()).add(signer);
  }
  return members;
}

function kindOf(signer: string): HolderKind {
  if (signer.startsWith(KEY_SIGNER)) return "key";
  if (signer.startsWith(TOKEN_SIGNER)) return "token";
  return signer.startsWith(UNKNOWN_SIGNER) ? "unknown" : "principal";
}

/** Containers that logs or grants name. */
function containersOf(signers: ReadonlyMap<string, readonly UseFact[]>, grants: readonly Grant[]): readonly Scope[] {
  const scopes = new Set<Scope>();
  for (const uses of signers.values()) for (const { scope } of uses) scopes.add(scope);
  for (const { assignment } of grants) scopes.add(assignment.scope);
  const found = new Map<string, Scope>();
  for (const scope of scopes) if (scope.container !== "") found.set(`${scope.database}/${scope.container}`, scope);
  return [...found.entries()].toSorted(([a], [b]) => compare(a, b)).map(([, scope]) => scope);
}

/** On how many of the observed days each granted action of each container was used. */
function peersOf({ grants, containers, uses, exposure }: Draft): readonly { used: number; observed: number }[] {
  if (exposure === undefined || grants.length === 0) return [];
  const reach = grants.map(reachOf);
  return containers.flatMap((container) =>
    bitsOf(heldAt(reach, container)).map((bit) => ({
      used: Math.min(exposure.days, usedDays(uses, container, bit)),
      observed: exposure.days,
    })),
  );
}

const usedDays = (uses: readonly UseFact[], container: Scope, bit: number): number =>
  uses.reduce(
    (most, use) => (use.action === bit && isSameScope(use.scope, container) ? Math.max(most, use.dayCount) : most),
    0,
  );

/** Uses that were let in although no known grant permits them; nothing is beyond where no grant of the account is known. */
const beyondOf = ({ isListed, uses, grants, throughGroups }: Draft): readonly UseFact[] =>
  isListed ? uses.filter((use) => isBeyond(use, [...grants.map(reachOf), ...throughGroups])) : [];

interface Around {
  /** Uses beyond any known grant whose applied assignment no log tells. */
  readonly strangers: readonly UseFact[];
  readonly privileges: Privileges;
}

/** Of those whom an unknown grant lets in, how many this holder's grants would: it may be a group that they are in. */
function maybeMembersOf({ kind, type, principal, grants, uses }: Draft, around: Around): number {
  const { strangers, privileges } = around;
  const isNone = kind !== "principal" || type !== undefined || privileges.applications.has(principal);
  if (isNone || grants.length === 0 || uses.length > 0) return 0;
  const reach = grants.map(reachOf);
  return new Set(
    strangers
      .filter(({ action, scope }) => needOf(action, heldAt(reach, scope)) !== 0)
      .map(({ use }) => privileges.ledger.uses.signer[use]),
  ).size;
}

function finished(draft: Draft, prior: Prior, around: Around): Holder {
  const reach = draft.grants.map(reachOf);
  const days = draft.exposure?.days ?? 0;
  const chance = unneeded(prior, days);
  const beyond = beyondOf(draft);
  const maybeMembers = maybeMembersOf(draft, around);
  const abstains = abstentionsOf({ ...draft, maybeMembers }, beyond);
  const isUnsure = draft.kind === "group" || maybeMembers > 0 || beyond.length > 0;
  const confidence = isUnsure ? chance / 2 : chance;
  const score = scoreOf(reach, reachesOf(draft.roles), { containers: draft.containers, confidence });
  const enough =
    draft.exposure !== undefined && isEnough(draft.exposure) && !abstains.some(({ id }) => id === "new-grant");
  return { ...draft, score, confidence, abstains, isEnough: enough };
}
