import type { DataPlaneOperation } from "../model/event.ts";
import type { DurationMs, Instant } from "../model/time.ts";
import { noteSpell, type Spell } from "./spells.ts";

export interface Limits {
  /**
   * When Cosmos DB said that a container or account reached a limit: by account and container, or by account for what is of
   * all its containers; the one told of longest ago first.
   */
  readonly told: Map<string, Spell>;
  /** Containers forgotten because there were too many. */
  forgotten: number;
}

export const createLimits = (): Limits => ({ told: new Map(), forgotten: 0 });

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
  if (noteSpell(limits.told, key, { at, pauseMs: PAUSE_MS })) limits.forgotten += 1;
}
