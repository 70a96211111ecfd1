/**
 * refused: Azure said no (sign-in, rights, no such hub) · unreachable: no answer · stolen: another reader took over ·
 * config: what we were told cannot work (also a checkpoint that does not fit the hub).
 */
export type SourceErrorKind = "refused" | "unreachable" | "stolen" | "config";

/** Why a source cannot go on, in a sentence with the way out; carries no secret. */
export class SourceError extends Error {
  override readonly name = "SourceError";
  readonly kind: SourceErrorKind;
  readonly source: string;
  constructor(source: string, kind: SourceErrorKind, says: string, cause?: unknown) {
    super(`${source}: ${says}`, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.source = source;
  }
}
