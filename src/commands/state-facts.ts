import { existsSync } from "node:fs";
import type { SourcePosition } from "../exports/manifest.ts";
import type { Finding } from "../model/finding.ts";
import type { PrincipalRow } from "../privileges/rows.ts";
import { openSqliteStore } from "../store/sqlite-store.ts";
import type { LedgerRow, Store } from "../store/store.ts";
import { StoreError } from "../store/store-error.ts";
import { askControl } from "./control.ts";

/** What one partition of a source gave, with what became of it. */
export type LedgerPosition = SourcePosition & LedgerRow;

/** What a state knows beside the calls. Plain data. */
export interface StateFacts {
  readonly findings: readonly Finding[];
  /** Undefined where it could not be read. */
  readonly ledger: readonly LedgerPosition[] | undefined;
  /** Who holds what; undefined where nobody judged it. */
  readonly principals: readonly PrincipalRow[] | undefined;
  /** Kept calls that a commit vouches for; undefined where only their folder tells. */
  readonly closed: number | undefined;
  /** What is missing of all this, a sentence each. */
  readonly says: readonly string[];
}

/** Of a store that this process has open. */
export function factsOf(
  store: Pick<Store, "findings" | "ledger" | "positions">,
  more: Pick<StateFacts, "principals" | "closed">,
): StateFacts {
  const positions = store.positions();
  const ledger = [...store.ledger()].flatMap(([source, partitions]) =>
    [...partitions].map(
      ([partition, row]): LedgerPosition =>
        Object.assign(
          { partition: `${source}/${partition}`, position: positions.get(source)?.get(partition) ?? "" },
          row,
        ),
    ),
  );
  return { findings: store.findings(), ledger, says: [], ...more };
}

const NOTHING = { findings: [], ledger: undefined, principals: undefined, closed: undefined };

/** Of a state file: opened, or asked of the `serve` that has it. */
export async function readFacts(state: string): Promise<StateFacts> {
  if (!existsSync(state)) return { ...NOTHING, says: [`${state} is not there: no findings, no ledger.`] };
  try {
    const store = openSqliteStore(state, { busyMs: 0 });
    try {
      return factsOf(store, { principals: undefined, closed: undefined });
    } finally {
      store.close();
    }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const facts = error.kind === "in-use" ? await askFacts(state) : undefined;
    return facts ?? { ...NOTHING, says: [`The findings and the ledger are not part of this export: ${error.message}`] };
  }
}

/** Undefined where nobody answers. */
async function askFacts(state: string): Promise<StateFacts | undefined> {
  let facts: StateFacts | undefined;
  const end = await askControl(state, { do: "facts" }, (value) => {
    // Written by the same program on the same machine, and plain data.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    facts = value as StateFacts;
  });
  return end?.kind === "done" ? facts : undefined;
}
