import type { SourcePosition } from "../exports/manifest.ts";
import type { Batch } from "../sources/source.ts";

/** What each partition gave, as far as it was read. */
export class SourcePositions {
  readonly #partitions = new Map<string, SourcePosition>();

  read(batch: Batch): void {
    const { partition, bytes, checkpoint, records, rejects, scans = [] } = batch;
    const known = this.#partitions.get(partition);
    const scanned = scans.reduce((sum, { count }) => sum + count, 0);
    this.#partitions.set(partition, {
      partition,
      bytes: (known?.bytes ?? 0) + bytes,
      records: (known?.records ?? 0) + records.length + rejects.length + scanned,
      rejected: (known?.rejected ?? 0) + rejects.length,
      position: checkpoint,
    });
  }

  list(): readonly SourcePosition[] {
    return [...this.#partitions.values()];
  }
}
