import { err, ok, type Result } from "../lib/result.ts";

/** The port asked for by `--port`, else by the variable `PORT`, else the fallback; an empty variable asks for nothing. */
export function portOf(
  flag: string | undefined,
  variable: string | undefined,
  fallback: number,
): Result<number, string> {
  const [name, text] = flag === undefined ? ["PORT", variable ?? ""] : ["--port", flag];
  if (flag === undefined && text === "") return ok(fallback);
  const port = Number(text);
  return /^\d+$/.test(text) && port <= 65_535
    ? ok(port)
    : err(`${name}: "${text}" is no port (0 to 65535; 0 takes a free one)`);
}
