import { createPartitionLog, type PartitionLog } from "./event-hubs-log.ts";

export interface HubOptions {
  readonly partitions?: number;
  /** Now, without it. */
  readonly created?: Date;
  /** Beside `$Default`. */
  readonly consumerGroups?: readonly string[];
}

export interface Hub {
  readonly name: string;
  readonly created: Date;
  readonly partitions: readonly PartitionLog[];
  /** Lower case. */
  readonly groups: ReadonlySet<string>;
  /** Throws where there is none. */
  partition(id: string): PartitionLog;
  /** The same partition for the same key, one after another without a key. */
  route(key: string | undefined): PartitionLog;
  /** As scaling out does. */
  addPartition(): PartitionLog;
}

export function createHub(name: string, options: HubOptions = {}): Hub {
  const partitions = Array.from({ length: options.partitions ?? 2 }, (_, i) => createPartitionLog(String(i)));
  const groups = new Set(["$default", ...(options.consumerGroups ?? []).map((group) => group.toLowerCase())]);
  let turn = 0;
  const nth = (n: number): PartitionLog => {
    const partition = partitions[n % partitions.length];
    if (partition === undefined) throw new Error(`${name} has no partitions`);
    return partition;
  };
  return {
    name,
    created: options.created ?? new Date(),
    partitions,
    groups,
    partition(id) {
      const found = partitions.find((partition) => partition.id === id);
      if (found === undefined) throw new Error(`${name} has no partition ${id}`);
      return found;
    },
    route: (key) => nth(key === undefined ? turn++ : hash(key)),
    addPartition() {
      const added = createPartitionLog(String(partitions.length));
      partitions.push(added);
      return added;
    },
  };
}

/** FNV-1a: not the service's own hash, which is not published. */
function hash(key: string): number {
  let value = 0x811c9dc5;
  for (const char of key) value = Math.imul(value ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return value >>> 0;
}
