import type { Client } from "../model/privilege.ts";
import { instantFromTicks } from "../model/time.ts";
import { type ClientCalls, clientParts, type Ledger } from "./ledger.ts";

/** Clients of signers in an account, most calls first. */
export function clientsOf(
  ledger: Ledger,
  { account, signers }: { readonly account: string; readonly signers: readonly string[] },
): readonly Client[] {
  const { texts, textIds } = ledger;
  return signers
    .flatMap((signer) =>
      [...merged(ledger, `${textIds.get(account) ?? -1}|${textIds.get(signer) ?? -1}`)].map(([key, seen]) => {
        const [network = "", userAgent = ""] = clientParts(key).map((id) => texts[id]);
        const credential = signer.slice(signer.indexOf(":") + 1);
        return { network, userAgent, credential, calls: seen.calls, firstUsed: seen.first, lastUsed: seen.last };
      }),
    )
    .toSorted((a, b) => b.calls - a.calls || (a.network < b.network ? -1 : 1));
}

/** Logs of several grains tell of the same calls: the greatest count is taken, never their sum. */
function merged({ clients }: Ledger, whose: string): ReadonlyMap<number, ClientCalls> {
  const [one, ...others] = clients.flatMap((ofGrain) => ofGrain.get(whose) ?? []);
  if (others.length === 0) return one ?? new Map();
  const all = new Map(one);
  for (const ofGrain of others)
    for (const [key, seen] of ofGrain) {
      const known = all.get(key) ?? seen;
      all.set(key, {
        calls: Math.max(known.calls, seen.calls),
        first: instantFromTicks(Math.min(known.first, seen.first)),
        last: instantFromTicks(Math.max(known.last, seen.last)),
      });
    }
  return all;
}
