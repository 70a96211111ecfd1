import type { LedgerRow } from "./store.ts";

/** `records = accepted + duplicate + filtered + rejected`, and no count below zero or with a fraction. */
export function isConserved(row: LedgerRow): boolean {
  const counts = [row.records, row.accepted, row.duplicate, row.filtered, row.rejected, row.bytes];
  const areCounts = counts.every((count) => Number.isSafeInteger(count) && count >= 0);
  return areCounts && row.records === row.accepted + row.duplicate + row.filtered + row.rejected;
}

/** Throws where a commit's counts do not add up: a record was lost or counted twice on the way. */
export function assertConserved(ledger: ReadonlyMap<string, ReadonlyMap<string, LedgerRow>>): void {
  for (const [source, partitions] of ledger) {
    for (const [partition, row] of partitions) {
      if (isConserved(row)) continue;
      throw new Error(`ledger of ${source}/${partition} does not add up: ${JSON.stringify(row)}`);
    }
  }
}
