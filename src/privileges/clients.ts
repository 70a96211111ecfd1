import type { Client } from "../model/privilege.ts";
import { instantFromTicks } from "../model/time.ts";
import type { ClientCalls, Ledger } from "./ledger.ts";

type Index = ReadonlyMap<string, readonly (readonly [client: number, seen: ClientCalls])[]>;

/** `account|signer` as text ids → its clients. */
export function indexClients({ clients }: Ledger): Index {
  const index = new Map<string, [number, ClientCalls][]>();
  for (const [key, seen] of merged(clients)) {
    const end = key.lastIndexOf("|");
    const whose = key.slice(0, end);
    const known = index.get(whose);
    if (known === undefined) index.set(whose, [[Number(key.slice(end + 1)), seen]]);
    else known.push([Number(key.slice(end + 1)), seen]);
  }
  return index;
}

/** Logs of several grains tell of the same calls: the greatest count is taken, never their sum. */
function merged(grains: Ledger["clients"]): ReadonlyMap<string, ClientCalls> {
  const all = new Map<string, ClientCalls>();
  for (const clients of grains)
    for (const [key, seen] of clients) {
      const known = all.get(key) ?? seen;
      const [first, last] = [Math.min(known.first, seen.first), Math.max(known.last, seen.last)];
      all.set(key, {
        calls: Math.max(known.calls, seen.calls),
        first: instantFromTicks(first),
        last: instantFromTicks(last),
      });
    }
  return all;
}

/** Clients of signers in an account, most calls first. */
export function clientsOf(
  { texts, textIds }: Ledger,
  index: Index,
  { account, signers }: { readonly account: string; readonly signers: readonly string[] },
): readonly Client[] {
  return signers
    .flatMap((signer) =>
      (index.get(`${textIds.get(account) ?? -1}|${textIds.get(signer) ?? -1}`) ?? []).map(([client, seen]) => {
        const [network = "", userAgent = ""] = (texts[client] ?? "").split("\u0000");
        const credential = signer.slice(signer.indexOf(":") + 1);
        return { network, userAgent, credential, calls: seen.calls, firstUsed: seen.first, lastUsed: seen.last };
      }),
    )
    .toSorted((a, b) => b.calls - a.calls || (a.network < b.network ? -1 : 1));
}
