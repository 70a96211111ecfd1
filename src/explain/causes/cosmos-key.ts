import type { Evidence } from "../../model/cause.ts";
import type { ChangeSeen, Observation } from "../observation.ts";
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
import { keyShare, othersPass, writeShare } from "./operations.ts";
import { signedWrites } from "./said.ts";
import { mayBeStale } from "./secrets.ts";

const isReadOnly = (credential: string): boolean => /readonly/i.test(credential);

/** A 401 of Cosmos that may be about a key. */
const mayBeKey = (observation: Observation): boolean =>
  observation.layer === "cosmos" && ["401", "wrong-key", "insufficient-key", "untold"].includes(observation.reason);

const KEY_MADE_MS = 86_400_000;

/**
 * No data-plane record tells the key, but Cosmos DB repeats what was signed, or else the methods tell: writes alone, while
 * the backend's other operations succeed, and no key was regenerated.
 */
const onlyWrites = (observation: Observation): boolean =>
  observation.values("credential").length === 0 &&
  (signedWrites(observation) ?? shareOfFacts(observation, ({ writes }) => writes)) >= 0.95 &&
  othersPass(observation) &&
  changeBefore(observation, ["key-regenerated"], KEY_MADE_MS) === undefined;

function asWrites(observation: Observation): Judgement {
  const isSigned = signedWrites(observation) !== undefined;
  const by = isSigned ? "the payload that Cosmos DB says was signed" : "the methods of the calls";
  return {
    kind: "fits",
    confidence: isSigned ? 0.82 : 0.72,
    evidence: [
      {
        says: `Only writes are refused, by ${by}; the backend's other operations succeed, and no key was seen to be regenerated`,
        fields: { refused: observation.refused },
      },
      ...bestSplitEvidence(observation),
    ],
    missing: [
      {
        field: "DataPlaneRequests",
        fix: "Send the account's DataPlaneRequests here: they tell which key was used, and whether it is a read-only one.",
      },
    ],
  };
}

function judgeReadOnly(observation: Observation): Judgement {
  const forbiddenKey =
    observation.layer === "cosmos" && observation.reason === "403" && (keyShare(observation) ?? 0) > 0.8;
  if (!mayBeKey(observation) && !forbiddenKey) return inapplicable;
  const readOnly = observation
    .values("credential")
    .filter(({ value }) => isReadOnly(value))
    .reduce((sum, { share }) => sum + share, 0);
  if (onlyWrites(observation)) return asWrites(observation);
  if (writeShare(observation) < 0.9) return rejected("reads are refused as well");
  if (readOnly < 0.6 && observation.reason !== "insufficient-key")
    return rejected("the refused writes do not use a read-only key");
  const says: Evidence = {
    says: "Only writes are refused, and they are signed with a read-only key",
    fields: { writes: Number(writeShare(observation).toFixed(2)), readOnlyKey: Number(readOnly.toFixed(2)) },
  };
  return {
    kind: "fits",
    confidence: readOnly >= 0.6 ? 0.95 : 0.7,
    evidence: [says, ...bestSplitEvidence(observation)],
  };
}

function judgeRotated(observation: Observation): Judgement {
  if (!mayBeKey(observation)) return inapplicable;
  const share = keyShare(observation);
  if (share !== undefined && share < 0.5) return rejected("the refused operations do not use an account key");
  if (
    observation.values("credential").some(({ value, share: part }) => isReadOnly(value) && part > 0.6) &&
    writeShare(observation) > 0.9
  )
    return rejected("only writes with a read-only key are refused");
  if (onlyWrites(observation))
    return rejected(
      "only writes are refused, and no key was seen to be regenerated: a new key is needed for reads too",
    );
  if (mayBeStale(observation)) return rejected("the gateway reads the key from a vault in which it was replaced");
  const change = changeBefore(observation, ["key-regenerated"], KEY_MADE_MS);
  const split = equalSplit(observation, "credential");
  const told = observation.reason === "wrong-key";
  if (!told && share === undefined) return rejected("no data-plane record tells which credential was used");
  if (!told && change === undefined && observation.inside < 0.6) {
    return rejected("most calls with the same key succeed, and no key was seen to be regenerated");
  }
  const confidence = (told ? 0.8 : 0.6) + (change === undefined ? 0 : 0.14) + (split === undefined ? 0 : 0.05);
  const says: Evidence = {
    says: told
      ? "Cosmos DB found a signature that does not match the account's key"
      : "Cosmos DB refused an account key",
    fields: { reason: observation.reason },
  };
  return {
    kind: "fits",
    confidence: Math.min(0.96, confidence),
    evidence: [says, ...bestSplitEvidence(observation), ...(change === undefined ? [] : [changeEvidence(change)])],
    missing:
      change === undefined
        ? [
            {
              field: "Activity log: databaseAccounts/regenerateKey",
              fix: "Send the subscription's Activity log (Administrative) to the same place: it holds the key regeneration.",
            },
          ]
        : [],
  };
}

/** The change was begun when calls were refused already, and a new key had been made before. */
function isAfterNewKey(observation: Observation, { lagMs }: ChangeSeen): boolean {
  const made = changeBefore(observation, ["key-regenerated"], KEY_MADE_MS);
  return lagMs < 0 && made !== undefined && made.lagMs >= 0;
}

function judgeLocalAuth(observation: Observation): Judgement {
  if (observation.layer !== "cosmos") return inapplicable;
  const told = observation.reason === "local-auth-disabled";
  if (!told && observation.reason !== "401") return inapplicable;
  const change = changeBefore(observation, ["local-auth-disabled"], 3_600_000);
  if (!told && change === undefined)
    return rejected("no change of disableLocalAuth was seen, and Cosmos DB did not say so");
  if (!told && change !== undefined && isAfterNewKey(observation, change))
    return rejected("a key was regenerated before the onset, and local authorization was disabled only after it");
  if ((keyShare(observation) ?? 1) < 0.5) return rejected("the refused operations do not use an account key");
  const says: Evidence = {
    says: told
      ? "Cosmos DB says that local authorization is disabled"
      : "Keys are refused since local authorization was disabled",
    fields: { reason: observation.reason },
  };
  return {
    kind: "fits",
    confidence: told ? 0.96 : 0.85,
    evidence: [says, ...bestSplitEvidence(observation), ...(change === undefined ? [] : [changeEvidence(change)])],
  };
}

/** Causes that lie in account keys and their signatures. */
export const cosmosKeyCauses: readonly CauseRule[] = [
  {
    id: "read-only-key-write",
    names: ["credential", "cosmosOperation", "backend"],
    alone: true,
    judge: judgeReadOnly,
  },
  { id: "key-rotated", names: ["credential", "backend", "clientNetwork"], alone: true, judge: judgeRotated },
  { id: "local-auth-disabled", names: ["credential", "cosmosAccount", "backend"], alone: true, judge: judgeLocalAuth },
];
