import { isCosmosBackend } from "../normalize/cosmos-backend.ts";
import type { Call } from "../model/call.ts";
import type { BlindSpot } from "../model/finding.ts";
import { type Bounds, boundSpots } from "./bounds.ts";

interface Seen {
  calls: number;
  claims: number;
  refused: number;
  told: number;
}

/** What the logs let one see, by API and account: from it the blind spots are named. */
export interface Coverage {
  readonly apis: Map<string, Seen>;
  /** Calls whose backend is Cosmos itself, and how many of them were joined. */
  cosmosCalls: number;
  cosmosJoined: number;
  /** Account → operations signed with an account key. */
  readonly keys: Map<string, number>;
  /** 401/403 that are not about authorization, by reason. */
  readonly lookAlikes: Map<string, number>;
  truncated: number;
  /** Partition → sequence numbers that were gone before they could be read. */
  readonly gaps: Map<string, number>;
  /** Names of APIs, accounts and reasons beyond what is kept. */
  unnamed: number;
}

export const createCoverage = (): Coverage => ({
  apis: new Map(),
  cosmosCalls: 0,
  cosmosJoined: 0,
  keys: new Map(),
  lookAlikes: new Map(),
  truncated: 0,
  gaps: new Map(),
  unnamed: 0,
});

/** Counts what a source could not deliver any more; both ends are included. */
export function noteGap(
  coverage: Coverage,
  partition: string,
  gap: { readonly from: number; readonly to: number },
): void {
  coverage.gaps.set(partition, (coverage.gaps.get(partition) ?? 0) + gap.to - gap.from + 1);
}

const MAX_NAMES = 1_000;

export function cover(coverage: Coverage, call: Call): void {
  const { gateway, outcome } = call;
  if (gateway !== undefined) {
    const seen = seenApi(coverage, gateway.api ?? "(no api)");
    seen.calls += 1;
    if (gateway.claims !== undefined) seen.claims += 1;
    if (outcome.kind === "refused" && outcome.layer === "cosmos") {
      seen.refused += 1;
      if (outcome.reason !== String(outcome.status)) seen.told += 1;
    }
    if (gateway.truncated) coverage.truncated += 1;
    if (isCosmosBackend(gateway)) {
      coverage.cosmosCalls += 1;
      if (call.operations.length > 0) coverage.cosmosJoined += 1;
    }
  }
  if (outcome.kind === "look-alike") bump(coverage, coverage.lookAlikes, outcome.reason);
  for (const operation of call.operations) {
    if (operation.credential?.toLowerCase().endsWith("masterkey") === true)
      bump(coverage, coverage.keys, operation.account);
  }
}

function seenApi(coverage: Coverage, api: string): Seen {
  const known = coverage.apis.get(api);
  if (known !== undefined) return known;
  const seen = { calls: 0, claims: 0, refused: 0, told: 0 };
  if (coverage.apis.size < MAX_NAMES) coverage.apis.set(api, seen);
  else coverage.unnamed += 1;
  return seen;
}

function bump(coverage: Coverage, counts: Map<string, number>, name: string): void {
  if (counts.has(name) || counts.size < MAX_NAMES) counts.set(name, (counts.get(name) ?? 0) + 1);
  else coverage.unnamed += 1;
}

/** What could not be seen, with the way to see it; most traffic first. */
export function blindSpots(coverage: Coverage, bounds: Bounds): readonly BlindSpot[] {
  return [
    ...[...coverage.apis]
      .toSorted((a, b) => b[1].calls - a[1].calls)
      .slice(0, 20)
      .flatMap(([api, seen]) => apiSpots(api, seen)),
    ...[...coverage.keys].map(([account, count]) => keySpot(account, count)),
    ...[...coverage.lookAlikes].map(([reason, count]) => lookAlikeSpot(reason, count)),
    ...[...coverage.gaps].map(([partition, count]) => gapSpot(partition, count)),
    ...joinSpot(coverage),
    ...truncatedSpot(coverage),
    ...boundSpots(bounds),
  ];
}

function apiSpots(api: string, seen: Seen): readonly BlindSpot[] {
  const spots: BlindSpot[] = [];
  if (seen.calls >= 20 && seen.claims < 0.5 * seen.calls) {
    spots.push({
      id: "no-claims-trace",
      scope: `api:${api}`,
      says: `${seen.calls - seen.claims} of ${seen.calls} calls to ${api} carry no claims: which application called is unknown.`,
      fix: "Add the scopetrail-claims trace to the API's policy, and set the diagnostics' verbosity to information.",
    });
  }
  if (seen.refused >= 5 && seen.told < 0.5 * seen.refused) {
    spots.push({
      id: "no-sub-status",
      scope: `api:${api}`,
      says: `${seen.refused - seen.told} of ${seen.refused} refusals by Cosmos DB behind ${api} have no sub-status.`,
      fix: "Log the backend response headers x-ms-substatus and x-ms-activity-id in the API's diagnostics.",
    });
  }
  return spots;
}

const keySpot = (account: string, count: number): BlindSpot => ({
  id: "account-key-in-use",
  scope: `account:${account}`,
  says: `${count} operations on ${account} were signed with an account key: a key names no caller.`,
  fix: "Move the callers to Entra identities, then set disableLocalAuth on the account.",
});

const lookAlikeSpot = (reason: string, count: number): BlindSpot => ({
  id: "not-authorization",
  scope: `cosmos:${reason}`,
  says:
    reason === "write-region"
      ? `${count === 1 ? "1 call" : `${count} calls`} got a 403 because the Cosmos DB region does not take writes: not about authorization.`
      : `${count === 1 ? "1 call" : `${count} calls`} got a 403 because a limit of Cosmos DB was reached: not about authorization.`,
  fix:
    reason === "write-region"
      ? "Send writes to the region that takes them (az cosmosdb show --query writeLocations)."
      : "Look at the sub-status: a full partition key (1014), a throughput cap (1028) or a lost customer-managed key (4000-4019).",
});

const gapSpot = (partition: string, count: number): BlindSpot => ({
  id: "source-gap",
  scope: `partition:${partition}`,
  says: `${count} events of ${partition} were past the hub's retention before they could be read: what they held is missing.`,
  fix: "Keep events longer in the hub (retention), or let Scopetrail run without long pauses.",
});

function joinSpot(coverage: Coverage): readonly BlindSpot[] {
  if (coverage.cosmosCalls < 20 || coverage.cosmosJoined >= 0.5 * coverage.cosmosCalls) return [];
  return [
    {
      id: "no-join",
      scope: "input",
      says: `${coverage.cosmosCalls - coverage.cosmosJoined} of ${coverage.cosmosCalls} calls to Cosmos DB have no matching data-plane record.`,
      fix: "Set the header x-ms-activity-id to the request id in the policy, or log the backend response header x-ms-activity-id; send DataPlaneRequests here too.",
    },
  ];
}

function truncatedSpot({ truncated }: Coverage): readonly BlindSpot[] {
  if (truncated === 0) return [];
  return [
    {
      id: "truncated-entries",
      scope: "input",
      says: `${truncated} gateway entries were over 32 KB and lost their bodies and traces: their callers are unknown.`,
      fix: "Log fewer body bytes in the API's diagnostics.",
    },
  ];
}
