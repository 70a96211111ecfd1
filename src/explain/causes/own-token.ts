import type { Evidence } from "../../model/cause.ts";
import type { DurationMs } from "../../model/time.ts";
import { type Observation, whereOf, tallyBeside, valuesOf } from "../observation.ts";
import {
  bestSplitEvidence,
  type CauseRule,
  changeBefore,
  changeEvidence,
  equalSplit,
  inapplicable,
  type Judgement,
  rejected,
  sameWork,
  says,
  shareOfFacts,
  siblingsThatSucceed,
} from "./judgement.ts";
import { keyShare, onItems } from "./operations.ts";

/**
 * Whether a token is refused that the gateway or the application behind it got for itself, because it is past its end:
 * told by Cosmos DB or by a backend while the caller's own token was valid; `maybe` where only a 401 was logged.
 */
export function ownTokenExpired(observation: Observation): "told" | "maybe" | undefined {
  const { layer, reason } = observation;
  if (layer === "gateway") return undefined;
  if (layer === "cosmos" && (reason === "token-expired" || says(observation, "token has been expired"))) return "told";
  if (layer === "backend" && (reason === "TokenExpired" || says(observation, "token is expired", "token expired"))) {
    const valid = shareOfFacts(observation, ({ expiredMs, claimed }) =>
      expiredMs === undefined || claimed ? undefined : expiredMs < 0,
    );
    return valid >= 0.5 ? "told" : undefined;
  }
  // Some SDKs' expired tokens are answered like management operations (github.com/Azure/azure-sdk-for-python/issues/45886).
  if (layer === "cosmos" && reason === "management-operation") return onItems(observation) ? "maybe" : undefined;
  if (layer !== "cosmos" || reason !== "401") return undefined;
  return (keyShare(observation) ?? 1) < 0.2 ? "maybe" : undefined;
}

interface Instance {
  readonly name: string;
  readonly siblings: number;
  /** That the others do the same work is in a log: they serve the same operations, or call as the same principal. */
  readonly known: boolean;
}

/** Others call as the principal that an address is known to call as, to the same containers with the same program. */
function areAlike(observation: Observation, address: string): boolean {
  const cosmosPrincipal = observation.known("cosmosPrincipal", { clientNetwork: address });
  if (cosmosPrincipal.length === 0) return false;
  const same = whereOf(observation, ["cosmosAccount", "container", "userAgentFamily"]);
  const { refused, trials } = tallyBeside(observation, { ...same, cosmosPrincipal }, { clientNetwork: address });
  return trials >= FEW_TRIALS && refused < 0.1 * trials;
}

const FEW_TRIALS = 5;

/** The instance, by address or backend, that is refused while its siblings serve the same calls. */
function instanceOf(observation: Observation): Instance | undefined {
  for (const dimension of ["clientNetwork", "backend"] as const) {
    const split = equalSplit(observation, dimension);
    const name = split?.where[dimension];
    if (split === undefined || name === undefined || split.refusedInside < 0.6) continue;
    // A network that a region of the gateway calls from is no instance.
    if (name.includes("/") && equalSplit(observation, "region") !== undefined) continue;
    if (dimension === "clientNetwork" && isOfGateway(observation, name)) continue;
    const siblings = siblingsThatSucceed(observation, dimension);
    if (siblings !== undefined)
      return {
        name,
        siblings: siblings.names.length,
        known: sameWork(observation) !== undefined || areAlike(observation, name),
      };
  }
  return undefined;
}

/** What applications call Cosmos DB with, which a gateway's policy does not. */
const SDK = /cosmos|azsdk|documentdb/i;

/** Each region of the gateway calls from one network of its own, and not with an SDK: the network is the gateway's. */
function isOfGateway(observation: Observation, network: string): boolean {
  const backend = valuesOf(observation, "backend");
  if (observation.values("userAgentFamily").some(({ value }) => SDK.test(value))) return false;
  const regions = observation.known("region", { backend });
  const [own, ...further] = observation.known("region", { backend, clientNetwork: network });
  if (regions.length < 2 || own === undefined || further.length > 0) return false;
  return regions.every((region) => {
    const networks = observation.known("clientNetwork", { backend, region }).filter((value) => value.includes("/"));
    return networks.length === 1 && (region === own) === (networks[0] === network);
  });
}

/** A part of a route's calls is refused throughout, and no log has the addresses that they come to Cosmos DB from. */
const isUnseen = (observation: Observation): boolean =>
  observation.inside < 0.6 && observation.values("clientNetwork").length === 0 && observation.period() === undefined;

const AN_INSTANCE_UNSEEN: Judgement = {
  kind: "fits",
  confidence: 0.65,
  evidence: [
    {
      says: "An expired token is refused in part of a route's calls, throughout: one of several instances holds it",
      fields: {},
    },
  ],
  missing: [
    {
      field: "DataPlaneRequests",
      fix: "Send the account's DataPlaneRequests here: the address of the client tells the instance.",
    },
  ],
};

const EXPIRED = "A token that the gateway or its backend got for itself was past its end";

function judgeInstance(observation: Observation): Judgement {
  const about = ownTokenExpired(observation);
  if (about === undefined) return inapplicable;
  const instance = instanceOf(observation);
  if (instance === undefined && about === "told" && isUnseen(observation)) return AN_INSTANCE_UNSEEN;
  if (instance === undefined) return rejected("the refusals do not follow one instance");
  if (about === "maybe" && !instance.known) return rejected("no log tells which other instances do the same work");
  const evidence: Evidence = {
    says: `Only ${instance.name} is refused; ${instance.siblings} others serve the same calls`,
    fields: { instance: instance.name, others: instance.siblings },
  };
  const told: readonly Evidence[] =
    about === "told" ? [{ says: EXPIRED, fields: { reason: observation.reason, refused: observation.refused } }] : [];
  return {
    kind: "fits",
    confidence: about === "told" ? 0.94 : observation.reason === "management-operation" ? 0.85 : 0.6,
    evidence: [...told, evidence, ...bestSplitEvidence(observation)],
    missing: about === "told" ? [] : [SUB_STATUS],
  };
}

const SUB_STATUS = {
  field: "x-ms-substatus",
  fix: "Log the backend response header x-ms-substatus: 5006 tells an expired token from a wrong key.",
};

/** Tokens are kept for most of their hour: what comes back within minutes is something else. */
const SHORTEST_CACHE_MS: DurationMs = 300_000;

function judgeCached(observation: Observation): Judgement {
  const about = ownTokenExpired(observation);
  if (about === undefined) return inapplicable;
  if (instanceOf(observation) !== undefined) return rejected("only one instance is refused, the others are not");
  const period = observation.period();
  if (about === "maybe" && period === undefined) return rejected("no log says that a token had expired");
  if (about === "maybe" && period !== undefined && period.ms < SHORTEST_CACHE_MS)
    return rejected("the refusals come back faster than any cache of tokens is filled anew");
  const rhythm: readonly Evidence[] =
    period === undefined
      ? []
      : [
          {
            says: `The refusals come back every ${Math.round(period.ms / 60_000)} min, as a cache is filled anew`,
            fields: { periodMinutes: Number((period.ms / 60_000).toFixed(1)), strength: period.strength },
          },
        ];
  const told: readonly Evidence[] =
    about === "told" ? [{ says: EXPIRED, fields: { reason: observation.reason, refused: observation.refused } }] : [];
  return {
    kind: "fits",
    confidence: about === "maybe" ? confidenceByRhythm(observation) : isUnseen(observation) ? 0.5 : 0.93,
    evidence: [...told, ...rhythm, ...bestSplitEvidence(observation)],
    missing: about === "told" ? [] : [SUB_STATUS],
  };
}

const LASTING_MS: DurationMs = 900_000;

/** While a dead token is kept, it is refused to all callers and operations of the route, until the cache is filled anew. */
const confidenceByRhythm = (observation: Observation): number =>
  observation.inside >= 0.9 && (observation.period()?.ms ?? 0) >= LASTING_MS ? 0.82 : 0.6;

function judgeFormat(observation: Observation): Judgement {
  if (observation.layer !== "cosmos") return inapplicable;
  const told = observation.reason === "token-format";
  if (!told && observation.reason !== "401") return inapplicable;
  const change = changeBefore(observation, ["gateway-policy"], 900_000);
  const nameless = observation.values("credential").every(({ value }) => /^(?:invalid|none)?$/i.test(value));
  const byRoute = (["operation", "apiRevision", "api", "backend"] as const).find(
    (dimension) => equalSplit(observation, dimension) !== undefined,
  );
  if (!told && (!nameless || byRoute === undefined || (change === undefined && observation.inside < 0.9)))
    return rejected("no log says that the Authorization header was malformed");
  const evidence: Evidence = {
    says: told
      ? "Cosmos DB could not read the Authorization header: it wants type=aad&ver=1.0&sig=…, not Bearer"
      : "Cosmos DB took the call for one without a credential",
    fields: { reason: observation.reason, refused: observation.refused },
  };
  return {
    kind: "fits",
    confidence: told ? 0.95 : formatConfidence(observation, change),
    evidence: [evidence, ...bestSplitEvidence(observation), ...(change === undefined ? [] : [changeEvidence(change)])],
    missing: told ? [] : [SUB_STATUS],
  };
}

const AT_ONCE_MS: DurationMs = 120_000;

/** A policy that was written wrong fails each call of its route from then on. */
function formatConfidence({ inside }: Observation, change: ReturnType<typeof changeBefore>): number {
  if (change === undefined) return 0.45;
  return change.lagMs <= AT_ONCE_MS && inside >= 0.9 ? 0.75 : 0.62;
}

/** Causes that lie in the token or header which the gateway or its backend uses for itself. */
export const ownTokenCauses: readonly CauseRule[] = [
  {
    id: "instance-dead-token",
    names: ["clientNetwork", "backend", "cosmosPrincipal"],
    alone: true,
    judge: judgeInstance,
  },
  {
    id: "cached-token-outlived",
    names: ["backend", "api", "region", "cosmosPrincipal", "clientNetwork"],
    alone: false,
    judge: judgeCached,
  },
  {
    id: "cosmos-authorization-format",
    names: ["operation", "apiRevision", "api", "backend"],
    alone: false,
    judge: judgeFormat,
  },
];
