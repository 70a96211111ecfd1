import type { Change, Event, Sign } from "../model/event.ts";
import { type DurationMs, plusMs } from "../model/time.ts";

/** What may explain the refusals that come after it: changes of the control plane, and signs of sign-ins and Key Vaults. */
export interface Changes {
  /** Of the last two days, oldest first. */
  readonly recent: Change[];
  /** Of the last two days, oldest first: failures, writes of secrets, and what gateways read. */
  readonly signs: Sign[];
  /** Changes and signs younger than that, given up because there were too many. */
  dropped: number;
}

const REACH_MS: DurationMs = 2 * 86_400_000;
const MOST = 5_000;

export const createChanges = (): Changes => ({ recent: [], signs: [], dropped: 0 });

/** Adds what may explain later refusals, in the order of event time; any other event is none of them. */
export function rememberChange(changes: Changes, event: Event | undefined): void {
  if (event?.kind === "change") remember(changes, changes.recent, event);
  else if ((event?.kind === "sign-in" || event?.kind === "secret-access") && isSign(event))
    remember(changes, changes.signs, event);
}

function remember<T extends Change | Sign>(changes: Changes, recent: T[], event: T): void {
  recent.push(event);
  const oldest = plusMs(event.time, -REACH_MS);
  while ((recent[0]?.time ?? oldest) < oldest) recent.shift();
  if (recent.length <= MOST) return;
  recent.shift();
  changes.dropped += 1;
}

/** Operations of Key Vault's audit log that write a secret or switch it off (learn.microsoft.com/azure/key-vault/general/logging). */
const WRITES = /^secret(?:set|update|delete|disable|restore|recover|rotate)|rotat|newversion/i;

export const writesSecret = ({ operation }: { readonly operation: string }): boolean => WRITES.test(operation);

/** A vault answers the first call of every client with a 401 that only asks for a token. */
const isChallenge = (operation: string): boolean => operation.toLowerCase() === "authentication";

function isSign(event: Sign): boolean {
  if (event.kind === "sign-in") return event.errorCode !== 0;
  if (isChallenge(event.operation)) return false;
  return event.status >= 400 || writesSecret(event) || isGateways(event);
}

/** Of the managed identity of an API Management service. */
export const isGateways = ({ ownerResource }: { readonly ownerResource?: string }): boolean =>
  ownerResource?.includes("/microsoft.apimanagement/service/") === true;

/** States of a subscription whose key the gateway accepts nowhere (learn.microsoft.com/rest/api/apimanagement/subscription). */
const OFF: ReadonlySet<string> = new Set(["suspended", "cancelled", "rejected", "expired"]);

/** A subscription was switched off: only the record of the request holds the state. */
export const isSwitchedOff = ({ change, details }: Change): boolean =>
  change === "subscription" && OFF.has(details.get("state")?.toLowerCase() ?? "");
