import type { Evidence } from "../../model/cause.ts";
import { type Observation, type Where, valuesOf } from "../observation.ts";
import {
  bestSplitEvidence,
  type CauseRule,
  changeBefore,
  inapplicable,
  type Judgement,
  percent,
  rejected,
  shareOfFacts,
} from "./judgement.ts";
import { boundElsewhere, isJustGiven, PROPAGATION_MS } from "./cosmos-grant.ts";

interface OtherIdentity {
  readonly refused: readonly string[];
  readonly others: readonly string[];
  /** The same backends are known to serve both. */
  readonly sure: boolean;
  /** The others did the work until the refused one took their place. */
  readonly replaced: boolean;
}

const FEW_TRIALS = 5;
const MOSTLY = 0.7;
const HARDLY = 0.1;
const NEW = 0.01;

/** Refused while another identity succeeds with the same work, or did until then: of the same backends, or the same operations. */
export function otherIdentity(observation: Observation): OtherIdentity | undefined {
  const refused = observation
    .values("cosmosPrincipal")
    .filter(({ share }) => share >= 0.1)
    .map(({ value }) => value);
  if (refused.length === 0) return undefined;
  const backends = valuesOf(observation, "backend");
  const sure = backends.length > 0;
  const work = sure ? { backend: backends } : workOf(observation);
  const known = work === undefined ? undefined : besideOf(observation, { refused, work, sure });
  if (known !== undefined || (work !== undefined && !areUnnamed(observation, work))) return known;
  const place = placeOf(observation, refused);
  return place === undefined ? undefined : besideOf(observation, { refused, work: place, sure: false });
}

function besideOf(
  observation: Observation,
  { refused, work, sure }: { readonly refused: readonly string[]; readonly work: Where; readonly sure: boolean },
): OtherIdentity | undefined {
  const bad = observation.tally({ ...work, cosmosPrincipal: refused });
  if (bad.trials < FEW_TRIALS || bad.refused / bad.trials < MOSTLY) return undefined;
  const others = observation.seen("cosmosPrincipal", work).filter((name) => !refused.includes(name));
  const good = observation.tally({ ...work, cosmosPrincipal: others });
  if (others.length > 0 && good.trials >= FEW_TRIALS && good.refused / good.trials <= HARDLY)
    return { refused, others, sure, replaced: false };
  const earlier = replacedBy(observation, refused, work);
  return earlier.length === 0 ? undefined : { refused, others: earlier, sure, replaced: true };
}

/** No log tells as whom most of the work that succeeds is done. */
function areUnnamed(observation: Observation, work: Where): boolean {
  const named = observation.tally({ ...work, cosmosPrincipal: observation.seen("cosmosPrincipal", work) });
  const all = observation.tally(work);
  const [passed, known] = [all.trials - all.refused, named.trials - named.refused];
  return passed >= FEW_TRIALS && known <= HARDLY * passed;
}

function workOf(observation: Observation): Where | undefined {
  const api = valuesOf(observation, "api");
  const container = valuesOf(observation, "container");
  return api.length === 0 ? undefined : { api, container };
}

/**
 * Where no log tells as whom the work is done: the same containers from the same networks, for an identity that was not seen
 * before and was not given a role either.
 */
function placeOf(observation: Observation, refused: readonly string[]): Where | undefined {
  const [container, clientNetwork] = (["container", "clientNetwork"] as const).map((dimension) =>
    valuesOf(observation, dimension),
  );
  if (container === undefined || clientNetwork === undefined) return undefined;
  if (container.length === 0 || clientNetwork.length === 0) return undefined;
  if (changeBefore(observation, ["role-assignment", "role-definition"], PROPAGATION_MS) !== undefined) return undefined;
  return observation.tallyBefore({ cosmosPrincipal: refused }).trials > 1 ? undefined : { container, clientNetwork };
}

/** Identities that did the work before the onset, when the refused ones had not done any of it. */
function replacedBy(observation: Observation, refused: readonly string[], work: Where): readonly string[] {
  if (changeBefore(observation, ["role-assignment", "role-definition"], PROPAGATION_MS) !== undefined) return [];
  const others = observation.known("cosmosPrincipal", work).filter((name) => !refused.includes(name));
  if (others.length === 0) return [];
  const { trials, refused: failed } = observation.tallyBefore({ ...work, cosmosPrincipal: others });
  // The first calls of a new identity may have succeeded before one was refused.
  if (observation.tallyBefore({ ...work, cosmosPrincipal: refused }).trials > Math.max(1, NEW * trials)) return [];
  return trials >= FEW_TRIALS && failed <= HARDLY * trials ? others : [];
}

/** A role that was given to an id that never calls may have been meant for the refused one: of one that took another's place, or just then. */
function sureOf({ replaced }: OtherIdentity, bound: ReturnType<typeof boundElsewhere>): number {
  if (bound === undefined) return 0.93;
  return replaced || isJustGiven(bound) ? 0.8 : 0.96;
}

function judgeIdentity(observation: Observation): Judgement {
  if (observation.layer !== "cosmos") return inapplicable;
  if (observation.reason === "token-issuer") {
    const evidence: Evidence = {
      says: "Cosmos DB says that the token is of another tenant than the account's",
      fields: { reason: observation.reason, refused: observation.refused },
    };
    return { kind: "fits", confidence: 0.9, evidence: [evidence, ...bestSplitEvidence(observation)] };
  }
  if (observation.reason !== "rbac" && observation.reason !== "403") return inapplicable;
  const identities = otherIdentity(observation);
  if (identities === undefined) return rejected("no other identity does the same work and succeeds");
  const succeeds = identities.replaced ? "succeeded until the onset" : "succeeds";
  const evidence: Evidence = {
    says: `The same route ${succeeds} as ${identities.others.slice(0, 2).join(", ")} and is refused as ${identities.refused.slice(0, 2).join(", ")}`,
    fields: { refusedAs: identities.refused[0] ?? "", succeedsAs: identities.others[0] ?? "" },
  };
  const share = shareOfFacts(observation, ({ told }) => told === "rbac");
  const told: readonly Evidence[] =
    share > 0 ? [{ says: `${percent(share)} of the refusals say that a role is missing`, fields: { share } }] : [];
  const bound = boundElsewhere(observation);
  const base = identities.sure ? sureOf(identities, bound) : identities.replaced ? 0.8 : 0.6;
  return {
    kind: "fits",
    confidence: base * (observation.reason === "rbac" ? 1 : 0.9),
    evidence: [evidence, ...told, ...bestSplitEvidence(observation)],
  };
}

/** An identity that does another one's work. */
export const identityCauses: readonly CauseRule[] = [
  {
    id: "wrong-identity",
    names: ["cosmosPrincipal", "clientNetwork", "backend"],
    alone: true,
    judge: judgeIdentity,
  },
];
