import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { makeFolder, syncFolder } from "../folder.ts";
import type { CallEvidence } from "../model/evidence.ts";
import { bundleName } from "./chain.ts";
import { HashedFile } from "./hashed-file.ts";
import {
  type Manifest,
  type Previous,
  type Rotation,
  type SignedManifest,
  signManifest,
  type Statement,
} from "./manifest.ts";
import type { SigningKey } from "./signing-key.ts";
import { type FileEntry, TableFile } from "./table-file.ts";
import type { TableFormat } from "./table-format.ts";

export interface BundleOptions {
  /** Folder of the chain; the bundle is a folder in it. */
  readonly folder: string;
  readonly format: TableFormat;
  readonly previous: Previous | undefined;
  readonly key: SigningKey;
  readonly rotation: Rotation | null;
  /** Whose it is until it is whole; what is left of one by the same name was never whole, and is removed. */
  readonly owner?: string | undefined;
  /** A digest has no tables. */
  readonly hasTables?: boolean | undefined;
}

/** A bundle as it was written. */
export interface Written {
  readonly path: string;
  readonly manifest: Manifest;
  readonly sha256: string;
}

/**
 * Writes one bundle of a chain, under a name of its own until it is whole. Rows go to disk as they come; what is kept in
 * memory does not grow with them.
 */
export class Bundle {
  readonly #options: BundleOptions;
  readonly #sequence: number;
  readonly #part: string;
  readonly #calls: TableFile | undefined;
  readonly #operations: TableFile | undefined;
  readonly #documents: FileEntry[] = [];

  /** Throws where another process writes the same bundle. */
  constructor(options: BundleOptions) {
    this.#options = options;
    this.#sequence = (options.previous?.sequence ?? 0) + 1;
    const { owner } = options;
    const whose = owner === undefined ? "" : `.${owner}`;
    this.#part = join(options.folder, `.${bundleName(this.#sequence)}${whose}.part`);
    makeFolder(options.folder);
    if (owner !== undefined) this.discard();
    mkdirSync(this.#part, { mode: 0o700 });
    if (options.hasTables === false) return;
    this.#calls = new TableFile(this.#part, "calls", options.format);
    this.#operations = new TableFile(this.#part, "operations", options.format);
  }

  /** Its place in the chain. */
  get place(): Pick<Manifest, "sequence" | "previous"> {
    const { previous } = this.#options;
    return {
      sequence: this.#sequence,
      previous: previous === undefined ? null : { sequence: previous.sequence, sha256: previous.sha256 },
    };
  }

  get calls(): number {
    return this.#calls?.rows ?? 0;
  }

  add({ call, operations }: Pick<CallEvidence, "call" | "operations">): void {
    this.#calls?.add(call);
    for (const operation of operations) this.#operations?.add(operation);
  }

  /** A file beside the tables; its name is ours, never of the data. */
  document(name: string, text: string): void {
    const file = new HashedFile(join(this.#part, name));
    file.writeText(text);
    this.#documents.push({ name, ...file.close() });
  }

  /** Closes the tables; their counts and hashes, for documents that tell of them. */
  tables(): readonly FileEntry[] {
    const entries = [...(this.#calls?.close() ?? []), ...(this.#operations?.close() ?? [])];
    this.#documents.unshift(...entries);
    return entries;
  }

  /** Signs and names the bundle; `tables` came before. */
  close(statement: Statement): Written {
    const { key, rotation, folder } = this.#options;
    const manifest: Manifest = {
      schema: "scopetrail.bundle/1",
      ...this.place,
      ...statement,
      files: this.#documents,
      signer: { algorithm: "Ed25519", publicKey: key.publicKey },
      rotation,
    };
    const signed: SignedManifest = signManifest(manifest, key);
    this.#put("manifest.json", signed.text);
    this.#put("manifest.sig", signed.signature);
    const path = join(folder, bundleName(this.#sequence));
    syncFolder(this.#part);
    renameSync(this.#part, path);
    syncFolder(folder);
    return { path, manifest, sha256: signed.sha256 };
  }

  /** Nothing of an export that failed stays. */
  discard(): void {
    rmSync(this.#part, { recursive: true, force: true });
  }

  #put(name: string, text: string): void {
    const file = new HashedFile(join(this.#part, name));
    file.writeText(text);
    file.close();
  }
}
