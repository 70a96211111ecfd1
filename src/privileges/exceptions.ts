import type { Instant } from "../model/time.ts";
import { type Ledger, OWN_AGENT } from "./ledger.ts";

/** A grant, the keys of an account, or a scanner, that somebody answers for until a day. */
export interface PrivilegeException {
  /** Object id, lower-cased; `KEYS` for keys and tokens; of a scanner, the first word of its user agent, lower-cased. */
  readonly principal: string;
  /** Absent: every account. */
  readonly account?: string | undefined;
  /** `break-glass`: not to be used, unless everything else fails; its use is a finding. `scanner`: its operations are no use. */
  readonly kind: "accepted" | "break-glass" | "scanner";
  readonly owner: string;
  readonly reason: string;
  readonly expires: Instant;
}

/** The exception for a principal in an account, one for that very account first. */
export function exceptionFor(
  exceptions: readonly PrivilegeException[],
  principal: string,
  account: string,
): PrivilegeException | undefined {
  const own = exceptions.filter((one) => one.principal === principal && one.kind !== "scanner");
  return own.find((one) => one.account === account) ?? own.find((one) => one.account === undefined);
}

/** Stands for all keys and resource tokens of an account. */
export const KEYS = "keys";

/** Lets a ledger pass over what scanners do, each until its last day, and nothing else that it passed over before. */
export function ignoreScanners({ ignored }: Pick<Ledger, "ignored">, exceptions: readonly PrivilegeException[]): void {
  const scanners = exceptions.filter(({ kind }) => kind === "scanner");
  const names = new Set(scanners.map(({ principal }) => principal));
  for (const name of ignored.keys()) if (name !== OWN_AGENT && !names.has(name)) ignored.delete(name);
  for (const { principal, expires } of scanners) if (principal !== OWN_AGENT) ignored.set(principal, expires);
}
