/** Gives the rows of a table's file as canonical lines. */
export type RowReader = (
  path: string,
  columns: readonly { readonly name: string; readonly type: string }[],
) => AsyncIterable<Uint8Array>;

export interface VerifyOptions {
  /** The Ed25519 public key that is trusted, in hexadecimal. */
  readonly key?: string | undefined;
  /** SHA-256 of a manifest that must be there. */
  readonly anchor?: string | undefined;
  /** By format; those of NDJSON and CSV where none is given. */
  readonly readers?: Readonly<Record<string, RowReader>>;
  /** Told what could not be checked. */
  readonly note?: (text: string) => void;
  /** Length and SHA-256 (hexadecimal) of a file; reads it without one. */
  readonly hashOf?: (path: string) => Promise<{ readonly bytes: number; readonly sha256: string }>;
}

export interface Verified {
  /** A sentence each, beginning with the file; empty where everything is as it was signed. */
  readonly faults: readonly string[];
  readonly exports: number;
  readonly keys: readonly (string | undefined)[];
  /** SHA-256 of the newest manifest. */
  readonly newest?: string | undefined;
}

/** Whether the Ed25519 signature (hexadecimal) of the bytes is of the public key (hexadecimal). */
export declare function isSigned(publicKey: string, bytes: Uint8Array, signature: string): boolean;
export declare const leafHash: (row: Uint8Array) => Buffer;
export declare function merkleTree(): { add(leaf: Buffer): void; count(): number; root(): Buffer };
export declare const READERS: Readonly<Record<string, RowReader>>;
/** Checks one export. */
export declare function verifyBundle(dir: string, options?: VerifyOptions): Promise<Pick<Verified, "faults">>;
/** Checks an export, or the exports of a folder. */
export declare function verifyExports(dir: string, options?: VerifyOptions): Promise<Verified>;
