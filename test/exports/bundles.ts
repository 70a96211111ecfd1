import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Bundle, type Written } from "../../src/exports/bundle.ts";
import { newestBundle, rotationOf } from "../../src/exports/chain.ts";
import type { Statement } from "../../src/exports/manifest.ts";
import { newSigningPem, parseSigningPem, type SigningKey } from "../../src/exports/signing-key.ts";
import type { TableFormat } from "../../src/exports/table-format.ts";
import type { Result } from "../../src/lib/result.ts";
import { EVIDENCE_SCHEMA } from "../../src/model/evidence.ts";
import { at, claims, gatewayRequest, operation } from "../builders.ts";
import { evidenceOf } from "./evidence-rows.ts";

export function value<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(String(result.error));
  return result.value;
}

export const newKey = (): SigningKey => value(parseSigningPem(newSigningPem()));

export const statement: Statement = {
  kind: "export",
  schedule: null,
  digests: [],
  createdAt: "2026-11-25T12:00:00.000Z",
  tool: { name: "scopetrail", version: "0.0.0" },
  command: "scopetrail export",
  scope: { from: null, to: null, principal: null, container: null, finding: null },
  evidenceSchema: EVIDENCE_SCHEMA,
  redaction: { profile: {}, keyId: null },
  sources: [],
  conservation: { records: 9, accepted: 6, duplicate: 1, filtered: 1, rejected: 1 },
  calls: { seen: 6, exported: 6 },
  reconciliation: { cosmosCalls: 0, joined: 0, notLogged: 0, operationsWithoutCall: 0 },
  gaps: [],
};

/** Calls of this many seconds, an operation each; rows of the same number are the same. */
export const evidence = (count: number) =>
  Array.from({ length: count }, (_, i) => {
    const id = `00000000-0000-4000-8000-${String(i + 1).padStart(12, "0")}`;
    return evidenceOf(gatewayRequest({ correlationId: id, time: at(i), claims: claims(), totalMs: i + 0.5 }), [
      operation({ activityId: id, time: at(i), requestCharge: 2.5 }),
    ]);
  });

export interface BundleSpec {
  readonly key: SigningKey;
  readonly old?: SigningKey;
  readonly format?: TableFormat;
  readonly calls?: number;
}

/** Adds a bundle to the chain in a folder. */
export function addBundle(folder: string, { key, old, format = "ndjson", calls = 6 }: BundleSpec): Written {
  mkdirSync(folder, { recursive: true });
  const previous = value(newestBundle(folder));
  const rotation = value(rotationOf(key, previous, old));
  const bundle = new Bundle({ folder, format, key, previous, rotation });
  for (const one of evidence(calls)) bundle.add(one);
  bundle.tables();
  bundle.document("README.txt", "What this is.\n");
  bundle.document("findings.json", "[]\n");
  return bundle.close(statement);
}

export const inBundle = (folder: string, sequence: number, name: string): string =>
  join(folder, `export-${String(sequence).padStart(6, "0")}`, name);
