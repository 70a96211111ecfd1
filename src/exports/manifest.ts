import { createHash } from "node:crypto";
import type { EvidenceTable } from "../model/evidence.ts";
import type { SigningKey } from "./signing-key.ts";
import type { FileEntry } from "./table-file.ts";

/** What was asked for; null where it was not narrowed. Instants are ISO 8601, `to` is not included. */
export interface Scope {
  readonly from: string | null;
  readonly to: string | null;
  readonly principal: string | null;
  readonly container: string | null;
  readonly finding: string | null;
}

/** What one partition of a source gave. */
export interface SourcePosition {
  readonly partition: string;
  /** Bytes as delivered, before decompression. */
  readonly bytes: number;
  readonly records: number;
  readonly rejected: number;
  /** Where a later read would go on: opaque to all but the source. */
  readonly position: string;
}

/** Records = accepted + duplicate + filtered + rejected. */
export interface Conservation {
  readonly records: number;
  readonly accepted: number;
  readonly duplicate: number;
  readonly filtered: number;
  readonly rejected: number;
}

/** Calls that the gateway sent to Cosmos DB against what Cosmos DB logged; by hour in hours.csv. */
export interface Reconciliation {
  readonly cosmosCalls: number;
  readonly joined: number;
  readonly notLogged: number;
  readonly operationsWithoutCall: number;
}

/** Rows of one table that a digest vouches for, without having them. */
export interface DigestRows {
  readonly name: EvidenceTable;
  readonly rows: number;
  /** Root of the Merkle tree whose leaves are the rows as canonical lines, in the order of their closing, redacted. */
  readonly merkleRoot: string;
}

/** Where a schedule goes on behind this entry: what is before has its entry, once. */
export interface Schedule {
  readonly name: string;
  /** Begin of the first hour without a digest, and of the first day without an export; ISO 8601. */
  readonly nextHour: string;
  readonly nextDay: string;
  /** Calls closed before this place are in an export of the schedule, where their day has one. */
  readonly closed: number;
}

/** What an export tells of itself, apart from its files, its place in the chain and its signer. */
export interface Statement {
  /** A digest has no files: it says what of an hour is known, so that an hour without one is a gap. */
  readonly kind: "export" | "digest";
  /** Null for an export by hand. */
  readonly schedule: Schedule | null;
  /** Of a digest; none of an export, whose files tell. */
  readonly digests: readonly DigestRows[];
  readonly createdAt: string;
  readonly tool: { readonly name: string; readonly version: string };
  /** The command that made it. */
  readonly command: string;
  readonly scope: Scope;
  readonly evidenceSchema: string;
  readonly redaction: { readonly profile: Readonly<Record<string, string>>; readonly keyId: string | null };
  readonly sources: readonly SourcePosition[];
  /** Null where the export is of kept calls, and their ledger could not be read. */
  readonly conservation: Conservation | null;
  readonly calls: Readonly<Record<string, number>>;
  readonly reconciliation: Reconciliation;
  /** What is known to be missing, a sentence each. */
  readonly gaps: readonly string[];
}

/** The manifest before this one. */
export interface Previous {
  readonly sequence: number;
  readonly sha256: string;
  readonly publicKey: string;
}

/** A key that follows another one is signed by it. */
export interface Rotation {
  readonly previousPublicKey: string;
  /** The old key's, of `rotationText`. */
  readonly signature: string;
}

export interface Manifest extends Statement {
  readonly schema: "scopetrail.bundle/1";
  /** Place in the chain, from 1. */
  readonly sequence: number;
  readonly previous: { readonly sequence: number; readonly sha256: string } | null;
  readonly files: readonly FileEntry[];
  readonly signer: { readonly algorithm: "Ed25519"; readonly publicKey: string };
  readonly rotation: Rotation | null;
}

/** What an old key signs when a new one takes over. */
export const rotationText = (newPublicKey: string, sequence: number): string =>
  `scopetrail.rotation/1\n${newPublicKey}\n${sequence}\n`;

/** A manifest's bytes, what signs them, and the hash that the next one in the chain names. */
export interface SignedManifest {
  readonly text: string;
  /** A line: the signature in hexadecimal. */
  readonly signature: string;
  readonly sha256: string;
}

export function signManifest(manifest: Manifest, key: SigningKey): SignedManifest {
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  const bytes = Buffer.from(text);
  return {
    text,
    signature: `${key.sign(bytes)}\n`,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  };
}
