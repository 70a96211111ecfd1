import { restoreBackup } from "../store/sqlite-backup.ts";
import { type Salvaged, salvage } from "../store/sqlite-salvage.ts";
import { openSqliteStore, type SqliteStoreOptions } from "../store/sqlite-store.ts";
import type { Saved, Store } from "../store/store.ts";
import { StoreError } from "../store/store-error.ts";
import type { Logger } from "../telemetry/log.ts";

const BACKUP_MS = 3_600_000;

interface OpenOptions extends SqliteStoreOptions {
  /** Of a damaged state without a copy, what can be read is gone on from. */
  readonly salvages?: boolean;
}

/**
 * The state, checked before it is used; a damaged one is brought back from its newest copy, and what came since is read again from the
 * sources. Never begins empty in the place of a damaged one: without a copy it throws `StoreError`, unless what can be read of it will do.
 */
export function openState(path: string, log: Logger, { salvages = false, ...options }: OpenOptions = {}): Store {
  try {
    return opened(path, options);
  } catch (error) {
    if (!(error instanceof StoreError && error.kind === "corrupt")) throw error;
    const restored = restoreBackup(path, Date.now());
    if (restored === undefined) {
      if (!salvages) throw error;
      tellSalvaged(path, salvage(path, Date.now()), log);
      return opened(path, options);
    }
    const copied = new Date(restored.copied).toISOString();
    log.error(
      { damaged: restored.damaged },
      `${path} was damaged: the copy of ${copied} took its place, and what came since is read again from the sources`,
    );
    return opened(path, options);
  }
}

function tellSalvaged(path: string, { tables, goesOn, damaged }: Salvaged, log: Logger): void {
  for (const { table, kept, lost, isWhole } of tables)
    if (!isWhole || lost > 0) log.error({ table, kept, lost }, "of a damaged state, some rows are lost");
  const how = goesOn
    ? "the analysis goes on where it was"
    : "what is usual is learned anew, counts begin anew, open findings ended, and kept calls were set aside";
  log.error({ damaged }, `${path} was damaged: what could be read of it took its place, and ${how}`);
}

/** Reads all of it once, so that what is damaged shows now; what was read is what is loaded first. */
function opened(path: string, options: SqliteStoreOptions): Store {
  const store = openSqliteStore(path, options);
  try {
    let saved: Saved | undefined = store.load();
    store.ledger();
    store.findings();
    return {
      ...store,
      load() {
        const first = saved ?? store.load();
        saved = undefined;
        return first;
      },
      commit(commit) {
        saved = undefined;
        store.commit(commit);
      },
    };
  } catch (error) {
    store.close();
    throw error;
  }
}

/** Copies the state each hour until the result is called. */
export function keepBackups(store: Store, log: Logger, everyMs = BACKUP_MS): () => void {
  let running = false;
  const timer = setInterval(() => {
    if (running) return;
    running = true;
    store
      .backUp()
      .catch((error: unknown) => log.warn({ err: error }, "the state could not be copied"))
      .finally(() => {
        running = false;
      });
  }, everyMs);
  return () => clearInterval(timer);
}
