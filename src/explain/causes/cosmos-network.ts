import type { Evidence } from "../../model/cause.ts";
import type { Observation } from "../observation.ts";
import {
  bestSplitEvidence,
  type CauseRule,
  changeBefore,
  changeEvidence,
  equalSplit,
  inapplicable,
  type Judgement,
  rejected,
  shareOfFacts,
} from "./judgement.ts";
import { writeShare } from "./operations.ts";

const FIFTEEN_MINUTES = 900_000;

function judgeFirewall(observation: Observation): Judgement {
  if (observation.layer !== "cosmos") return inapplicable;
  const told = observation.reason === "firewall" || observation.reason === "perimeter";
  const change = changeBefore(observation, ["firewall"], 2 * FIFTEEN_MINUTES);
  if (!told) {
    if (observation.reason !== "403") return inapplicable;
    const byNetwork =
      equalSplit(observation, "clientNetwork") ??
      equalSplit(observation, "region", true) ??
      (change === undefined ? undefined : equalSplit(observation, "cosmosAccount"));
    if (byNetwork === undefined) return rejected("the refusals do not follow the network that the calls come from");
    if (change === undefined && byNetwork.refusedInside < 0.5)
      return rejected("most calls from the same network succeed");
  }
  const says: Evidence = told
    ? {
        says: "Cosmos DB says that its firewall blocked the request",
        fields: { reason: observation.reason, refused: observation.refused },
      }
    : {
        says: "The refusals follow the network or the account, whoever calls and whatever is asked",
        fields: { refused: observation.refused },
      };
  return {
    kind: "fits",
    confidence: told ? 0.95 : change === undefined ? 0.62 : 0.85,
    evidence: [says, ...bestSplitEvidence(observation), ...(change === undefined ? [] : [changeEvidence(change)])],
    missing: told
      ? []
      : [
          {
            field: "backendResponseBody",
            fix: "Log the response body of errors (up to 1 KB): it names the blocked path (public internet, service endpoint, private endpoint).",
          },
        ],
  };
}

function judgeWriteRegion(observation: Observation): Judgement {
  if (observation.layer !== "cosmos") return inapplicable;
  const told = observation.reason === "write-region";
  if (!told && observation.reason !== "403") return inapplicable;
  const writes = writeShare(observation);
  const change = changeBefore(observation, ["failover", "region"], 3_600_000);
  if (!told && (writes < 0.95 || change === undefined))
    return rejected("no failover was seen, or reads are refused as well");
  const says: Evidence = {
    says: told
      ? "Cosmos DB says that the region does not take writes (403/3), which is not about authorization"
      : "Only writes are refused, since a failover",
    fields: { writes: Number(writes.toFixed(2)) },
  };
  return {
    kind: "fits",
    confidence: told ? 0.96 : 0.8,
    evidence: [says, ...bestSplitEvidence(observation), ...(change === undefined ? [] : [changeEvidence(change)])],
    missing: change === undefined ? [CONTROL_PLANE] : [],
  };
}

const CONTROL_PLANE = {
  field: "ControlPlaneRequests",
  fix: "Send the account's ControlPlaneRequests here: they tell of a failover.",
};

function judgeLimit(observation: Observation): Judgement {
  if (observation.layer !== "cosmos") return inapplicable;
  const told =
    observation.reason === "limit" ||
    shareOfFacts(observation, ({ message }) => message?.toLowerCase().includes("reached maximum")) >= 0.3;
  if (!told) return inapplicable;
  return {
    kind: "fits",
    confidence: 0.95,
    evidence: [
      {
        says: "The 403 is a limit of Cosmos DB, not a matter of authorization",
        fields: { reason: observation.reason },
      },
      ...bestSplitEvidence(observation),
    ],
  };
}

/** Causes that lie in networks, regions and limits of Cosmos. */
export const cosmosNetworkCauses: readonly CauseRule[] = [
  {
    id: "firewall-blocked",
    names: ["clientNetwork", "region", "backend", "cosmosAccount"],
    alone: true,
    judge: judgeFirewall,
  },
  {
    id: "write-to-read-region",
    names: ["cosmosAccount", "cosmosRegion", "cosmosOperation", "container"],
    alone: false,
    judge: judgeWriteRegion,
  },
  { id: "not-authorization-limit", names: ["container", "cosmosAccount"], alone: true, judge: judgeLimit },
];
