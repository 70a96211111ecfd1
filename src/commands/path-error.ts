import type { PathProblem } from "../sources/file-list.ts";

/** A path that gives nothing, with what to do about it. */
export class PathError extends Error {
  override readonly name = "PathError";
}

export const problemText = ({ path, says, fix }: PathProblem): string => `${path}: ${says}. ${fix}`;

/** Throws PathError where a path gives nothing; it names all of them, a line each. */
export function refuseMissing(problems: readonly PathProblem[]): void {
  if (problems.length > 0) throw new PathError(problems.map(problemText).join("\n"));
}
