import type { Accepted } from "./accept.ts";
import { entry } from "./lib/entry.ts";
import { redact } from "./lib/redact.ts";
import type { Finding } from "./model/finding.ts";
import type { RawRecord, Reject } from "./model/record.ts";
import type { Batch } from "./sources/source.ts";
import { addLedgerRows, type LedgerRow, type NewReject, type RejectsOfCommit } from "./store/store.ts";

/** Events and batches of one commit; batches count too, as those that hold no event are journaled as well. */
const MOST = { events: 32_768, batches: 4_000 };
/** Rejects of one commit that are kept; all are counted. */
const MOST_REJECTS = 1_000;
/** Characters of a record that is kept to be tried again. */
const MOST_RAW = 65_536;

/** Gathers what the next commit makes durable. */
export class PendingCommit {
  /** Source name → partition → checkpoint. */
  readonly positions = new Map<string, Map<string, string>>();
  readonly kept = new Map<string, Map<string, Uint8Array | undefined>>();
  readonly ledger = new Map<string, Map<string, LedgerRow>>();
  /** Input of the analysis, in order. */
  readonly journal: Accepted[] = [];
  readonly findings = new Map<string, Finding>();
  /** How often a finding about refusals was explained; of what a replay does again, this takes longest. */
  changes = 0;
  readonly #rejects: NewReject[] = [];
  readonly #rejectCounts = new Map<string, RejectsOfCommit["counts"][number]>();
  readonly #retried: number[] = [];
  #events = 0;

  /** No more is to be read before this is committed. */
  get isFull(): boolean {
    return this.#events >= MOST.events || this.journal.length >= MOST.batches;
  }

  /** A batch of a source was read and its input followed. */
  read(
    source: string,
    { partition, checkpoint, kept, retried }: Pick<Batch, "partition" | "checkpoint" | "kept" | "retried">,
    input: Accepted,
  ): void {
    this.journal.push(input);
    this.#events += input.events.count;
    nested(this.positions, source).set(partition, checkpoint);
    for (const [key, bytes] of kept ?? []) nested(this.kept, source).set(key, bytes);
    for (const id of retried ?? []) this.#retried.push(id);
    const rows = nested(this.ledger, source);
    rows.set(partition, addLedgerRows(rows.get(partition) ?? NOTHING, input.tally));
  }

  get rejects(): RejectsOfCommit {
    return { rows: this.#rejects, counts: [...this.#rejectCounts.values()], retried: this.#retried };
  }

  /** A record that could not be read; `record` is what it was parsed to, where it was. */
  reject({ stage, reason, position, detail, sample }: Reject, record: RawRecord | undefined): void {
    const { source, partition, sequence, index } = position;
    const key = JSON.stringify([source, partition, stage, reason]);
    const count = (this.#rejectCounts.get(key)?.count ?? 0) + 1;
    this.#rejectCounts.set(key, { source, partition, stage, reason, count });
    if (this.#rejects.length >= MOST_REJECTS) return;
    const raw = record === undefined ? "" : redact(JSON.stringify(record.value).slice(0, MOST_RAW + 1));
    const isWhole = raw !== "" && raw.length <= MOST_RAW;
    const row = { source, partition, sequence, place: index, stage, reason, detail, sample };
    this.#rejects.push(isWhole ? { ...row, raw } : row);
  }

  /** Findings that are new or changed. */
  change(findings: readonly Finding[]): void {
    this.changes += findings.filter(({ kind }) => kind === "intermittent-refusal").length;
    for (const finding of findings) this.findings.set(finding.id, finding);
  }
}

const NOTHING: LedgerRow = { records: 0, accepted: 0, duplicate: 0, filtered: 0, rejected: 0, bytes: 0 };

const nested = <K, V>(maps: Map<string, Map<K, V>>, name: string): Map<K, V> => entry(maps, name, () => new Map());
