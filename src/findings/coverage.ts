import type { CallRow } from "../correlate/call-row.ts";
import { addNumber, createDDSketch, type DDSketch } from "../lib/ddsketch.ts";
import { endsWithLower } from "../lib/ends-with.ts";
import { clearPages, coverIds, createIntPages, intAt, type IntPages, setInt } from "../lib/int-pages.ts";
import type { Call } from "../model/call.ts";
import * as row from "../model/event-table.ts";
import { DOUBLES, WORDS } from "../model/event-table.ts";
import { type Names, nameText } from "../model/names.ts";
import type { BlindSpot } from "../model/finding.ts";
import { type Bounds, boundSpots } from "./bounds.ts";

interface Seen {
  readonly name: string;
  calls: number;
  claims: number;
  refused: number;
  told: number;
  /** Of the gateway's total time in milliseconds, where it was logged. */
  readonly latency: DDSketch;
}

/** Counts by name, in the order of first appearance, at most `MAX_NAMES` of them. */
interface Named<T> {
  readonly places: Map<string, number>;
  readonly list: T[];
}

interface Count {
  readonly name: string;
  count: number;
}

/** What the logs let one see, by API and account: from it the blind spots are named. */
export interface Coverage {
  readonly apis: Named<Seen>;
  /** Calls whose backend is Cosmos itself, and how many of them were joined. */
  cosmosCalls: number;
  cosmosJoined: number;
  /** Operations signed with an account key, by account. */
  readonly keys: Named<Count>;
  /** 401/403 that are not about authorization, by reason. */
  readonly lookAlikes: Named<Count>;
  truncated: number;
  /** Partition → sequence numbers that were gone before they could be read. */
  readonly gaps: Map<string, number>;
  /** Names of APIs, accounts and reasons beyond what is kept. */
  unnamed: number;
  /** By name id: place among the APIs and among the accounts + 1, or `UNNAMED`; and whether a credential is an account key. */
  readonly byName: IntPages;
}

const UNNAMED = -1;
// Columns of `byName`.
const API = 0;
const ACCOUNT = 1;
const IS_KEY = 2;
// Whether a credential is an account key.
const KEY = 1;
const NO_KEY = 2;

/** Joins without an id: their number, and the sum of their probabilities. */
export interface InferredMean {
  readonly count: number;
  readonly sum: number;
}

const noNames = <T>(): Named<T> => ({ places: new Map(), list: [] });

export const createCoverage = (): Coverage => ({
  apis: noNames(),
  cosmosCalls: 0,
  cosmosJoined: 0,
  keys: noNames(),
  lookAlikes: noNames(),
  truncated: 0,
  gaps: new Map(),
  unnamed: 0,
  byName: createIntPages(3),
});

/** Name ids are given anew: what was remembered by them is forgotten; no result changes. */
export const forgetCoveredNames = ({ byName }: Coverage): void => clearPages(byName);

/** Counts what a source could not deliver any more; both ends are included. */
export function noteGap(
  coverage: Coverage,
  partition: string,
  gap: { readonly from: number; readonly to: number },
): void {
  coverage.gaps.set(partition, (coverage.gaps.get(partition) ?? 0) + gap.to - gap.from + 1);
}

const MAX_NAMES = 1_000;

export function cover(coverage: Coverage, call: CallRow): void {
  coverIds(coverage.byName, call.names.texts.length);
  if (call.gateway >= 0) coverGateway(coverage, call);
  const { table, names, operations } = call;
  for (const place of operations) {
    if (isAccountKey(coverage, names, table.words[WORDS * place + row.CREDENTIAL] ?? 0))
      coverAccount(coverage, names, table.words[WORDS * place + row.OWNER] ?? 0);
  }
  if (call.call?.outcome.kind !== "look-alike") return;
  const { reason } = call.call.outcome;
  const place = placeOf(coverage.lookAlikes, reason, { name: reason, count: 0 });
  bump(coverage, coverage.lookAlikes, place);
}

function coverGateway(coverage: Coverage, { table, names, gateway, match, call }: CallRow): void {
  const { words } = table;
  const at = WORDS * gateway;
  const traits = words[at + row.TRAITS] ?? 0;
  const seen = seenApi(coverage, names, words[at + row.API] ?? 0);
  if (seen === undefined) coverage.unnamed += 1;
  else {
    seen.calls += 1;
    addNumber(seen.latency, table.doubles[DOUBLES * gateway + row.TOTAL_MS_D] ?? Number.NaN);
    if ((traits & row.HAS_CLAIMS) !== 0) seen.claims += 1;
    if (call !== undefined) coverRefusal(seen, call);
  }
  if ((traits & row.TRUNCATED) !== 0) coverage.truncated += 1;
  if ((traits & row.COSMOS_BACKEND) === 0) return;
  coverage.cosmosCalls += 1;
  if (match === "exact") coverage.cosmosJoined += 1;
}

function coverRefusal(seen: Seen, { outcome }: Call): void {
  if (outcome.kind !== "refused" || outcome.layer !== "cosmos") return;
  seen.refused += 1;
  if (outcome.reason !== String(outcome.status)) seen.told += 1;
}

/** What is counted of an API; undefined for one beyond what is kept. */
function seenApi({ apis, byName }: Coverage, names: Names, name: number): Seen | undefined {
  const known = intAt(byName, name, API);
  if (known !== 0) return known === UNNAMED ? undefined : apis.list[known - 1];
  const api = nameText(names, name) ?? "(no api)";
  const place = placeOf(apis, api, { name: api, calls: 0, claims: 0, refused: 0, told: 0, latency: createDDSketch() });
  setInt(byName, name, API, place < 0 ? UNNAMED : place + 1);
  return place < 0 ? undefined : apis.list[place];
}

function coverAccount(coverage: Coverage, names: Names, name: number): void {
  let known = intAt(coverage.byName, name, ACCOUNT);
  if (known === 0) {
    const account = nameText(names, name) ?? "";
    const place = placeOf(coverage.keys, account, { name: account, count: 0 });
    known = place < 0 ? UNNAMED : place + 1;
    setInt(coverage.byName, name, ACCOUNT, known);
  }
  bump(coverage, coverage.keys, known - 1);
}

function isAccountKey({ byName }: Coverage, names: Names, name: number): boolean {
  if (name === 0) return false;
  const known = intAt(byName, name, IS_KEY);
  if (known !== 0) return known === KEY;
  const is = endsWithLower(names.texts[name] ?? "", "masterkey");
  setInt(byName, name, IS_KEY, is ? KEY : NO_KEY);
  return is;
}

/** Place of a name, which gets `first` where it is new; -1 when there are too many. */
function placeOf<T>({ places, list }: Named<T>, name: string, first: T): number {
  const known = places.get(name);
  if (known !== undefined) return known;
  if (list.length >= MAX_NAMES) return -1;
  places.set(name, list.length);
  list.push(first);
  return list.length - 1;
}

function bump(coverage: Coverage, { list }: Named<Count>, place: number): void {
  const count = place < 0 ? undefined : list[place];
  if (count === undefined) coverage.unnamed += 1;
  else count.count += 1;
}

/** Total time of the gateway by API, of those that were logged. */
export const apiLatencies = ({ apis }: Coverage): readonly { readonly api: string; readonly latency: DDSketch }[] =>
  apis.list.filter(({ latency }) => latency.count > 0).map(({ name, latency }) => ({ api: name, latency }));

/** What could not be seen, with the way to see it; most traffic first. */
export function blindSpots(
  coverage: Coverage,
  bounds: Bounds & { readonly inferred: InferredMean },
): readonly BlindSpot[] {
  return [
    ...coverage.apis.list
      .toSorted((a, b) => b.calls - a.calls)
      .slice(0, 20)
      .flatMap((seen) => apiSpots(seen)),
    ...coverage.keys.list.map(keySpot),
    ...coverage.lookAlikes.list.map(lookAlikeSpot),
    ...[...coverage.gaps].map(([partition, count]) => gapSpot(partition, count)),
    ...joinSpot(coverage),
    ...inferredSpot(bounds.inferred),
    ...truncatedSpot(coverage),
    ...boundSpots(bounds),
  ];
}

function apiSpots(seen: Seen): readonly BlindSpot[] {
  const api = seen.name;
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

const keySpot = ({ name: account, count }: Count): BlindSpot => ({
  id: "account-key-in-use",
  scope: `account:${account}`,
  says: `${count} operations on ${account} were signed with an account key: a key names no caller.`,
  fix: "Move the callers to Entra identities, then set disableLocalAuth on the account.",
});

const lookAlikeSpot = ({ name: reason, count }: Count): BlindSpot => ({
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
      says: `${coverage.cosmosCalls - coverage.cosmosJoined} of ${coverage.cosmosCalls} calls to Cosmos DB have no data-plane record with an id of theirs.`,
      fix: `${JOIN_FIX}; send DataPlaneRequests here too.`,
    },
  ];
}

const JOIN_FIX =
  "Set the header x-ms-activity-id to the request id in the policy, or log the backend response header x-ms-activity-id";

function inferredSpot({ count, sum }: InferredMean): readonly BlindSpot[] {
  if (count === 0) return [];
  const says = count === 1 ? "1 call was" : `${count} calls were`;
  return [
    {
      id: "inferred-joins",
      scope: "input",
      says: `${says} joined with an operation by times, statuses and kinds alone, with a mean probability of ${(Math.floor((1_000 * sum) / count) / 1_000).toFixed(3)}: none is certain, and no finding rests on them.`,
      fix: `${JOIN_FIX}.`,
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
