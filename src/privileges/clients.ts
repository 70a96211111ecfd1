import type { Client } from "../model/privilege.ts";
import { instantFromTicks } from "../model/time.ts";
import { type ClientCalls, clientsOfCaller } from "./client-table.ts";
import { clientKey, type Ledger } from "./ledger.ts";

/** Clients of signers in an account, most calls first. */
export function clientsOf(
  ledger: Ledger,
  { account, signers }: { readonly account: string; readonly signers: readonly string[] },
): readonly Client[] {
  const { texts, textIds } = ledger;
  return signers
    .flatMap((signer) =>
      [...merged(ledger, textIds.get(account) ?? -1, textIds.get(signer) ?? -1)].map((seen) => {
        const [network = "", userAgent = ""] = [texts[seen.network], texts[seen.agent]];
        const credential = signer.slice(signer.indexOf(":") + 1);
        return { network, userAgent, credential, calls: seen.calls, firstUsed: seen.first, lastUsed: seen.last };
      }),
    )
    .toSorted((a, b) => b.calls - a.calls || (a.network < b.network ? -1 : 1));
}

/** Logs of several grains tell of the same calls: the greatest count is taken, never their sum. */
function merged(ledger: Ledger, account: number, signer: number): Iterable<ClientCalls> {
  const all = new Map<number, ClientCalls>();
  for (const grain of [0, 1, 2])
    for (const seen of clientsOfCaller(ledger.clients, { account, signer, grain })) {
      const key = clientKey(seen.network, seen.agent);
      const known = all.get(key) ?? seen;
      all.set(key, {
        ...seen,
        calls: Math.max(known.calls, seen.calls),
        first: instantFromTicks(Math.min(known.first, seen.first)),
        last: instantFromTicks(Math.max(known.last, seen.last)),
      });
    }
  return all.values();
}
