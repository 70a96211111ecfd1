/** Ids of the catalogue of root causes, with `unknown` for a real failure that nothing here explains. */
export const CAUSES = [
  "backend-grants-differ",
  "gateway-region-differs",
  "firewall-blocked",
  "caller-token-expired",
  "signing-key-rollover",
  "token-issuer-mismatch",
  "token-audience-mismatch",
  "token-claim-missing",
  "subscription-key-missing-or-wrong",
  "quota-exceeded",
  "ip-filter",
  "read-only-key-write",
  "role-assignment-propagating-or-missing",
  "role-too-narrow",
  "management-op-with-entra-token",
  "key-rotated",
  "local-auth-disabled",
  "clock-skew",
  "write-to-read-region",
  "not-authorization-limit",
  "unknown",
] as const;

export type CauseId = (typeof CAUSES)[number];

/** Why a principal can do more than it should; no refusal comes of these. */
export const PRIVILEGE_CAUSES = [
  "grant-wider-than-use",
  "grant-without-use",
  "role-bound-to-wrong-id",
  "grant-covered-by-another",
  "key-instead-of-identity",
  "break-glass-in-use",
] as const;

export type PrivilegeCauseId = (typeof PRIVILEGE_CAUSES)[number];

export interface Evidence {
  readonly says: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

export interface Cause<Id extends string = CauseId> {
  readonly id: Id;
  /** 0 to 1. */
  readonly confidence: number;
  readonly evidence: readonly Evidence[];
  readonly rejected: readonly { readonly id: Id; readonly because: string }[];
  readonly missing: readonly { readonly field: string; readonly fix: string }[];
}
