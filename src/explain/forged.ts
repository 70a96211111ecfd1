import { isBetween } from "./span.ts";
import type { Context } from "./context.ts";
import { oddsOfLoss, type Refusals } from "./loss.ts";
import { factsOf, idIn, idsIn } from "./window.ts";

/** What `validate-jwt` says of a signature that the key named in the token did not make; of an unknown key it says otherwise. */
const BAD_SIGNATURE = "TokenSignatureInvalid";
const NEARLY_ALL = 0.9;
/** A client that breaks its own tokens is that much rarer than somebody who cannot sign. */
const OF_CLIENTS = 1 / 10_000;

/**
 * Tokens that name a key by which the same APIs accept others' in the same time, with signatures that it did not make, while
 * nobody's calls are missed: forgeries.
 */
export function areForged(context: Context, refusals: Refusals): boolean {
  const { window } = context;
  const { refused, span } = refusals;
  const bad = refused.filter((row) => factsOf(window, row)?.reason === BAD_SIGNATURE);
  if (window.symptom.layer !== "gateway" || bad.length < NEARLY_ALL * refused.length) return false;
  const apis = idsIn(window, "api", bad);
  const accepted = new Set<number>();
  for (let row = window.refused; row < window.time.length; row++) {
    if (isBetween(span, window.time[row] ?? 0) && apis.has(idIn(window, "api", row)))
      accepted.add(idIn(window, "keyId", row));
  }
  accepted.delete(-1);
  const known = bad.filter((row) => accepted.has(idIn(window, "keyId", row)));
  return known.length >= NEARLY_ALL * refused.length && OF_CLIENTS * oddsOfLoss(window, refusals) < 1;
}
