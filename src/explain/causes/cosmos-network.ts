import type { Evidence } from "../../model/cause.ts";
import { type Observation, type Tally, tallyBeside, type Where, valuesOf, whereOf } from "../observation.ts";
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
  shareOfFacts,
} from "./judgement.ts";
import { isWrite, keyShare, writeShare } from "./operations.ts";

const FIFTEEN_MINUTES = 900_000;

function judgePerimeter(observation: Observation): Judgement {
  if (observation.layer !== "cosmos") return inapplicable;
  if (observation.reason !== "perimeter") return inapplicable;
  const evidence: Evidence = {
    says: "Cosmos DB says that its network security perimeter does not let the request in",
    fields: { reason: observation.reason, refused: observation.refused },
  };
  return { kind: "fits", confidence: 0.96, evidence: [evidence, ...bestSplitEvidence(observation)] };
}

/** RFC 1918 and RFC 4193: what a private endpoint's callers have. */
const PRIVATE = /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|f[cd][0-9a-f]{2}:)/i;
const FEW_TRIALS = 5;

/** The private networks from which the same application or gateway is let in, while its public ones are refused. */
function privateSiblings(observation: Observation): readonly string[] {
  const refused = observation.values("clientNetwork");
  const isPublic = refused.reduce((sum, { value, share }) => sum + (PRIVATE.test(value) ? 0 : share), 0);
  if (refused.length === 0 || isPublic < 0.9) return [];
  // The instances of one application may be backends of their own.
  for (const dimension of ["backend", "cosmosPrincipal", "userAgentFamily", "container"] as const) {
    const values = valuesOf(observation, dimension);
    if (values.length === 0) continue;
    const networks = privateNetworks(observation, { [dimension]: values });
    if (networks.length > 0 || dimension === "cosmosPrincipal") return networks;
  }
  return [];
}

/**
 * Until the onset the same principal was let in from a public address: its address is another one now. Where it is not known
 * from where else it comes, the same backend, or what works on the same containers.
 */
function cameOpenly(observation: Observation): boolean {
  const refused = new Set(valuesOf(observation, "clientNetwork"));
  for (const dimension of ["cosmosPrincipal", "backend", "container"] as const) {
    const same: Where = {
      cosmosAccount: valuesOf(observation, "cosmosAccount"),
      [dimension]: valuesOf(observation, dimension),
    };
    const networks = observation.known("clientNetwork", same);
    if (same[dimension]?.length === 0 || networks.every((network) => refused.has(network))) continue;
    const openly = networks.filter((network) => !PRIVATE.test(network));
    const before = observation.tallyBefore({ ...same, clientNetwork: openly });
    return openly.length > 0 && before.trials >= FEW_TRIALS && before.refused < 0.1 * before.trials;
  }
  return false;
}

function privateNetworks(observation: Observation, of: Where): readonly string[] {
  const same: Where = { cosmosAccount: valuesOf(observation, "cosmosAccount"), ...of };
  const networks = observation.seen("clientNetwork", same).filter((network) => PRIVATE.test(network));
  const inside = observation.tally({ ...same, clientNetwork: networks });
  return networks.length > 0 && inside.trials >= FEW_TRIALS && inside.refused < 0.1 * inside.trials ? networks : [];
}

function judgeSplitDns(observation: Observation): Judgement {
  if (observation.layer !== "cosmos" || !["firewall", "403"].includes(observation.reason)) return inapplicable;
  const networks = privateSiblings(observation);
  if (networks.length === 0) return rejected("no caller of the same kind comes over a private endpoint");
  if (cameOpenly(observation)) return rejected("it came by a public address before, and was let in");
  const evidence: Evidence = {
    says: `The same application reaches the account privately from ${networks.slice(0, 2).join(", ")}, where it is let in, and publicly from ${observation.values("clientNetwork")[0]?.value ?? ""}, where it is not`,
    fields: { privateNetworks: networks.length },
  };
  return {
    kind: "fits",
    confidence: observation.reason === "firewall" ? 0.96 : 0.91,
    evidence: [evidence, ...bestSplitEvidence(observation)],
  };
}

/** Networks from which the same principals are let in to the same containers, while nearly all that comes from another is refused. */
export function letInFrom(observation: Observation): readonly string[] {
  const split = equalSplit(observation, "clientNetwork");
  const principals = valuesOf(observation, "cosmosPrincipal");
  if (split === undefined || split.refusedInside < WALLED || principals.length === 0) return [];
  const same: Where = {
    cosmosPrincipal: principals,
    container: valuesOf(observation, "container"),
  };
  const refused = new Set(valuesOf(observation, "clientNetwork"));
  const others = observation.seen("clientNetwork", same).filter((network) => !refused.has(network));
  const { trials, refused: failed } = observation.tally({ ...same, clientNetwork: others });
  return others.length > 0 && trials >= FEW_TRIALS && failed < 0.1 * trials ? others : [];
}

const WALLED = 0.8;

/** Why a firewall does not explain refusals of which no log says why; undefined where it may. */
function notByNetwork(observation: Observation, hasChanged: boolean): string | undefined {
  const byNetwork =
    equalSplit(observation, "clientNetwork") ??
    equalSplit(observation, "region", true) ??
    (hasChanged ? equalSplit(observation, "cosmosAccount") : undefined);
  if (byNetwork === undefined)
    return hasChanged && isShutOut(observation)
      ? undefined
      : "the refusals do not follow the network that the calls come from";
  if (
    byNetwork.where.cosmosOperation !== undefined ||
    (writesOnly(observation) && readsPass(observation, byNetwork.where))
  )
    return "from the same network, other operations are let in";
  if (otherContainersLetIn(observation, byNetwork.where))
    return "from the same network, calls to other containers are let in";
  if (othersLetIn(observation)) return "from the same network, other identities are let in";
  if (!hasChanged && byNetwork.refusedInside < 0.5) return "most calls from the same network succeed";
  return undefined;
}

/** Nobody is let in any more, and it is not even known who asks: the firewall comes before the token. */
function isShutOut(observation: Observation): boolean {
  const { refused, trials } = observation.tally(whereOf(observation, ["cosmosAccount"]));
  return refused >= NEARLY_ALL * trials && observation.values("cosmosPrincipal").length === 0;
}

const NEARLY_ALL = 0.9;

function judgeFirewall(observation: Observation): Judgement {
  if (observation.layer !== "cosmos") return inapplicable;
  const told = observation.reason === "firewall";
  if (privateSiblings(observation).length > 0 && !cameOpenly(observation))
    return rejected("the same application is let in over a private endpoint: its way there is what differs");
  const change = changeBefore(observation, ["firewall"], 2 * FIFTEEN_MINUTES);
  if (!told) {
    if (observation.reason !== "403") return inapplicable;
    const because = notByNetwork(observation, change !== undefined);
    if (because !== undefined) return rejected(because);
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
  const elsewhere = told ? [] : letInFrom(observation);
  const letIn: readonly Evidence[] =
    elsewhere.length === 0
      ? []
      : [
          {
            says: `The same principals are let in to the same containers from ${elsewhere.slice(0, 2).join(", ")}`,
            fields: { networks: elsewhere.length },
          },
        ];
  return {
    kind: "fits",
    confidence: told ? 0.95 : change === undefined ? unchanged(observation, elsewhere) : 0.85,
    evidence: [
      says,
      ...letIn,
      ...bestSplitEvidence(observation),
      ...(change === undefined ? [] : [changeEvidence(change)]),
    ],
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

/**
 * Without a change of the firewall. Of one client inside a network something of its own is wrong rather than its network shut
 * out: with a key its clock, else its identity.
 */
function unchanged(observation: Observation, elsewhere: readonly string[]): number {
  if (elsewhere.length > 0) return 0.75;
  const networks = observation.values("clientNetwork");
  if (networks.length !== 1 || !networks.every(({ value }) => PRIVATE.test(value))) return 0.62;
  return (keyShare(observation) ?? 0) >= 0.8 ? 0.4 : 0.5;
}

const LET_IN = 0.1;
const areLetIn = ({ refused, trials }: Tally): boolean => trials >= FEW_TRIALS && refused < LET_IN * trials;

/** From the refused networks, calls under other identities are let in. */
function othersLetIn(observation: Observation): boolean {
  if (equalSplit(observation, "cosmosPrincipal", true) === undefined) return false;
  const clientNetwork = valuesOf(observation, "clientNetwork");
  const cosmosPrincipal = valuesOf(observation, "cosmosPrincipal");
  return areLetIn(tallyBeside(observation, { clientNetwork }, { cosmosPrincipal }));
}

/** From the refused networks, calls to the account's other containers are let in, which no firewall knows. */
function otherContainersLetIn(observation: Observation, { container, clientNetwork }: Where): boolean {
  if (container === undefined || clientNetwork === undefined) return false;
  return areLetIn(tallyBeside(observation, { clientNetwork }, { container }));
}

function judgeWriteRegion(observation: Observation): Judgement {
  if (observation.layer !== "cosmos") return inapplicable;
  const told = observation.reason === "write-region";
  if (!told && observation.reason !== "403") return inapplicable;
  const isLogged = observation.values("cosmosOperation").length > 0;
  const writes = isLogged ? writeShare(observation) : shareOfFacts(observation, (fact) => fact.writes);
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
    confidence: told ? 0.96 : isLogged ? 0.8 : 0.7,
    evidence: [says, ...bestSplitEvidence(observation), ...(change === undefined ? [] : [changeEvidence(change)])],
    missing: change === undefined ? [CONTROL_PLANE] : [],
  };
}

const CONTROL_PLANE = {
  field: "ControlPlaneRequests",
  fix: "Send the account's ControlPlaneRequests here: they tell of a failover.",
};

const writesOnly = (observation: Observation): boolean => writeShare(observation) >= 0.95;

/** Reads of the refused containers are refused as well. */
const readsFail = (observation: Observation): boolean => {
  const { trials, refused } = readsOf(observation);
  return trials >= FEW_TRIALS && refused >= 0.1 * trials;
};

/** Reads of the refused containers that share what separates succeed. */
const readsPass = (observation: Observation, among: Where): boolean => areLetIn(readsOf(observation, among));

function readsOf(observation: Observation, among: Where = {}): Tally {
  const where: Where = {
    ...among,
    cosmosAccount: valuesOf(observation, "cosmosAccount"),
    container: valuesOf(observation, "container"),
  };
  const reads = observation.seen("cosmosOperation", where).filter((name) => !isWrite(name));
  return observation.tally({ ...where, cosmosOperation: reads });
}

/** A role that is missing is missing for all alike calls: a part of the writes, by nothing that is logged, is by what they hold. */
const IN_PART = 0.85;

/** No log says so, but a part of the writes alone is refused while reads pass: as full partitions and limits are. */
export const mayBeLimit = (observation: Observation): boolean =>
  observation.layer === "cosmos" &&
  observation.reason === "403" &&
  observation.inside < IN_PART &&
  !decays(observation) &&
  writesOnly(observation) &&
  !readsFail(observation);

const MAY_BE_A_LIMIT: Judgement = {
  kind: "fits",
  confidence: 0.4,
  evidence: [
    {
      says: "Only writes are refused, and no log says why: a full partition or a limit of the account looks the same",
      fields: {},
    },
  ],
  missing: [
    {
      field: "x-ms-substatus",
      fix: "Log the backend response header x-ms-substatus: 1014, 1005 and 1028 are limits, 5302 is a missing role.",
    },
  ],
};

function judgeLimit(observation: Observation): Judgement {
  if (observation.layer !== "cosmos") return inapplicable;
  const told =
    observation.reason === "limit" ||
    shareOfFacts(observation, ({ message }) => message?.toLowerCase().includes("reached maximum")) >= 0.3;
  if (!told && mayBeLimit(observation)) return MAY_BE_A_LIMIT;
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
    id: "split-dns-private-endpoint",
    names: ["clientNetwork", "region", "backend"],
    alone: true,
    judge: judgeSplitDns,
  },
  {
    id: "network-perimeter-blocked",
    names: ["clientNetwork", "region", "backend", "cosmosAccount"],
    alone: true,
    judge: judgePerimeter,
  },
  {
    id: "write-to-read-region",
    names: ["cosmosAccount", "cosmosRegion"],
    alone: true,
    judge: judgeWriteRegion,
  },
  { id: "not-authorization-limit", names: ["container", "cosmosAccount"], alone: true, judge: judgeLimit },
];
