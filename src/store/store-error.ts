/**
 * in-use: another process has the file · full: no room left, tried again later it may work · broken: the disk failed, nothing
 * more is written · corrupt: what is in the file cannot be trusted · mismatch: the file is another hub's, a newer version's or
 * not ours · unfit: the place or this build of SQLite cannot keep the promises.
 */
export type StoreErrorKind = "in-use" | "full" | "broken" | "corrupt" | "mismatch" | "unfit";

/** Why state cannot be kept, in a sentence that names the file and the way out. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly kind: StoreErrorKind;
  readonly path: string;
  constructor(path: string, kind: StoreErrorKind, says: string, cause?: unknown) {
    super(`${path}: ${says}`, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.path = path;
  }
}
