import type { Event } from "../model/event.ts";
import type { EventTable } from "../model/event-table.ts";
import type { BlindSpot, Finding } from "../model/finding.ts";
import type { Names } from "../model/names.ts";
import { type DurationMs, type Instant, instantFromMs, instantFromTicks, plusMs } from "../model/time.ts";
import { indirectAccess } from "./azure-roles.ts";
import { closedBecause } from "./closing.ts";
import { ignoreScanners, type PrivilegeException } from "./exceptions.ts";
import { leftOut, privilegeFindings } from "./findings.ts";
import { forgetOldAccess } from "./gateway-access.ts";
import { gatewayFindings } from "./gateway-findings.ts";
import { forgetQuiet } from "./gateway-use.ts";
import { holdersOf } from "./principals.ts";
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
import { type PrincipalRow, principalRows } from "./rows.ts";
import { wideAccess } from "./wide-access.ts";

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
export function judgeHeard(standing: Standing, now: Instant): readonly Finding[] {
  const { newest } = standing.privileges.ledger;
  const at = newest > now ? newest : now;
  return at > BEFORE_EVENTS && isJudgementDue(standing, at) ? judgeStanding(standing, at) : [];
}

/** Judges all holders as of event time `at`; gives the findings that are new or of which something changed that one would want to be told. */
export function judgeStanding(standing: Standing, at: Instant): readonly Finding[] {
  const { privileges, exceptions } = standing;
  const holders = holdersOf(privileges);
  forgetQuiet(privileges.gateway, at);
  forgetOldAccess(privileges.gatewayAccess, at);
  const now = [
    ...privilegeFindings(holders, { privileges, exceptions, now: at }),
    ...gatewayFindings(privileges.gateway, at),
    ...wideAccess(privileges, at),
    ...indirectAccess(privileges, at),
  ];
  standing.next = nextAfter(standing, at);
  standing.judgedAt = at;
  standing.rows = principalRows(holders.slice(0, MAX_ROWS), now);
  const unjudged = leftOut(holders);
  standing.spots = privilegeSpots(privileges, unjudged);
  const current = new Set(now.map(({ id }) => id));
  const changed = now.flatMap((finding) => follow(standing, finding));
  for (const finding of standing.findings.values()) {
    if (finding.status === "resolved" || current.has(finding.id)) continue;
    const closed = closedBecause(finding, { holders, exceptions, unjudged });
    const ended: Finding = { ...finding, status: "resolved", closed, end: at };
    standing.findings.set(finding.id, ended);
    changed.push(ended);
  }
  forgetOldest(standing);
  return changed;
}

/** Soon after the first record, when a list of roles may come yet; then regularly, less often where it takes longer. */
function nextAfter({ privileges, judgedAt }: Standing, at: Instant): Instant {
  if (judgedAt === undefined) return plusMs(at, FIRST_MS);
  const share = 1 + Math.floor(privileges.ledger.uses.table.used / CHEAP_USES);
  return plusMs(at, Math.min(LONGEST_MS, EVERY_MS * share));
}

/** A finding that returns keeps its id and is open again. */
function follow({ findings }: Standing, finding: Finding): readonly Finding[] {
  const known = findings.get(finding.id);
  const kept: Finding = known === undefined ? finding : { ...finding, ...sinceOf(known, finding) };
  findings.set(finding.id, kept);
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
