import type { Dimension } from "../../model/call.ts";
import type { Evidence } from "../../model/cause.ts";
import { type ChangeSeen, type Observation, whereOf, type Tally, type Where, valuesOf } from "../observation.ts";
import { areRefusedToo, HARDLY, isOneOperation, MANY, onItems } from "./operations.ts";
import { blamesGroup, boundElsewhere, givenToGroup, isTakenAway, PROPAGATION_MS, revoked } from "./cosmos-grant.ts";
import { letInFrom, mayBeLimit } from "./cosmos-network.ts";
import { otherIdentity } from "./identity.ts";
import {
  bestSplitEvidence,
  type CauseRule,
  changeBefore,
  changeEvidence,
  decays,
  equalSplit,
  inapplicable,
  type Judgement,
  rejected,
} from "./judgement.ts";

/** 403 of Cosmos that may be about roles: told so, or untold while an Entra token was used. */
function aboutRoles(observation: Observation): "told" | "maybe" | "no" {
  if (observation.layer !== "cosmos") return "no";
  if (observation.reason === "rbac") return "told";
  const entra =
    observation.values("cosmosPrincipal").length > 0 ||
    observation.values("credential").some(({ value }) => value === "AadToken");
  return observation.reason === "403" && entra ? "maybe" : "no";
}

const NAMED_SHARE = 0.1;

/**
 * How the refused principals fare during the rise on the same accounts, outside the operations and containers that are
 * refused to them: a role is one account's.
 */
function elsewhere(
  observation: Observation,
  of: "all" | "first" = "all",
): { share: number; trials: number; inside: number } | undefined {
  const tally = (where: Where): Tally => (of === "first" ? observation.tallyFirst(where) : observation.tally(where));
  const principals = observation.values("cosmosPrincipal").filter(({ share }) => share >= NAMED_SHARE);
  if (principals.length === 0) return undefined;
  const theirs = {
    cosmosPrincipal: principals.map(({ value }) => value),
    ...whereOf(observation, ["cosmosAccount"]),
  };
  const whole = tally(theirs);
  const operations = refusedToo(observation, "cosmosOperation", { ...theirs, ...containersOf(observation) });
  const narrow = tally({ ...theirs, ...operations, ...containersOf(observation) });
  const trials = whole.trials - narrow.trials;
  const inside = narrow.refused / Math.max(1, narrow.trials);
  return trials < 3 ? undefined : { share: (whole.refused - narrow.refused) / trials, trials, inside };
}

/** Values of the refused calls, and those others that are refused about as often among calls with `where`. */
function refusedToo(observation: Observation, dimension: Dimension, where: Where): Where {
  const own = valuesOf(observation, dimension);
  const others = observation
    .seen(dimension, where)
    .filter((value) => areRefusedToo(observation, { ...where, [dimension]: value }));
  return { [dimension]: [...new Set([...own, ...others])] };
}

const containersOf = (observation: Observation): Where => whereOf(observation, ["container"]);

const OBJECT_OF_ROLE: readonly Dimension[] = ["cosmosOperation", "container", "database"];

const NO_DATA_PLANE = {
  field: "DataPlaneRequests",
  fix: "Send the account's DataPlaneRequests here: they tell which principal, operation and container were refused.",
};

/** Refused share below which a missing role does not explain what no message tells. */
const MIXED = 0.4;
const NOT_ALWAYS = "the same calls succeed more often than not, all the time: a role that is missing refuses each";

function judgeNarrow(observation: Observation): Judgement {
  const about = aboutRoles(observation);
  if (about === "no") return inapplicable;
  if (about === "told" && isOneOperation(observation))
    return {
      kind: "fits",
      confidence: 0.8,
      evidence: [
        { says: "The backend's other operations succeed", fields: { refused: observation.refused } },
        ...bestSplitEvidence(observation),
      ],
      missing: [NO_DATA_PLANE],
    };
  if (about === "maybe" && observation.inside < MIXED) return rejected(NOT_ALWAYS);
  const split = OBJECT_OF_ROLE.map((dimension) => equalSplit(observation, dimension)).find((one) => one !== undefined);
  const other = elsewhere(observation);
  if (split === undefined && other === undefined)
    return rejected("the principal's other operations and containers are refused too, or were not seen");
  if (other !== undefined && other.share > 0.3 * other.inside)
    return rejected("the principal is refused on other operations and containers as well");
  if (other === undefined && equalSplit(observation, "cosmosPrincipal", true) !== undefined)
    return rejected("nothing else of the principal was seen to succeed");
  const operations = valuesOf(observation, "cosmosOperation").join(", ");
  const says: Evidence = {
    says: `The same principal succeeds elsewhere; only ${operations || "these operations"} on ${
      valuesOf(observation, "container").join(", ") || "these containers"
    } are refused`,
    fields: { trialsElsewhere: Math.round(other?.trials ?? 0) },
  };
  const maybe = mayBeLimit(observation) ? 0.36 : 0.6;
  const confidence = (about === "told" ? 0.9 : maybe) * (other === undefined ? 0.7 : 1);
  return {
    kind: "fits",
    confidence,
    evidence: [...bestSplitEvidence(observation), says],
    missing: subStatusMissing(about),
  };
}

/** A principal on nearly all refusals: Cosmos DB looked at the token, so that the network was let in. */
const NAMED = 0.9;

/** Another identity seems to do the same work and succeeds. */
const STRANGE = 0.5;

const takenAway = (
  observation: Observation,
  { about, taken }: { readonly about: "told" | "maybe"; readonly taken: ChangeSeen },
): Judgement => ({
  kind: "fits",
  confidence: about === "told" ? 0.95 : 0.88,
  evidence: [
    ...bestSplitEvidence(observation),
    { says: "The assignment by which the principal was let in was deleted", fields: {} },
    changeEvidence(taken),
  ],
});

function judgeAssignment(observation: Observation): Judgement {
  const about = aboutRoles(observation);
  if (about === "no") return inapplicable;
  if (blamesGroup(observation)) return rejected("the refusals say that group memberships were not in the token");
  const bound = boundElsewhere(observation);
  const taken = givenToGroup(observation) === undefined ? revoked(observation) : undefined;
  if (bound !== undefined && (taken === undefined || !isTakenAway(observation, bound)))
    return rejected("the role that was given is bound to another id");
  const identity = otherIdentity(observation);
  if (identity?.sure === true)
    return rejected("the same backend succeeds under another identity, or did until the refused one took its place");
  if (about === "maybe" && letInFrom(observation).length > 0)
    return rejected("the same principal is let in to the same containers from other networks, so it has a role");
  const other = elsewhere(observation);
  if (
    other !== undefined &&
    other.share < 0.1 &&
    other.inside > 0.2 &&
    equalSplit(observation, "cosmosPrincipal", true) === undefined
  ) {
    return rejected("the principal succeeds on other operations or containers, so it has a role");
  }
  const first = elsewhere(observation, "first");
  if (first !== undefined && first.trials >= MANY && first.share < HARDLY && first.inside > 0.2)
    return rejected("many other operations of the principal succeed, so it has a role");
  if (taken !== undefined) return takenAway(observation, { about, taken });
  const change = changeBefore(observation, ["role-assignment", "role-definition"], PROPAGATION_MS);
  const fades = decays(observation);
  if (about === "maybe" && change === undefined && !fades && observation.inside < MIXED) return rejected(NOT_ALWAYS);
  const says: Evidence = fades
    ? {
        says: "The refused share falls since the onset, as a propagating assignment does",
        fields: { early: observation.trend?.early ?? 0, late: observation.trend?.late ?? 0 },
      }
    : {
        says:
          observation.values("cosmosPrincipal").length === 0
            ? "Calls with Entra tokens are refused, and no principal was logged for them"
            : "The refusals follow the principal, on all it does",
        fields: { principals: observation.values("cosmosPrincipal").length },
      };
  const known = observation.values("cosmosPrincipal").reduce((sum, { share }) => sum + share, 0);
  if (known === 0 && isOneOperation(observation))
    return rejected("the same backend's other operations succeed, so it has a role");
  const base = about === "told" ? (known === 0 ? 0.7 : 0.85) : known >= NAMED ? 0.66 : 0.55;
  const confidence = identity === undefined ? base + (change === undefined ? 0 : 0.08) : Math.min(base, STRANGE);
  return {
    kind: "fits",
    confidence,
    evidence: [...bestSplitEvidence(observation), says, ...(change === undefined ? [] : [changeEvidence(change)])],
    missing: subStatusMissing(about),
  };
}

const subStatusMissing = (about: "told" | "maybe"): { field: string; fix: string }[] =>
  about === "told"
    ? []
    : [
        {
          field: "x-ms-substatus",
          fix: "Log the backend response header x-ms-substatus in the API's diagnostics: it tells a missing role (5301, 5302) from a firewall.",
        },
      ];

function judgeManagement(observation: Observation): Judgement {
  if (observation.layer !== "cosmos") return inapplicable;
  if (observation.reason !== "management-operation" || onItems(observation))
    return rejected("the refused operations are on items, not on databases, containers or offers");
  const says: Evidence = {
    says: "Databases, containers, offers and users cannot be managed with an Entra token through the data plane",
    fields: { reason: observation.reason, refused: observation.refused },
  };
  return { kind: "fits", confidence: 0.95, evidence: [says, ...bestSplitEvidence(observation)] };
}

/** Causes that lie in Cosmos data-plane roles. */
export const cosmosRoleCauses: readonly CauseRule[] = [
  {
    id: "role-too-narrow",
    names: ["cosmosOperation", "container", "operation", "cosmosPrincipal", "database", "principal", "appId"],
    alone: false,
    judge: judgeNarrow,
  },
  {
    id: "role-assignment-propagating-or-missing",
    names: ["cosmosPrincipal", "principal", "appId", "backend", "container"],
    alone: false,
    judge: judgeAssignment,
  },
  {
    id: "management-op-with-entra-token",
    names: ["operation", "cosmosOperation", "cosmosPrincipal", "appId"],
    alone: false,
    judge: judgeManagement,
  },
];
