import type { BlindSpot, Finding } from "../model/finding.ts";
import type { Privilege } from "../model/privilege.ts";
import type { Instant } from "../model/time.ts";
import type { PrincipalRow } from "../privileges/rows.ts";

/** What a principal holds and uses in one account. */
export interface PrincipalAccount {
  readonly row: PrincipalRow;
  readonly privilege: Privilege;
  readonly findings: readonly Finding[];
}

/** What the pages about principals may read. */
export interface PrincipalsView {
  /** Event time up to which holders were judged; null before the first time. */
  judgedAt(): Instant | null;
  /** Highest score first. */
  rows(): readonly PrincipalRow[];
  spots(): readonly BlindSpot[];
  /** By object id or the name of a key, without case. */
  has(id: string): boolean;
  /** As `has`; empty where nothing is known of it. */
  principal(id: string): Promise<readonly PrincipalAccount[]>;
  /** About what principals hold, resolved ones too. */
  findings(): readonly Finding[];
}
