import { entry } from "../lib/entry.ts";
import type { Finding } from "../model/finding.ts";
import { assertConserved } from "./conservation.ts";
import { formatFindingRow, parseFindingRow } from "./finding-row.ts";
import {
  addLedgerRows,
  type Commit,
  KEPT_FINDINGS,
  KEPT_REJECTS,
  type LedgerRow,
  type NewAlert,
  type NewReject,
  type OutboxRow,
  type RejectCount,
  type RejectRow,
  type RejectsOfCommit,
  type Saved,
  type Piece,
  type Spooled,
  type Store,
} from "./store.ts";

interface Waiting {
  readonly alert: NewAlert;
  state: "pending" | "leased" | "sent" | "folded" | "dead";
  attempts: number;
  next: number;
}

/** State for as long as the process lives: for a demo and for tests. Takes and gives copies, as a file would. */
export function createMemoryStore(): Store {
  const positions = new Map<string, Map<string, string>>();
  const kept = new Map<string, Map<string, Uint8Array>>();
  const ledger = new Map<string, Map<string, LedgerRow>>();
  const findings = new Map<string, string>();
  const outbox = createMemoryOutbox();
  const rejects = createMemoryRejects();
  const replay = createMemoryReplay();

  return {
    load: () => ({
      positions: copyOf(positions),
      kept: copyOf(kept),
      ...replay.load(),
      isOtherVersion: false,
    }),
    spool: spoolInMemory,
    stage: replay.stage,
    tidy: () => false,
    commit(commit) {
      assertConserved(commit.ledger);
      const rows = commit.findings.map((finding: Finding) => [finding.id, formatFindingRow(finding)] as const);
      replay.add(commit);
      for (const [source, partitions] of commit.positions)
        for (const [partition, checkpoint] of partitions) inner(positions, source).set(partition, checkpoint);
      for (const [source, entries] of commit.kept) keep(inner(kept, source), entries);
      for (const [source, partitions] of commit.ledger)
        for (const [partition, row] of partitions) {
          const known = inner(ledger, source).get(partition);
          inner(ledger, source).set(partition, known === undefined ? row : addLedgerRows(known, row));
        }
      for (const [id, body] of rows) findings.set(id, body);
      for (const id of findings.keys()) {
        if (findings.size <= KEPT_FINDINGS) break;
        findings.delete(id);
      }
      outbox.add(commit.outbox);
      rejects.add(commit.rejects);
    },
    positions: () => copyOf(positions),
    ledger: () => copyOf(ledger),
    findings: () => [...findings.values()].map(parseFindingRow),
    rejects: rejects.rejects,
    rejectCounts: rejects.rejectCounts,
    due: outbox.due,
    lease: outbox.lease,
    fold: outbox.fold,
    notify: (alerts) => outbox.add(alerts),
    sent: outbox.sent,
    retry: outbox.retry,
    dead: outbox.dead,
    async backUp() {},
    close() {},
  };
}

async function spoolInMemory(pieces: Iterable<Piece>, breathe: () => Promise<void>): Promise<Spooled> {
  const left: Piece[] = [];
  for (const { bytes, isPlain } of pieces) {
    left.push({ bytes: Uint8Array.from(bytes), isPlain });
    if (bytes.length === 0) await breathe();
  }
  return { next: () => left.shift(), close: () => left.splice(0) };
}

type MemoryReplay = Pick<Store, "stage"> & {
  load(): Pick<Saved, "snapshot" | "journal">;
  add(commit: Pick<Commit, "turns" | "journal">): void;
};

/** What a start goes on from. */
function createMemoryReplay(): MemoryReplay {
  let snapshot: Uint8Array | undefined;
  let journal: Uint8Array[] = [];
  let staged: { readonly parts: Uint8Array[]; readonly after: number } | undefined;
  return {
    load: () => ({ snapshot: snapshot?.slice(), journal: journal.map((bytes) => bytes.slice()) }),
    stage(part, isFirst) {
      if (isFirst || staged === undefined) staged = { parts: [], after: journal.length };
      staged.parts.push(Uint8Array.from(part));
    },
    add(commit) {
      if (commit.turns === true) {
        if (staged === undefined) throw new Error("no snapshot is staged");
        snapshot = Buffer.concat(staged.parts);
        journal = journal.slice(staged.after);
        staged = undefined;
      }
      if (commit.journal.length > 0) journal.push(commit.journal.slice());
    },
  };
}

type MemoryRejects = Pick<Store, "rejects" | "rejectCounts"> & { add(rejects: RejectsOfCommit): void };

function createMemoryRejects(): MemoryRejects {
  const rows = new Map<string, RejectRow>();
  const counts = new Map<string, Omit<RejectCount, "kept">>();
  let newest = 0;
  const keyOf = (row: NewReject): string =>
    JSON.stringify([row.source, row.partition, row.sequence, row.place, row.stage, row.reason]);
  const countKey = ({ source, partition, stage, reason }: Omit<RejectCount, "count" | "kept">): string =>
    JSON.stringify([source, partition, stage, reason]);
  return {
    add(rejects) {
      for (const [key, { id }] of rows) if (rejects.retried.includes(id)) rows.delete(key);
      for (const row of rejects.rows) {
        const key = keyOf(row);
        if (!rows.has(key)) rows.set(key, { ...row, id: (newest += 1) });
      }
      for (const added of rejects.counts) {
        const known = counts.get(countKey(added))?.count ?? 0;
        counts.set(countKey(added), { ...added, count: known + added.count });
      }
      for (const [key, { id }] of rows) if (id <= newest - KEPT_REJECTS) rows.delete(key);
    },
    rejects: ({ after, limit, reason }) =>
      [...rows.values()]
        .filter((row) => row.id > after && (reason === undefined || row.reason === reason))
        .slice(0, limit),
    rejectCounts: () =>
      [...counts.values()]
        .map(({ source, partition, stage, reason, count }) => ({
          source,
          partition,
          stage,
          reason,
          count,
          kept: [...rows.values()].filter((row) => countKey(row) === countKey({ source, partition, stage, reason }))
            .length,
        }))
        .toSorted((a, b) => b.count - a.count),
  };
}

function keep(into: Map<string, Uint8Array>, entries: ReadonlyMap<string, Uint8Array | undefined>): void {
  for (const [key, bytes] of entries) {
    if (bytes === undefined) into.delete(key);
    else into.set(key, bytes.slice());
  }
}

type MemoryOutbox = Pick<Store, "due" | "lease" | "sent" | "retry" | "dead" | "fold"> & {
  add(rows: Commit["outbox"]): void;
};

/** Alerts to remember; of more, the oldest that are done with are forgotten. */
const KEPT = 10_000;

const isOpen = ({ state }: Waiting): boolean => state === "pending" || state === "leased";

function dueRows(all: Iterable<Waiting>, now: number, limit: number): readonly OutboxRow[] {
  const rows: OutboxRow[] = [];
  const blocked = new Set<string>();
  for (const row of all) {
    if (!isOpen(row)) continue;
    const { alertId, target, body, findingId = alertId } = row.alert;
    const queue = JSON.stringify([target, findingId]);
    const isFirst = !blocked.has(queue);
    blocked.add(queue);
    if (isFirst && row.next <= now && rows.length < limit)
      rows.push({ alertId, target, findingId, body, attempts: row.attempts });
  }
  return rows;
}

function createMemoryOutbox(): MemoryOutbox {
  const waiting = new Map<string, Waiting>();
  const keyOf = (alertId: string, target: string): string => JSON.stringify([alertId, target]);
  const pending = (alertId: string, target: string): Waiting | undefined => {
    const found = waiting.get(keyOf(alertId, target));
    return found !== undefined && isOpen(found) ? found : undefined;
  };
  const add = (rows: readonly NewAlert[]): void => {
    for (const alert of rows) {
      const key = keyOf(alert.alertId, alert.target);
      if (!waiting.has(key)) waiting.set(key, { alert, state: "pending", attempts: 0, next: 0 });
    }
    for (const [key, row] of waiting) {
      if (waiting.size <= KEPT) return;
      if (!isOpen(row)) waiting.delete(key);
    }
  };
  const close = (alertId: string, target: string, state: "sent" | "dead"): void => {
    const found = pending(alertId, target);
    if (found === undefined) return;
    found.state = state;
    found.attempts += 1;
  };
  return {
    add,
    lease(alertId, target, until) {
      const found = pending(alertId, target);
      if (found === undefined) return;
      found.state = "leased";
      found.next = until;
    },
    fold(target, alertIds, digest) {
      add([digest]);
      for (const id of alertIds) {
        const found = pending(id, target);
        if (found !== undefined) found.state = "folded";
      }
    },
    due: (now, limit) => dueRows(waiting.values(), now, limit),
    sent: (alertId, target) => close(alertId, target, "sent"),
    dead: (alertId, target) => close(alertId, target, "dead"),
    retry(alertId, target, next) {
      const found = pending(alertId, target);
      if (found === undefined) return;
      found.state = "pending";
      found.attempts += 1;
      found.next = next;
    },
  };
}

const inner = <T>(outer: Map<string, Map<string, T>>, key: string): Map<string, T> =>
  entry(outer, key, () => new Map());

const copyOf = <T>(outer: ReadonlyMap<string, ReadonlyMap<string, T>>): ReadonlyMap<string, ReadonlyMap<string, T>> =>
  new Map([...outer].map(([key, values]) => [key, new Map(values)]));
