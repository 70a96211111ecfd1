import { contains, type Scope } from "../model/grant.ts";
import type { Abstention, Client } from "../model/privilege.ts";
import type { Instant } from "../model/time.ts";
import { ACCOUNT_READ, needOf } from "./actions.ts";
import type { Exposure } from "./exposure.ts";
import { heldAt, type Reach, type Role, type Use } from "./least.ts";
import type { PrincipalType } from "./privileges.ts";
import type { Grant } from "./roles.ts";
import type { Score } from "./score.ts";

/** One use of a signer in an account, over all kept days. */
export interface UseFact extends Use {
  readonly use: number;
  readonly succeeded: number;
  readonly denied: number;
  readonly denied401: number;
  readonly other: number;
  readonly last: Instant | undefined;
  /** Days on which it was tried, oldest first; made anew each time. */
  readonly days: Int32Array;
  readonly dayCount: number;
}

/** `group`: an id that holds grants which others used. */
export type HolderKind = "principal" | "group" | "key" | "token" | "unknown";

/** Who holds or used what in one account, and what of it is needed. */
export interface Holder {
  readonly account: string;
  readonly accountText: number;
  /** Object id; for keys and tokens their kind. */
  readonly principal: string;
  readonly kind: HolderKind;
  /** What a log told it to be. */
  readonly type: PrincipalType | undefined;
  /** Signers whose uses count: of a group, those of its members that were seen. */
  readonly signers: readonly number[];
  readonly grants: readonly Grant[];
  readonly uses: readonly UseFact[];
  /** Undefined where the log was never seen since the grants are as they are. */
  readonly exposure: Exposure | undefined;
  readonly needs: readonly Reach[];
  readonly roles: readonly Role[];
  /** All that are known of the account. */
  readonly containers: readonly Scope[];
  /** Most calls first; looked up each time, as of now. */
  readonly clients: () => readonly Client[];
  readonly score: Score;
  readonly confidence: number;
  readonly abstains: readonly Abstention[];
  /** Whether what was not used is likely not to be used. */
  readonly isEnough: boolean;
}

/** An action that was only refused is no need; one that failed for another reason would have been let in. */
export const isTried = ({ succeeded, other }: UseFact): boolean => succeeded + other > 0;

export const reachOf = ({ actions, assignment }: Grant): Reach => ({ actions, scope: assignment.scope });

/** Let in although no grant that is known permits it. */
export function isBeyond({ action, scope, succeeded }: UseFact, reach: readonly Reach[]): boolean {
  if (succeeded === 0 || action === ACCOUNT_READ) return false;
  return needOf(action, heldAt(reach, scope)) === 0;
}

/** Whether other grants give all that a grant gives. */
export const coveredBy = (grant: Grant, others: readonly Grant[]): boolean => {
  const wide = others.filter((other) => contains(other.assignment.scope, grant.assignment.scope));
  const actions = wide.reduce((sum, other) => sum | other.actions, 0);
  return grant.isKnown && wide.length > 0 && (grant.actions & ~actions) === 0;
};
