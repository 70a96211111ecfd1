import { readFileSync } from "node:fs";
import { err, ok, type Result } from "../lib/result.ts";

/** The secret behind `env:NAME` or `file:/path`; a fault names the reference, never a value. */
export function resolveSecret(
  reference: string,
  environment: Readonly<Record<string, string | undefined>>,
): Result<string, string> {
  if (reference.startsWith("env:")) {
    const value = environment[reference.slice(4)];
    return value === undefined || value === "" ? err(`${reference}: the environment variable is not set`) : ok(value);
  }
  try {
    const value = readFileSync(reference.slice(5), "utf8").trim();
    return value === "" ? err(`${reference}: the file is empty`) : ok(value);
  } catch (error) {
    return err(
      `${reference}: cannot be read (${error instanceof Error && "code" in error ? String(error.code) : "unknown"})`,
    );
  }
}
