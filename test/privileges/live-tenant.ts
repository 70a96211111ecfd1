import { accept } from "../../src/accept.ts";
import { type Analysis, createAnalysis } from "../../src/analysis.ts";
import type { Finding } from "../../src/model/finding.ts";
import { step } from "../../src/pipeline.ts";
import type { Batch } from "../../src/sources/source.ts";
import { filesOf, type TenantSpec } from "./tenant.ts";

export const newAnalysis = (): Analysis => createAnalysis({ lateness: 1_000, seed: 1 });
let sequence = 0;

export function batchOf(values: readonly object[], more: Partial<Batch> = {}): Batch {
  sequence += 1;
  const records = values.map((value, index) => ({
    value: value as Readonly<Record<string, unknown>>,
    position: { source: "hub", partition: "0", sequence, index },
    repairs: [],
  }));
  return { partition: "0", records, rejects: [], bytes: 1, checkpoint: String(sequence), caughtUp: true, ...more };
}

/** Records of operations, in their order. */
export const logOf = (operations: TenantSpec["operations"]): readonly object[] =>
  (filesOf({ about: "", operations }).get("operations.ndjson") ?? "")
    .split("\n")
    .map((line) => JSON.parse(line) as { readonly time: string })
    .toSorted((a, b) => (a.time < b.time ? -1 : 1));

/** All roles of the account as they are at a time. */
export function listing(spec: Pick<TenantSpec, "assignments" | "definitions">, at: string): Batch {
  const files = filesOf({ about: "", operations: [], ...spec });
  const { value = [] } = JSON.parse(files.get("definitions.json") ?? "{}") as { readonly value?: readonly object[] };
  const assignments = JSON.parse(files.get("assignments.json") ?? "[]") as readonly object[];
  return batchOf([...value, ...assignments], {
    partition: "roles",
    lists: { account: "cosmos-shop", accountId: "", of: "data-plane" },
    enqueued: Date.parse(at) as Batch["enqueued"] & number,
  });
}

export const feed = (analysis: Analysis, batch: Batch): readonly Finding[] => step(analysis, accept(analysis, batch));
