import { columnIndex } from "../detect/columns.ts";
import { entry } from "../lib/entry.ts";
import type { Observation } from "./observation.ts";
import type { Window } from "./window.ts";

/** Symptoms of calls that carried no credential, which a client's first question does too. */
const BARE: ReadonlySet<string> = new Set(["gateway:TokenNotPresent", "gateway:401"]);
/**
 * Of the calls that what separates stands for; clients that ask twice are refused at most every other time, but for chance
 * and for second tries that fail otherwise.
 */
const NOT_ASKING_TWICE = 0.65;
const TWICE = 0.55;
const DEVIATIONS = 3;
/** Operations that a gateway's network makes without a call of the gateway in the log: then calls are missing from it. */
const MISSING = 0.5;
const MIN_OPERATIONS = 50;
const MIN_JOINED = 5;

/**
 * A call without a credential that seems unanswered, where the gateway's log is sampled: the answer may be among the calls
 * that are not in the log.
 */
export function mayBeAnswered(window: Window, { inside, refused }: Observation): boolean {
  if (!BARE.has(window.symptom.name)) return false;
  const deviation = Math.sqrt((TWICE * (1 - TWICE) * inside) / Math.max(1, refused));
  return inside < Math.max(NOT_ASKING_TWICE, TWICE + DEVIATIONS * deviation) && isSampled(window);
}

/** Most operations from networks that gateways are known to call from have no call of a gateway. */
function isSampled({ raw, calls }: Window): boolean {
  const [networks, apis] = [raw[columnIndex("clientNetwork")] ?? [], raw[columnIndex("api")] ?? []];
  const byNetwork = new Map<number, { joined: number; alone: number }>();
  for (let row = 0; row < networks.length; row++) {
    const network = networks[row] ?? -1;
    if (network < 0) continue;
    const counts = entry(byNetwork, network, () => ({ joined: 0, alone: 0 }));
    if ((apis[row] ?? -1) >= 0) counts.joined += calls[row] ?? 0;
    else counts.alone += calls[row] ?? 0;
  }
  let joined = 0;
  let alone = 0;
  for (const counts of byNetwork.values()) {
    if (counts.joined < MIN_JOINED) continue;
    joined += counts.joined;
    alone += counts.alone;
  }
  return joined + alone >= MIN_OPERATIONS && alone >= MISSING * (joined + alone);
}
