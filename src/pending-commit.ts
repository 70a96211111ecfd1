import type { Finding } from "./model/finding.ts";
import type { Batch } from "./sources/source.ts";
import type { LedgerRow } from "./store/store.ts";

/** Events and batches of one commit; batches count too, as those that hold no event are journaled as well. */
const MOST = { events: 100_000, batches: 4_000 };

/** Gathers what the next commit makes durable. */
export class PendingCommit {
  /** Source name → partition → checkpoint. */
  readonly positions = new Map<string, Map<string, string>>();
  readonly kept = new Map<string, Map<string, Uint8Array | undefined>>();
  readonly ledger = new Map<string, Map<string, LedgerRow>>();
  /** Input of the analysis, in order. */
  readonly journal: unknown[] = [];
  readonly findings = new Map<string, Finding>();
  /** How often a finding about refusals was explained; of what a replay does again, this takes longest. */
  changes = 0;
  #events = 0;

  /** No more is to be read before this is committed. */
  get isFull(): boolean {
    return this.#events >= MOST.events || this.journal.length >= MOST.batches;
  }

  /** A batch of a source was read and its input followed. */
  read(
    source: string,
    { partition, checkpoint, kept }: Pick<Batch, "partition" | "checkpoint" | "kept">,
    input: { readonly events: { readonly count: number }; readonly tally: LedgerRow },
  ): void {
    this.journal.push(input);
    this.#events += input.events.count;
    nested(this.positions, source).set(partition, checkpoint);
    for (const [key, bytes] of kept ?? []) nested(this.kept, source).set(key, bytes);
    const rows = nested(this.ledger, source);
    rows.set(partition, addRow(rows.get(partition) ?? NOTHING, input.tally));
  }

  /** Findings that are new or changed. */
  change(findings: readonly Finding[]): void {
    this.changes += findings.filter(({ privilege }) => privilege === null).length;
    for (const finding of findings) this.findings.set(finding.id, finding);
  }
}

const NOTHING: LedgerRow = { records: 0, accepted: 0, duplicate: 0, filtered: 0, rejected: 0, bytes: 0 };

const addRow = (a: LedgerRow, b: LedgerRow): LedgerRow => ({
  records: a.records + b.records,
  accepted: a.accepted + b.accepted,
  duplicate: a.duplicate + b.duplicate,
  filtered: a.filtered + b.filtered,
  rejected: a.rejected + b.rejected,
  bytes: a.bytes + b.bytes,
});

function nested<K, V>(maps: Map<string, Map<K, V>>, name: string): Map<K, V> {
  const known = maps.get(name) ?? new Map<K, V>();
  maps.set(name, known);
  return known;
}
