import { type Observation, valuesOf } from "../observation.ts";
import { shareOfFacts } from "./judgement.ts";

/** What Cosmos DB signed itself to check a key's signature: the verb, and the kind of resource, which its message repeats. */
const SIGNED = /payload to sign: '([a-z]+)(?:\\+n|\s)/i;
/** A container as messages name it: in the payload that was signed, or as the resource that a role does not cover. */
const CONTAINER = /\bcolls\/([^/\\\s'"\]]+)/i;

const WRITES: ReadonlySet<string> = new Set(["put", "post", "patch", "delete"]);

/** Share of the refused whose signed payload writes, among those whose message repeats it; undefined where none does. */
export function signedWrites({ facts }: Observation): number | undefined {
  const verbs = facts.flatMap(({ message }) => SIGNED.exec(message ?? "")?.[1]?.toLowerCase() ?? []);
  return verbs.length === 0 ? undefined : verbs.filter((verb) => WRITES.has(verb)).length / verbs.length;
}

/** As whom a call was made, by Cosmos DB's answer that a role is missing. */
const PRINCIPAL = /\bprincipal (?:= ?)?\[([0-9a-f-]{36})\]/i;

/** As whom the refused calls were made: by the data-plane log, or else as messages name them. */
export function refusedPrincipals(observation: Observation): readonly string[] {
  const logged = valuesOf(observation, "cosmosPrincipal");
  if (logged.length > 0) return logged;
  const named = observation.facts.flatMap(({ message }) => PRINCIPAL.exec(message ?? "")?.[1]?.toLowerCase() ?? []);
  return [...new Set(named)];
}

/** The container that nearly all refused calls are of, as the data-plane log has it or else as messages name it. */
export function soleContainer(observation: Observation): string | undefined {
  const [logged] = observation.values("container");
  if (logged !== undefined) return logged.share >= NEARLY_ALL ? logged.value : undefined;
  const named = (message: string | undefined): string | undefined => CONTAINER.exec(message ?? "")?.[1];
  const container = observation.facts.map(({ message }) => named(message)).find((name) => name !== undefined);
  if (container === undefined) return undefined;
  const share = shareOfFacts(observation, ({ message }) => {
    const name = named(message);
    return name === undefined ? undefined : name === container;
  });
  return share >= NEARLY_ALL ? container : undefined;
}

const NEARLY_ALL = 0.9;
