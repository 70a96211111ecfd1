import type { Dimension } from "../../model/call.ts";
import type { Evidence } from "../../model/cause.ts";
import type { Change } from "../../model/event.ts";
import { type ChangeSeen, type Observation, tallyBeside, type Where, whereOf } from "../observation.ts";
import {
  bestSplitEvidence,
  type CauseRule,
  changeEvidence,
  inapplicable,
  type Judgement,
  rejected,
  shareOfFacts,
} from "./judgement.ts";
import { refusedPrincipals } from "./said.ts";

/** Cosmos DB's remark that a role held through a group may not have been in the token. */
const GROUP_WORDS = "group membership";

export const blamesGroup = (observation: Observation): boolean =>
  shareOfFacts(observation, ({ message }) =>
    message === undefined || !message.toLowerCase().includes("rbac")
      ? undefined
      : message.toLowerCase().includes(GROUP_WORDS),
  ) >= 0.3;

function judgeGroup(observation: Observation): Judgement {
  if (observation.layer !== "cosmos" || (observation.reason !== "rbac" && observation.reason !== "403"))
    return inapplicable;
  const given = givenToGroup(observation);
  if (!blamesGroup(observation)) {
    if (given === undefined) return rejected("no refusal says that group memberships were missing in the token");
    const says = `A role was given to the group ${given.change.details.get("principalId") ?? ""}, whose members' tokens may not name it`;
    return {
      kind: "fits",
      confidence: observation.reason === "rbac" ? 0.9 : 0.8,
      evidence: [{ says, fields: {} }, changeEvidence(given), ...bestSplitEvidence(observation)],
    };
  }
  const evidence: Evidence = {
    says: "Cosmos DB says that the principal's group memberships were not present in the token",
    fields: { refused: observation.refused },
  };
  return { kind: "fits", confidence: 0.95, evidence: [evidence, ...bestSplitEvidence(observation)] };
}

/** An assignment further back than this was made for something else. */
const BOUND_MS = 1_800_000;
const SLACK_MS = 120_000;
const JUST_GIVEN_MS = 600_000;
/** An assignment works by then: ten minutes by the documentation, and some for the logs. */
export const PROPAGATION_MS = 900_000;

const isGroup = ({ details }: Change): boolean => details.get("principalType")?.toLowerCase() === "group";

/** A role was given to a group just before the calls of a principal began to be refused, all of them. */
export function givenToGroup(observation: Observation): ChangeSeen | undefined {
  const { refused, trials } = observation.tally({ cosmosPrincipal: refusedPrincipals(observation) });
  if (refused < NEARLY_ALL * Math.max(1, trials)) return undefined;
  return rolesGiven(observation, JUST_GIVEN_MS).find(({ change }) => isGroup(change));
}

/** Roles that were given near the onset, at most so long before it. */
const rolesGiven = (observation: Observation, withinMs: number): Observation["changes"] =>
  observation.changes.filter(
    ({ change, lagMs }) =>
      change.change === "role-assignment" && change.action !== "delete" && lagMs >= -SLACK_MS && lagMs <= withinMs,
  );

/** An assignment near the onset whose principal was never seen: neither among the refused nor among any others. */
export function boundElsewhere(observation: Observation): ChangeSeen | undefined {
  const refused = refusedPrincipals(observation);
  const seen = observation.known("cosmosPrincipal", {});
  if (refused.length === 0 || seen.length === 0) return undefined;
  const known = new Set([...refused, ...seen]);
  const writes = rolesGiven(observation, BOUND_MS).filter(
    ({ change }) => change.details.has("principalId") && !isGroup(change),
  );
  if (writes.some(({ change }) => refused.includes(change.details.get("principalId") ?? ""))) return undefined;
  return writes.find(({ change }) => !known.has(change.details.get("principalId") ?? ""));
}

/** A role that was given long before the onset was likely given for something else. */
export const isJustGiven = ({ lagMs }: ChangeSeen): boolean => lagMs <= JUST_GIVEN_MS;

const FEW_TRIALS = 5;
const NEARLY_ALL = 0.9;

/** What tells one call of a principal to a container from another. */
const WORK: readonly Dimension[] = ["cosmosOperation", "operation", "backend", "clientNetwork"];

/** Other calls of the refused principals to the same containers succeed in the same time: others, not some of the same kind. */
function isLetInBeside(observation: Observation): boolean {
  const where: Where = {
    ...whereOf(observation, ["container"]),
    cosmosPrincipal: refusedPrincipals(observation),
  };
  const { refused, trials } = tallyBeside(observation, where, whereOf(observation, WORK));
  return trials - refused >= FEW_TRIALS && refused < NEARLY_ALL * trials;
}

const ASSIGNMENT = /\/sqlroleassignments\/([0-9a-f-]{36})/i;

/** The assignment by which the refused principals were let in was deleted; `lagMs` before the onset. */
export function revoked(observation: Observation): ChangeSeen | undefined {
  const cosmosPrincipal = refusedPrincipals(observation);
  if (cosmosPrincipal.length === 0) return undefined;
  const held = new Set(observation.known("roleAssignment", { cosmosPrincipal }).map((id) => id.toLowerCase()));
  return observation.changes.find(
    ({ change, lagMs }) =>
      change.change === "role-assignment" &&
      change.action === "delete" &&
      lagMs >= -SLACK_MS &&
      lagMs <= PROPAGATION_MS &&
      assignmentsOf(change).some((id) => held.has(id)),
  );
}

const assignmentsOf = ({ resource, details }: Change): readonly string[] =>
  [ASSIGNMENT.exec(resource)?.[1], ASSIGNMENT.exec(details.get("resource") ?? "")?.[1], details.get("roleAssignmentId")]
    .filter((id) => id !== undefined)
    .map((id) => id.toLowerCase());

/** A role that is given so close to where another was taken is meant to replace it. */
const REPLACED_MS = 150_000;

/** What was given has nothing to do with what was taken from the refused principal. */
export function isTakenAway(observation: Observation, given: ChangeSeen): boolean {
  const taken = revoked(observation);
  return taken !== undefined && Math.abs(taken.lagMs - given.lagMs) > REPLACED_MS;
}

function judgeWrongId(observation: Observation): Judgement {
  if (observation.layer !== "cosmos" || (observation.reason !== "rbac" && observation.reason !== "403"))
    return inapplicable;
  const bound = boundElsewhere(observation);
  if (bound === undefined) return rejected("no role was seen to be given to an id that never calls");
  if (isTakenAway(observation, bound))
    return rejected("the role of the refused principal was taken away, at another time");
  if (isLetInBeside(observation))
    return rejected("the refused principal is let in to the same containers in other calls, so it has its role");
  const id = bound.change.details.get("principalId") ?? "";
  const isApp = observation.known("appId", {}).includes(id);
  const evidence: Evidence = {
    says: `A role was given to ${id}, which ${isApp ? "is an application's client id, not its object id" : "no call was ever made as"}; the refused calls are made as ${refusedPrincipals(observation)[0] ?? ""}`,
    fields: { boundTo: id },
  };
  return {
    kind: "fits",
    confidence:
      (isApp ? 0.96 : 0.93) * (observation.reason === "rbac" ? 1 : 0.9) * (bound.lagMs <= PROPAGATION_MS ? 1 : 0.9),
    evidence: [evidence, changeEvidence(bound), ...bestSplitEvidence(observation)],
  };
}

/** Causes that lie in how a role was given. */
export const cosmosGrantCauses: readonly CauseRule[] = [
  {
    id: "group-grant-not-in-token",
    names: ["cosmosPrincipal", "backend", "principal", "clientNetwork", "container"],
    alone: false,
    judge: judgeGroup,
  },
  {
    id: "role-bound-to-wrong-id",
    names: ["cosmosPrincipal", "principal", "appId", "backend", "container"],
    alone: false,
    judge: judgeWrongId,
  },
];
