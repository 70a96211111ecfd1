import type { DataPlaneOperation } from "../model/event.ts";
import { type DurationMs, type Instant, msBetween } from "../model/time.ts";

/** When Cosmos DB last said that a container or account reached a limit, again and again without a longer pause. */
export interface LimitTold {
  readonly from: Instant;
  readonly to: Instant;
  readonly count: number;
}

export interface Limits {
  /** By account and container, or by account for what is of all its containers; the one told of longest ago first. */
  readonly told: Map<string, LimitTold>;
  /** Containers forgotten because there were too many. */
  forgotten: number;
}

export const createLimits = (): Limits => ({ told: new Map(), forgotten: 0 });

const MOST = 1_000;
const PAUSE_MS: DurationMs = 3_600_000;

export const limitKey = (account: string, container: string): string => `${account}\u0000${container}`;
export const OF_ACCOUNT = "";

/** Sub-statuses from here on are of the whole account, such as that its own key is revoked (4009). */
const OF_ACCOUNT_FROM = 4_000;

/** Notes that a 403 of an operation was a limit, no matter of authorization; of too many containers the oldest is forgotten. */
export function noteLimit(
  limits: Limits,
  { account, container }: DataPlaneOperation,
  told: { readonly subStatus: number | undefined; readonly at: Instant },
): void {
  const { at, subStatus = 0 } = told;
  if (account === undefined || container === undefined) return;
  const key = limitKey(account, subStatus >= OF_ACCOUNT_FROM ? OF_ACCOUNT : container);
  const { told: byKey } = limits;
  const known = byKey.get(key);
  const goesOn = known !== undefined && msBetween(at, known.to) <= PAUSE_MS;
  byKey.delete(key);
  byKey.set(key, { from: goesOn ? known.from : at, to: at, count: goesOn ? known.count + 1 : 1 });
  const [oldest] = byKey.size > MOST ? byKey.keys() : [];
  if (oldest === undefined) return;
  byKey.delete(oldest);
  limits.forgotten += 1;
}
