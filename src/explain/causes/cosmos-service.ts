import type { Evidence } from "../../model/cause.ts";
import { msBetween } from "../../model/time.ts";
import type { ChangeSeen, Observation } from "../observation.ts";
import {
  bestSplitEvidence,
  type CauseRule,
  changeEvidence,
  equalSplit,
  inapplicable,
  type Judgement,
  rejected,
} from "./judgement.ts";
import { soleContainer } from "./said.ts";

const QUARTER = 900_000;
const SLACK_MS = 120_000;
const MANY_PRINCIPALS = 3;

/** Reasons that a container which was deleted and made anew shows: names and ids that clients hold are of the old one. */
const RECREATED: ReadonlySet<string> = new Set(["401", "403", "wrong-key", "rbac"]);

/** Name of the container that a change is about, lower-cased; undefined where the log does not say. */
function containerOf({ change }: ChangeSeen): string | undefined {
  const path = (change.details.get("resource") ?? change.resource).toLowerCase();
  return /\/(?:containers|colls)\/([^/]+)/.exec(path)?.[1];
}

function judgeRecreated(observation: Observation): Judgement {
  if (observation.layer !== "cosmos" || !RECREATED.has(observation.reason)) return inapplicable;
  const container = soleContainer(observation);
  if (container === undefined) return rejected("more than one container is refused, or no log names it");
  const changes = observation.changes.filter(
    ({ change, lagMs }) =>
      change.change === "container" &&
      lagMs >= -SLACK_MS &&
      lagMs <= QUARTER &&
      !/throughput|update/i.test(change.operation),
  );
  const named = changes.filter((one) => containerOf(one) === container.toLowerCase());
  const near = named.length > 0 ? named : changes.filter((one) => containerOf(one) === undefined);
  const [nearest] = near;
  if (nearest === undefined) return rejected("the container was not seen to be created or deleted");
  const both = near.some(({ change }) => change.action === "delete") && near.length > 1;
  const split = equalSplit(observation, "container") !== undefined;
  const evidence: Evidence = {
    says: `Only container ${container} is refused, since it was ${both ? "deleted and created again" : "created or deleted"}`,
    fields: { container },
  };
  return {
    kind: "fits",
    confidence: (named.length > 0 ? 0.94 : 0.7) - (both ? 0 : 0.04) - (split ? 0 : 0.05),
    evidence: [evidence, changeEvidence(nearest), ...bestSplitEvidence(observation)],
  };
}

function judgeHiccup(observation: Observation): Judgement {
  if (observation.layer !== "cosmos") return inapplicable;
  if (observation.reason === "service") {
    const evidence: Evidence = {
      says: "Cosmos DB says that it could not check the token itself: keys or groups of Entra were not at hand",
      fields: { reason: observation.reason, refused: observation.refused },
    };
    return { kind: "fits", confidence: 0.95, evidence: [evidence, ...bestSplitEvidence(observation)] };
  }
  if (observation.reason !== "401") return inapplicable;
  const accounts = observation.values("cosmosAccount").length;
  const region = equalSplit(observation, "cosmosRegion");
  const lasted = msBetween(observation.span.to, observation.span.from);
  const callers = Math.max(observation.values("clientNetwork").length, observation.values("cosmosPrincipal").length);
  if (region === undefined || lasted > QUARTER || !observation.isOver || callers < MANY_PRINCIPALS)
    return rejected("not a short burst over many callers of one Cosmos DB region");
  const evidence: Evidence = {
    says: `A burst of ${Math.round(lasted / 60_000)} min over ${callers} clients and ${accounts} accounts of one Cosmos DB region, without any change`,
    fields: { clients: callers, accounts },
  };
  return { kind: "fits", confidence: 0.55, evidence: [evidence, ...bestSplitEvidence(observation)] };
}

/** Causes that lie in Cosmos DB itself and in its containers. */
export const cosmosServiceCauses: readonly CauseRule[] = [
  { id: "container-recreated", names: ["container", "database"], alone: true, judge: judgeRecreated },
  { id: "service-identity-hiccup", names: ["cosmosAccount", "cosmosRegion"], alone: true, judge: judgeHiccup },
];
