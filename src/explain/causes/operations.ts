import type { Observation } from "../observation.ts";

const WRITES: ReadonlySet<string> = new Set([
  "Create",
  "Upsert",
  "Replace",
  "Update",
  "Delete",
  "Patch",
  "Batch",
  "Execute",
]);

const isKey = (credential: string): boolean => /masterkey$/i.test(credential);

/** Share of the refused for which a credential was logged and is an account key; undefined when none was logged. */
export function keyShare(observation: Observation): number | undefined {
  const credentials = observation.values("credential");
  if (credentials.length === 0) return undefined;
  return credentials.filter(({ value }) => isKey(value)).reduce((sum, { share }) => sum + share, 0);
}

/** Share of the refused operations that write. */
export const writeShare = (observation: Observation): number =>
  observation
    .values("cosmosOperation")
    .filter(({ value }) => WRITES.has(value))
    .reduce((sum, { share }) => sum + share, 0);
