import { ok, type Result } from "../lib/result.ts";
import type { PrivilegeException } from "../privileges/exceptions.ts";

/** The grants that somebody answers for, of a file of them; none without one. What reads the file is loaded where there is one. */
export async function exceptionsOf(
  file: string | undefined,
): Promise<Result<readonly PrivilegeException[], readonly string[]>> {
  if (file === undefined) return ok([]);
  const { loadExceptions } = await import("../config/exceptions.ts");
  return loadExceptions(file);
}
