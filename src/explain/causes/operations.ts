import { type Observation, valuesOf, type Where } from "../observation.ts";

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

export const isWrite = (cosmosOperation: string): boolean => WRITES.has(cosmosOperation);

const isKey = (credential: string): boolean => /masterkey$/i.test(credential);

/** Share of the refused for which a credential was logged and is an account key; undefined when none was logged. */
export function keyShare(observation: Observation): number | undefined {
  const credentials = observation.values("credential");
  if (credentials.length === 0) return undefined;
  const sum = (some: typeof credentials): number => some.reduce((total, { share }) => total + share, 0);
  return sum(credentials.filter(({ value }) => isKey(value))) / sum(credentials);
}

/** Operations that are hardly ever made on anything but items, unlike Create, Read and Delete. */
const OF_ITEMS: ReadonlySet<string> = new Set(["Query", "SqlQuery", "Upsert", "Patch", "Batch", "Execute"]);

/** The data-plane log has the refused operations on items of a container, whatever the sub-status says. */
export function onItems(observation: Observation): boolean {
  const share = (test: (name: string) => boolean): number =>
    observation
      .values("cosmosOperation")
      .filter(({ value }) => test(value))
      .reduce((sum, { share: part }) => sum + part, 0);
  const inContainers = observation.values("container").reduce((sum, { share: part }) => sum + part, 0);
  if (inContainers < 0.9) return false;
  return (
    share((name) => OF_ITEMS.has(name)) >= 0.2 || (share((name) => name === "Create") < 0.5 && share(() => true) >= 0.9)
  );
}

/** Share of the refused operations that write. */
export const writeShare = (observation: Observation): number =>
  observation
    .values("cosmosOperation")
    .filter(({ value }) => isWrite(value))
    .reduce((sum, { share }) => sum + share, 0);

/** Trials elsewhere that tell, and a share of refusals among them that is next to nothing. */
export const MANY = 30;
export const HARDLY = 0.02;

const ALIKE = 0.5;

/** Calls of the same time are refused about as often as those that are looked at. */
export function areRefusedToo(observation: Observation, where: Where): boolean {
  const { refused, trials } = observation.tally(where);
  return refused >= ALIKE * observation.inside * trials;
}

/** Without a data-plane record: one operation of the API is refused, maybe beside others, and most that the same backend serves are not. */
export function isOneOperation(observation: Observation): boolean {
  const backend = valuesOf(observation, "backend");
  const operation = valuesOf(observation, "operation");
  if (observation.values("cosmosPrincipal").length > 0 || backend.length === 0 || operation.length !== 1) return false;
  const others = observation.seen("operation", { backend }).filter((name) => !operation.includes(name));
  const passing = others.filter((name) => !areRefusedToo(observation, { backend, operation: name }));
  if (passing.length <= others.length - passing.length) return false;
  const { refused, trials } = observation.tally({ backend, operation: passing });
  return trials >= MANY && refused < HARDLY * trials;
}

/** Operations of the same backends that are not among the refused ones, with many calls, are hardly refused. */
export function othersPass(observation: Observation): boolean {
  const backend = valuesOf(observation, "backend");
  const refused = new Set(valuesOf(observation, "operation"));
  if (backend.length === 0 || refused.size === 0) return false;
  const passing = observation
    .seen("operation", { backend })
    .filter((operation) => !refused.has(operation))
    .map((operation) => observation.tally({ backend, operation }))
    .filter(({ refused: f, trials }) => f < HARDLY * trials);
  return passing.reduce((sum, { trials }) => sum + trials, 0) >= MANY;
}
