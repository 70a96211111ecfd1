import { flatInTurns, type InTurns } from "../lib/in-turns.ts";
import type { Event } from "../model/event.ts";
import type { EventTable } from "../model/event-table.ts";
import type { BlindSpot, Finding } from "../model/finding.ts";
import type { Names } from "../model/names.ts";
import { type DurationMs, type Instant, instantFromMs, instantFromTicks, plusMs } from "../model/time.ts";
import { indirectAccess } from "./azure-roles.ts";
import { closedBecause } from "./closing.ts";
import { ignoreScanners, type PrivilegeException } from "./exceptions.ts";
import { leftOut, privilegeFindingsInTurns } from "./findings.ts";
import { forgetOldAccess } from "./gateway-access.ts";
import { gatewayFindingsInTurns } from "./gateway-findings.ts";
import { forgetQuiet } from "./gateway-use.ts";
import { holdersInTurns } from "./principals.ts";
import {
  createPrivileges,
  learnEvent,
  learnFacts,
  learnListing,
  learnRow,
  type Lists,
  type Privileges,
  privilegeSpots,
  type Readers,
  readersOf,
  type Told,
} from "./privileges.ts";
import { type PrincipalRow, principalRowsInTurns } from "./rows.ts";
import { wideAccessInTurns } from "./wide-access.ts";

/** What is known of privileges while logs come in, and what was found when it was judged last. Plain data. */
export interface Standing {
  readonly privileges: Privileges;
  /** Findings by id, resolved ones too, in the order in which they were raised. */
  readonly findings: Map<string, Finding>;
  rows: readonly PrincipalRow[];
  spots: readonly BlindSpot[];
  /** Event time of the last judgement; undefined before the first. */
  judgedAt: Instant | undefined;
  /** Judged again from then on. */
  next: Instant;
  /** Grants that somebody answers for: of the configuration, set anew at each start. */
  exceptions: readonly PrivilegeException[];
  /** Findings that were given up because there were too many. */
  forgotten: number;
}

const BEGINNING = instantFromTicks(Number.NEGATIVE_INFINITY);
/** No log is as old. */
const BEFORE_EVENTS = instantFromMs(0);
const FIRST_MS: DurationMs = 60_000;
const EVERY_MS: DurationMs = 300_000;
/** Uses whose judgement is cheap beside what else happens in `EVERY_MS`; with more it comes less often. */
const CHEAP_USES = 2_000;
const LONGEST_MS: DurationMs = 6 * 3_600_000;
const MAX_FINDINGS = 4_000;
const MAX_ROWS = 5_000;

export const createStanding = (): Standing => ({
  privileges: createPrivileges(),
  findings: new Map(),
  rows: [],
  spots: [],
  judgedAt: undefined,
  next: BEGINNING,
  exceptions: [],
  forgotten: 0,
});

/** Readers by their names: what they remember is not of the state, and is found again after a restart. */
const readersByNames = new WeakMap<Names, { readonly readers: Readers; readonly of: Privileges }>();

function readersFor(privileges: Privileges, names: Names): Readers {
  const found = readersByNames.get(names);
  if (found?.of === privileges) return found.readers;
  const readers = readersOf(privileges, names);
  readersByNames.set(names, { readers, of: privileges });
  return readers;
}

/** Takes a row in its turn of event time. */
export function learnPlace({ privileges }: Standing, names: Names, table: EventTable, place: number): void {
  if (learnRow(readersFor(privileges, names), table, place)) return;
  const event: Event | undefined = table.objects.get(place);
  if (event !== undefined) learnEvent(privileges, event);
}

interface Heard {
  readonly facts?: readonly Told[];
  /** What is all among the facts. */
  readonly lists?: Lists;
  /** Sums of a later time are not believed. */
  readonly until?: Instant;
}

/** Takes what is of no moment; roles that are new are judged at once. `at`: when they were as they are. */
export function learnHeard(standing: Standing, { facts = [], lists, until }: Heard, at: Instant): void {
  const { privileges } = standing;
  if (lists !== undefined) learnListing(privileges, facts, { ...lists, at });
  else learnFacts(privileges, facts, until);
  if (facts.some(({ what }) => what.kind === "role") || lists !== undefined) standing.next = BEGINNING;
}

/** Who answers for what, in place of what held before. */
export function setExceptions(standing: Standing, exceptions: readonly PrivilegeException[]): void {
  standing.exceptions = exceptions;
  ignoreScanners(standing.privileges.ledger, exceptions);
}

export const isJudgementDue = ({ next }: Standing, at: Instant): boolean => at >= next;

/** Judges what is due though no row calls for it, as of the newest event time that is known; before any there is nothing to judge. */
export function* judgeHeard(standing: Standing, now: Instant): InTurns<readonly Finding[]> {
  const { newest } = standing.privileges.ledger;
  const at = newest > now ? newest : now;
  return at > BEFORE_EVENTS && isJudgementDue(standing, at) ? yield* judgeInTurns(standing, at) : [];
}

/**
 * Judges all holders as of event time `at`; gives the findings that are new or of which something changed that one would want to
 * be told. What stood before stands until the last turn.
 */
export function* judgeInTurns(standing: Standing, at: Instant): InTurns<readonly Finding[]> {
  const { privileges, exceptions } = standing;
  const holders = yield* holdersInTurns(privileges);
  forgetQuiet(privileges.gateway, at);
  forgetOldAccess(privileges.gatewayAccess, at);
  yield;
  const now = [
    ...(yield* privilegeFindingsInTurns(holders, { privileges, exceptions, now: at })),
    ...(yield* gatewayFindingsInTurns(privileges.gateway, at)),
    ...(yield* wideAccessInTurns(privileges, at)),
    ...indirectAccess(privileges, at),
  ];
  yield;
  const rows = yield* principalRowsInTurns(holders.slice(0, MAX_ROWS), now);
  const unjudged = leftOut(holders);
  const spots = privilegeSpots(privileges, unjudged);
  yield;
  const stands = new Map<string, Finding>();
  const changed = yield* flatInTurns(now, TURN_FINDINGS, (finding) => follow(standing, stands, finding));
  const over = [...standing.findings.values()].filter(({ id, status }) => status !== "resolved" && !stands.has(id));
  const ended = yield* flatInTurns(over, TURN_FINDINGS, (finding): readonly Finding[] => {
    const closed = closedBecause(finding, { holders, exceptions, unjudged });
    return [{ ...finding, status: "resolved", closed, end: at }];
  });
  standing.next = nextAfter(standing, at);
  standing.judgedAt = at;
  standing.rows = rows;
  standing.spots = spots;
  for (const finding of [...stands.values(), ...ended]) standing.findings.set(finding.id, finding);
  forgetOldest(standing);
  return [...changed, ...ended];
}

/** Findings that are compared with what stood before in one turn. */
const TURN_FINDINGS = 16;

/** Soon after the first record, when a list of roles may come yet; then regularly, less often where it takes longer. */
function nextAfter({ privileges, judgedAt }: Standing, at: Instant): Instant {
  if (judgedAt === undefined) return plusMs(at, FIRST_MS);
  const share = 1 + Math.floor(privileges.ledger.uses.table.used / CHEAP_USES);
  return plusMs(at, Math.min(LONGEST_MS, EVERY_MS * share));
}

/** A finding that returns keeps its id and is open again; `stands` has those of this judgement. */
function follow({ findings }: Standing, stands: Map<string, Finding>, finding: Finding): readonly Finding[] {
  const known = stands.get(finding.id) ?? findings.get(finding.id);
  const kept: Finding = known === undefined ? finding : { ...finding, ...sinceOf(known, finding) };
  stands.set(finding.id, kept);
  return known === undefined || tellingOf(known) !== tellingOf(kept) ? [kept] : [];
}

/** When it was raised first; no log tells since when an Azure role is held: since it was seen first. */
const sinceOf = (known: Finding, { kind, onset }: Finding): Pick<Finding, "detectedAt" | "onset"> => ({
  detectedAt: known.detectedAt,
  onset: kind === "indirect-data-access" ? known.onset : onset,
});

/** What changes of a finding are for: its numbers alone grow with each call. */
const tellingOf = ({ status, severity, title, cause, privilege }: Finding): string =>
  JSON.stringify([status, severity, title, cause.id, privilege?.granted, privilege?.recommended]);

function forgetOldest(standing: Standing): void {
  const { findings } = standing;
  for (const [id, { status }] of findings) {
    if (findings.size <= MAX_FINDINGS) return;
    if (status !== "resolved") continue;
    findings.delete(id);
    standing.forgotten += 1;
  }
}
