import type { Instant } from "../model/time.ts";

/** A grant that somebody answers for, until a day. */
export interface PrivilegeException {
  /** Object id, lower-cased. */
  readonly principal: string;
  /** Absent: every account. */
  readonly account?: string | undefined;
  /** `break-glass`: not to be used, unless everything else fails; its use is a finding. */
  readonly kind: "accepted" | "break-glass";
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
  const own = exceptions.filter((one) => one.principal === principal);
  return own.find((one) => one.account === account) ?? own.find((one) => one.account === undefined);
}
