import type { CheckpointStore } from "@azure/event-hubs";
import type { ContainerClient } from "@azure/storage-blob";
import type { TrailHealth } from "../model/trail-health.ts";
import { type ClientSettings, addressOf } from "./event-hubs-connection.ts";
import { parseHubCheckpoint } from "./event-hubs-position.ts";
import { SourceError } from "./source-error.ts";

/** Where a partition was committed up to, as a blob has it. */
export interface BlobCheckpoint {
  readonly sequence: number;
  readonly offset: string;
}

export interface TrailOptions {
  readonly settings: Pick<ClientSettings, "source" | "connection" | "consumerGroup">;
  readonly container: () => Promise<ContainerClient>;
  /** Between two attempts at what could not be written; until then newer commits are waited for. */
  readonly retryMs?: number;
  /** Told once for each series of failures. */
  readonly onTrouble?: ((error: SourceError) => void) | undefined;
}

/** All that is in the blobs of a hub, by partition, and when the newest of them was written, ms since 1970. */
export interface Trailed {
  readonly found: ReadonlyMap<string, BlobCheckpoint>;
  readonly writtenAt: number;
}

const RETRY_MS = 10_000;

/**
 * Checkpoints of one hub in blobs, in the layout of Azure's own clients: for other tools to see how far the reading is, and
 * for a machine without a state to begin there. They trail what was committed and never lead it: the state's own positions
 * are what reading goes on from.
 */
export class Trail {
  readonly #options: TrailOptions;
  readonly #of: Of;
  /** By partition, the newest commit that is not in its blob yet. */
  readonly #due = new Map<string, string>();
  #written = 0;
  #failed = 0;
  #isDown = false;
  #writing: Promise<void> | undefined;
  #waitUntil = 0;
  #store: Promise<CheckpointStore> | undefined;

  constructor(options: TrailOptions) {
    const { connection, consumerGroup } = options.settings;
    const address = addressOf(connection);
    this.#options = options;
    this.#of = {
      fullyQualifiedNamespace: address.ok ? address.value.host : "",
      eventHubName: address.ok ? address.value.hub : "",
      consumerGroup,
    };
  }

  /** Where partitions were committed up to; written as soon as may be, only the newest of each. Never waits, never fails. */
  follow(positions: ReadonlyMap<string, string>): void {
    for (const [partition, checkpoint] of positions) this.#due.set(partition, checkpoint);
    if (performance.now() < this.#waitUntil) return;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Throws `SourceError`. */
  async load(signal: AbortSignal): Promise<Trailed> {
    const { container, settings } = this.#options;
    try {
      const store = await this.#opened();
      const checkpoints = await store.listCheckpoints(...placeOf(this.#of), { abortSignal: signal });
      const found = new Map(
        checkpoints.map(({ partitionId, sequenceNumber: sequence, offset }) => [partitionId, { sequence, offset }]),
      );
      return { found, writtenAt: await newestBlob(await container(), this.#of, signal) };
    } catch (error) {
      throw troubleOf(settings.source, error);
    }
  }

  /** Nothing is left to be written, or cannot be now. */
  async quiet(): Promise<void> {
    await this.#writing;
    await this.#write();
  }

  health(): TrailHealth {
    return { written: this.#written, failed: this.#failed, behind: this.#due.size };
  }

  #opened(): Promise<CheckpointStore> {
    return (this.#store ??= openStore(this.#options.container));
  }

  async #write(): Promise<void> {
    for (const [partitionId, text] of this.#due) {
      this.#due.delete(partitionId);
      const at = parseHubCheckpoint(text);
      if (at === undefined || at.sequence < 0) continue;
      const { sequence: sequenceNumber, offset } = at;
      try {
        const store = await this.#opened();
        await store.updateCheckpoint({ ...this.#of, partitionId, sequenceNumber, offset });
        this.#written += 1;
        this.#isDown = false;
      } catch (error) {
        if (!this.#due.has(partitionId)) this.#due.set(partitionId, text);
        this.#failedWith(error);
        return;
      }
    }
  }

  #failedWith(error: unknown): void {
    const { settings, retryMs = RETRY_MS, onTrouble } = this.#options;
    this.#failed += 1;
    this.#waitUntil = performance.now() + retryMs;
    this.#store = undefined;
    if (!this.#isDown) onTrouble?.(troubleOf(settings.source, error));
    this.#isDown = true;
  }
}

interface Of {
  readonly fullyQualifiedNamespace: string;
  readonly eventHubName: string;
  readonly consumerGroup: string;
}

const placeOf = ({ fullyQualifiedNamespace, eventHubName, consumerGroup }: Of): [string, string, string] => [
  fullyQualifiedNamespace,
  eventHubName,
  consumerGroup,
];

/** The library is loaded when it is needed: it is large. */
async function openStore(container: () => Promise<ContainerClient>): Promise<CheckpointStore> {
  const { BlobCheckpointStore } = await import("@azure/eventhubs-checkpointstore-blob");
  return new BlobCheckpointStore(await container());
}

/** When the newest of a hub's checkpoints was written, ms since 1970; 0 where there is none. The published store does not tell. */
async function newestBlob(container: ContainerClient, of: Of, signal: AbortSignal): Promise<number> {
  const prefix = `${placeOf(of).join("/").toLowerCase()}/checkpoint/`;
  let newest = 0;
  for await (const { properties } of container.listBlobsFlat({ prefix, abortSignal: signal }))
    newest = Math.max(newest, properties.lastModified.getTime());
  return newest;
}

/** The client's own message may quote a signature: only its code goes further. */
function troubleOf(source: string, error: unknown): SourceError {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
  const status = error instanceof Error && "statusCode" in error ? Number(error.statusCode) : undefined;
  const says = `its checkpoints cannot be kept in blobs (${code ?? status ?? "no answer"}); the state file has them. The container must be there, and the identity needs Storage Blob Data Contributor on it.`;
  const isRefused = status === 401 || status === 403 || status === 404;
  return new SourceError(source, isRefused ? "refused" : "unreachable", says, error);
}
