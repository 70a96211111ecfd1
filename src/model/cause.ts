/** Ids of the catalogue of root causes, with `unknown` for a real failure that nothing here explains. */
export const CAUSES = [
  "caller-token-expired",
  "signing-key-rollover",
  "token-issuer-mismatch",
  "token-audience-mismatch",
  "token-claim-missing",
  "policy-branch-fallthrough",
  "subscription-key-not-propagated",
  "subscription-key-missing-or-wrong",
  "quota-exceeded",
  "ip-filter",
  "gateway-region-differs",
  "cosmos-authorization-format",
  "cached-token-outlived",
  "instance-dead-token",
  "wrong-identity",
  "group-grant-not-in-token",
  "backend-grants-differ",
  "named-value-stale-secret",
  "gateway-cannot-read-key-vault",
  "client-secret-expired",
  "key-rotated",
  "read-only-key-write",
  "container-recreated",
  "role-assignment-propagating-or-missing",
  "role-too-narrow",
  "management-op-with-entra-token",
  "local-auth-disabled",
  "role-bound-to-wrong-id",
  "firewall-blocked",
  "split-dns-private-endpoint",
  "network-perimeter-blocked",
  "write-to-read-region",
  "clock-skew",
  "not-authorization-limit",
  "service-identity-hiccup",
  "conditional-access-blocked",
  "unknown-periodic",
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
  "token-not-validated",
  "any-scope-accepted",
  "key-shared-by-applications",
  "all-access-key-in-use",
  "scope-wider-than-use",
  "management-role-reaches-data",
  "product-wider-than-use",
  "subscription-wider-than-use",
  "subscription-without-use",
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
