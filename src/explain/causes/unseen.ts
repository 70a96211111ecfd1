import type { CauseId } from "../../model/cause.ts";
import type { ChangeKind } from "../../model/event.ts";
import type { DurationMs } from "../../model/time.ts";
import { type Observation, valuesOf } from "../observation.ts";
import { bestSplitEvidence, changeEvidence, inapplicable, type Judgement } from "./judgement.ts";

/** What an account begins to refuse by a change, though only the application in front of it is seen to refuse. */
interface Unseen {
  readonly status: 401 | 403;
  readonly kinds: readonly ChangeKind[];
  readonly action?: "delete";
  /** How long after the change the refusals begin at most. */
  readonly clockMs: DurationMs;
  readonly confidence: number;
  readonly says: string;
  /** It makes the account refuse some of a backend's operations, not all of them. */
  readonly inPart?: boolean;
}

const MINUTES = 60_000;

const BY_CAUSE: ReadonlyMap<CauseId, Unseen> = new Map<CauseId, Unseen>([
  [
    "local-auth-disabled",
    {
      status: 401,
      kinds: ["local-auth-disabled"],
      clockMs: 15 * MINUTES,
      confidence: 0.8,
      says: "The backend is refused since local authorization was disabled on an account",
    },
  ],
  [
    "key-rotated",
    {
      status: 401,
      kinds: ["key-regenerated"],
      clockMs: 5 * MINUTES,
      confidence: 0.5,
      says: "The backend is refused since an account's key was regenerated",
    },
  ],
  [
    "firewall-blocked",
    {
      status: 403,
      kinds: ["firewall"],
      clockMs: 20 * MINUTES,
      confidence: 0.6,
      says: "The backend is refused since an account's firewall was changed",
    },
  ],
  [
    "container-recreated",
    {
      status: 401,
      kinds: ["container"],
      action: "delete",
      clockMs: 5 * MINUTES,
      confidence: 0.72,
      says: "Some of the backend's operations are refused since a container was deleted and made anew",
      inPart: true,
    },
  ],
  [
    "role-assignment-propagating-or-missing",
    {
      status: 403,
      kinds: ["role-assignment"],
      action: "delete",
      clockMs: 20 * MINUTES,
      confidence: 0.72,
      says: "The backend is refused since a role assignment was deleted",
    },
  ],
]);

const SLACK_MS = 120_000;
const MOST = 0.5;

/** All that the refused backends do is refused alike. */
function isWhole(observation: Observation): boolean {
  const backend = valuesOf(observation, "backend");
  if (backend.length === 0) return true;
  const { refused, trials } = observation.tally({ backend });
  return refused >= MOST * trials;
}

/**
 * A backend passes on a refusal that says nothing, and no log tells of the accounts that it calls: a change that makes an
 * account refuse, moments before most of its calls began to fail, is the likeliest reason that can be named.
 */
export function judgeUnseen(id: CauseId, observation: Observation): Judgement {
  const unseen = BY_CAUSE.get(id);
  if (unseen === undefined || observation.layer !== "backend" || observation.reason !== String(unseen.status))
    return inapplicable;
  const found = observation.changes.find(
    ({ change, lagMs }) =>
      unseen.kinds.includes(change.change) &&
      (unseen.action === undefined || change.action === unseen.action) &&
      lagMs >= -SLACK_MS &&
      lagMs <= unseen.clockMs,
  );
  if (found === undefined || observation.inside < MOST) return inapplicable;
  if ((unseen.inPart ?? false) === isWhole(observation)) return inapplicable;
  return {
    kind: "fits",
    confidence: unseen.confidence,
    evidence: [
      { says: unseen.says, fields: { resource: found.change.resource, refused: observation.refused } },
      changeEvidence(found),
      ...bestSplitEvidence(observation),
    ],
    missing: [
      {
        field: "DataPlaneRequests",
        fix: "Send the account's DataPlaneRequests here: they tell whether Cosmos DB refuses the backend, and how.",
      },
    ],
  };
}
