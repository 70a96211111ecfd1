/** A path that gives nothing, with what to do about it. */
export class PathError extends Error {
  override readonly name = "PathError";
}
