import type { Finding } from "../../src/model/finding.ts";
import { type EpochMs, epochMs, instantFromMs, instantFromTicks } from "../../src/model/time.ts";
import type { Commit, LedgerRow, Store } from "../../src/store/store.ts";

/** A commit of nothing but what is given. */
export const commitOf = (parts: Partial<Commit> = {}): Commit => ({
  positions: new Map(),
  kept: new Map(),
  rejects: { rows: [], counts: [], retried: [] },
  ledger: new Map(),
  journal: new Uint8Array(0),
  findings: [],
  outbox: [],
  ...parts,
});

/** A snapshot in two parts, and a commit that turns to it. */
export function commitSnapshot(
  store: Pick<Store, "stage" | "commit">,
  snapshot: Uint8Array,
  parts: Partial<Commit> = {},
): void {
  const half = snapshot.length >> 1;
  store.stage(snapshot.subarray(0, half), true);
  store.stage(snapshot.subarray(half), false);
  store.commit(commitOf({ ...parts, turns: true }));
}

export const ledgerRow = (accepted: number, others: Partial<LedgerRow> = {}): LedgerRow => {
  const row = { accepted, duplicate: 0, filtered: 0, rejected: 0, bytes: 10 * accepted, ...others };
  return { records: row.accepted + row.duplicate + row.filtered + row.rejected, ...row };
};

export const epoch = (ms: number): EpochMs => epochMs(instantFromMs(ms));

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value);

/** A finding with every field in use, hostile text among them. */
export const findingOf = (id: string, parts: Partial<Finding> = {}): Finding => ({
  id,
  kind: "intermittent-refusal",
  severity: "high",
  status: "open",
  title: 'Half of "orders" is refused \u0000 </script>',
  subject: { principal: "__proto__", principalKind: "service-principal", api: "orders", container: "constructor" },
  onset: instantFromTicks(2_176_000_000_000_001),
  end: null,
  detectedAt: instantFromTicks(2_176_000_000_000_777),
  counts: { calls: 200, refused: 98, status: { "401": 0, "403": 98 }, usualRate: 0.0002 },
  layer: "cosmos",
  splits: [
    {
      where: { region: "West Europe", appId: "a" },
      refusedInside: 0.98,
      refusedOutside: 0,
      calls: 200,
      refused: 98,
      interval: [0.97, 0.99],
      pAdjusted: 1e-40,
    },
  ],
  cause: {
    id: "backend-grants-differ",
    confidence: 0.93,
    evidence: [{ says: "one region is refused", fields: { region: "West Europe", calls: 3 } }],
    rejected: [{ id: "caller-token-expired", because: "tokens were fresh" }],
    missing: [{ field: "x-ms-substatus", fix: "log it" }],
  },
  fix: { says: "Grant it.", commands: ["az cosmosdb …"] },
  privilege: null,
  samples: { refused: ["one"], succeeded: ["two", "three"] },
  ...parts,
});
