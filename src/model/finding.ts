import type { DimensionValues, Layer } from "./call.ts";
import type { Cause, CauseId, PrivilegeCauseId } from "./cause.ts";
import type { Privilege } from "./privilege.ts";
import type { Instant } from "./time.ts";

/** Kinds about what a principal holds, with a `privilege`. */
export const PRIVILEGE_KINDS = [
  "over-privileged-principal",
  "grant-never-used",
  "redundant-role-assignment",
  "account-key-in-use",
  "break-glass-used",
] as const;

/** Kinds about what is let in or reached beside data-plane roles, without a `privilege`. */
export const GATEWAY_KINDS = [
  "unvalidated-api",
  "shared-subscription-key",
  "over-scoped-token",
  "access-wider-than-use",
  "indirect-data-access",
] as const;

export type FindingKind =
  | "intermittent-refusal"
  | "source-gap"
  | (typeof PRIVILEGE_KINDS)[number]
  | (typeof GATEWAY_KINDS)[number];

/** Whether a kind is about what is held or let in; the others are about what was refused or is missing. */
export const isStanding = (kind: FindingKind): boolean => kind !== "intermittent-refusal" && kind !== "source-gap";

export type Severity = "low" | "medium" | "high";
export const SEVERITY_RANK: Readonly<Record<Severity, number>> = { low: 0, medium: 1, high: 2 };
export type FindingStatus = "open" | "resolved" | "muted";

export type PrincipalKind =
  | "service-principal"
  | "managed-identity"
  | "user"
  | "account-key"
  | "subscription"
  | "claimed"
  | "unknown";

/** What a finding is about: what applies, nothing else. */
export interface Subject {
  readonly principal?: string;
  readonly principalKind?: PrincipalKind;
  readonly api?: string;
  readonly operation?: string;
  /** Product of API Management. */
  readonly product?: string;
  readonly account?: string;
  readonly database?: string;
  readonly container?: string;
}

export interface Counts {
  readonly calls: number;
  readonly refused: number;
  readonly status: { readonly "401": number; readonly "403": number };
  /** Share of the same calls that is refused when nothing is wrong, 0 to 1. */
  readonly usualRate: number;
}

/** Calls that share `where`, against the rest of the compared calls. */
export interface Split {
  readonly where: DimensionValues;
  /** Refused share among calls with `where`, 0 to 1, and among the others. */
  readonly refusedInside: number;
  readonly refusedOutside: number;
  readonly calls: number;
  readonly refused: number;
  /** Wilson 95 % interval of `refusedInside`. */
  readonly interval: readonly [number, number];
  readonly pAdjusted: number;
}

/** Why a finding is not open: one about what is held, or one that one log told and the joined calls did not confirm. */
export interface Closed {
  readonly because: ClosedReason;
  readonly says: string;
}

export const CLOSED_REASONS = [
  "grant-gone",
  "grant-changed",
  "used-now",
  "quiet",
  "excepted",
  "not-judged",
  "not-confirmed",
] as const;
export type ClosedReason = (typeof CLOSED_REASONS)[number];

export interface Finding {
  /** `F-` and 10 letters or digits; derived from content, so replay repeats it. */
  readonly id: string;
  readonly kind: FindingKind;
  readonly severity: Severity;
  readonly status: FindingStatus;
  /** Of one that has ended or is muted for another reason than that the refusals have. */
  readonly closed?: Closed;
  /** One sentence that a caller could be told. */
  readonly title: string;
  readonly subject: Subject;
  readonly onset: Instant;
  readonly end: Instant | null;
  /** Event time at which it was first raised. */
  readonly detectedAt: Instant;
  readonly counts: Counts;
  readonly layer: Layer;
  /** Best first; empty when nothing separates. */
  readonly splits: readonly Split[];
  readonly cause: Cause<CauseId | PrivilegeCauseId>;
  readonly fix: { readonly says: string; readonly commands: readonly string[] };
  /** Set for the kinds about what a principal holds. */
  readonly privilege: Privilege | null;
  /** Correlation (or activity) ids. */
  readonly samples: { readonly refused: readonly string[]; readonly succeeded: readonly string[] };
}

/** What could not be seen, and what to switch on to see it. */
export interface BlindSpot {
  readonly id: string;
  /** `api:orders`, `account:shop`, `input` … */
  readonly scope: string;
  readonly says: string;
  readonly fix: string;
}
