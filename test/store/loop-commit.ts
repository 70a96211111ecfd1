import type { Decision } from "../../src/findings/decisions.ts";
import type { CallEvidence } from "../../src/model/evidence.ts";
import type { Access } from "../../src/model/access.ts";
import { readAccess } from "../../src/store/access-log.ts";
import { openDecisionLog } from "../../src/store/decision-log.ts";
import { readSegments } from "../../src/store/segment-folder.ts";
import type { Commit, Store } from "../../src/store/store.ts";
import { at, gatewayRequest } from "../builders.ts";
import { evidenceOf } from "../exports/evidence-rows.ts";
import { bytes, commitOf, epoch, findingOf, ledgerRow, textOf } from "./sample.ts";

const SNAPSHOT_EVERY = 16;

/** Commit number n of a run, 1 to …; every part of it names n. */
const loopCommit = (n: number): Commit =>
  commitOf({
    positions: new Map([
      [
        "hub",
        new Map([
          ["0", String(n)],
          ["1", String(n)],
        ]),
      ],
    ]),
    ledger: new Map([["hub", new Map([["0", ledgerRow(2, { rejected: 1 })]])]]),
    journal: bytes(`${n}:`.padEnd(3_000 + (n % 7) * 1_000, "j")),
    turns: n % SNAPSHOT_EVERY === 0,
    findings: [
      findingOf(`F-${n % 50}`, { counts: { calls: n, refused: 1, status: { "401": 0, "403": 1 }, usualRate: 0 } }),
    ],
    outbox: [{ alertId: `a-${n}`, target: "teams", body: String(n), findingId: `F-${n % 50}` }],
  });

/**
 * What is staged before commit `n`: every 16th turns to a snapshot whose parts were staged before it and before the two
 * ahead of it, as far as this run made those. `isFirst`: the calls before it are to be flushed.
 */
export function stagedBefore(n: number, first: number): { readonly part: Uint8Array; readonly isFirst: boolean }[] {
  const turn = Math.ceil(n / SNAPSHOT_EVERY) * SNAPSHOT_EVERY;
  const begins = Math.max(first, turn - 2);
  if (n < begins) return [];
  const part = bytes(`${begins - 1}:`.padEnd(25_000, "s"));
  if (n === begins && n === turn)
    return [
      { part, isFirst: true },
      { part, isFirst: false },
    ];
  return [{ part, isFirst: n === begins }];
}

/** Stages what is due, and commits number `n` of a run that began with `first`. */
export function commitLoop(store: Pick<Store, "stage" | "commit">, n: number, first: number): void {
  for (const { part, isFirst } of stagedBefore(n, first)) store.stage(part, isFirst);
  store.commit(loopCommit(n));
}

/** The last commit that is in the snapshot: calls up to it are in segments. */
export const snapshotOf = (store: Pick<Store, "load">): number => leadingNumber(store.load().snapshot);

/** Call number n of a run. */
export const loopCall = (n: number): CallEvidence =>
  evidenceOf(gatewayRequest({ time: at(n), correlationId: callId(n) }));

/** Where the decisions beside a state are. */
export const decisionsFile = (path: string): string => `${path}.decisions`;

/** Decision number n of a run. */
export const loopDecision = (n: number): Decision => ({
  at: epoch(n),
  by: "loop",
  kind: "mute",
  finding: `F-${n}`,
  scope: "finding",
  about: `F-${n}`,
  reason: "",
  until: null,
});

/** Whether the first `n` decisions of a run are there, and at most one more. */
export function areDecided(path: string, n: number): boolean {
  const log = openDecisionLog(decisionsFile(path));
  const found = log.decisions.log.map(({ finding }) => finding);
  log.close();
  return found.length >= n && found.length <= n + 1 && found.every((finding, i) => finding === `F-${i + 1}`);
}

/** Access number n of a run. */
export const loopAccess = (n: number): Access => ({
  at: n,
  who: "loop",
  what: "call",
  via: "call",
  filter: String(n),
  rows: 1,
  outcome: "ok",
});

/** Whether the first `n` accesses of a run are there, and at most one more. */
export function areNoted(folder: string, n: number): boolean {
  const found = [...readAccess(folder, {})].map((access) => access.at);
  return found.length >= n && found.length <= n + 1 && found.every((number, i) => number === i + 1);
}

const callId = (n: number): string => `00000000-0000-4000-9000-${String(n).padStart(12, "0")}`;

const leadingNumber = (chunk: Uint8Array | undefined): number => Number.parseInt(textOf(chunk) ?? "0", 10);

/** The commit that a store is at. */
export const numberIn = (store: Store): number => Number(store.load().positions.get("hub")?.get("0") ?? 0);

/** What is not of commit `n` alone in the store; empty when it is whole. */
export function tornParts(store: Store, n: number): string[] {
  const { positions, snapshot, journal } = store.load();
  const torn: string[] = [];
  const check = (what: string, found: unknown, expected: unknown): void => {
    if (JSON.stringify(found) !== JSON.stringify(expected))
      torn.push(`${what} is ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
  };
  const lastSnapshot = leadingNumber(snapshot);
  check("snapshot is new enough", n - lastSnapshot < SNAPSHOT_EVERY + 3, true);
  check("position 1", positions.get("hub")?.get("1"), n === 0 ? undefined : String(n));
  check(
    "journal",
    journal.map(leadingNumber),
    Array.from({ length: n - lastSnapshot }, (_, i) => lastSnapshot + 1 + i),
  );
  check("ledger", store.ledger().get("hub")?.get("0")?.records, n === 0 ? undefined : 3 * n);
  check("findings", Math.max(0, ...store.findings().map((finding) => finding.counts.calls)), n);
  // Alerts about one finding wait for each other: the first fifty are due, and the last is there if it is next after the ones before.
  check("alerts", store.due(epoch(0), 1_000).length, Math.min(n, 50));
  return torn;
}

/** What is wrong with the calls of a folder whose snapshot holds commits up to `n`; empty when each is there once. */
export function tornCalls(folder: string, n: number): string[] {
  const torn: string[] = [];
  const kept = [...readSegments(folder, {}, ({ file, says }) => torn.push(`${file}: ${says}`))].flat();
  const ids = kept.map(({ ids: [id] }) => id);
  const expected = Array.from({ length: n }, (_, i) => callId(i + 1));
  const first = expected.findIndex((id, i) => ids[i] !== id);
  if (first >= 0 || ids.length > expected.length)
    torn.push(`${ids.length} calls are kept, not ${expected.length}: another at place ${first}`);
  return torn;
}
