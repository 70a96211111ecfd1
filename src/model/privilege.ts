import type { Instant } from "./time.ts";

/** A role definition as `az cosmosdb sql role definition create --body` takes it. */
export interface RoleBody {
  readonly Id: string;
  readonly RoleName: string;
  readonly Type: "CustomRole" | "BuiltInRole";
  readonly AssignableScopes: readonly string[];
  readonly Permissions: readonly { readonly DataActions: readonly string[] }[];
}

export interface RecommendedRole {
  readonly roleDefinition: RoleBody;
  readonly assignments: readonly { readonly scope: string }[];
}

/** Why less is concluded than the numbers alone would allow. */
export interface Abstention {
  readonly id: AbstentionId;
  readonly says: string;
}

export type AbstentionId =
  | "not-enough-exposure"
  | "new-grant"
  | "log-gap"
  | "group-grant"
  | "grants-incomplete"
  | "unknown-definition"
  | "inner-operations-unknown"
  | "denied-within-grant"
  | "shared-identity"
  | "too-many-assignments"
  | "management-needed";

/** One client of a principal or key. */
export interface Client {
  /** /24 or /48 prefix; "" where the log has no address. */
  readonly network: string;
  /** Product of the user agent; "" where the log has none. */
  readonly userAgent: string;
  readonly credential: string;
  readonly calls: number;
  readonly firstUsed: Instant;
  readonly lastUsed: Instant;
}

/** What a principal holds and what it used of it: the `privilege` of a finding. Lists are bounded; `omitted` counts the rest. */
export interface Privilege {
  readonly granted: readonly {
    readonly assignment: string;
    readonly role: string;
    readonly scope: string;
    readonly actions: readonly string[];
  }[];
  /** `container` is a scope; "/" for what was used on the account itself. */
  readonly used: readonly {
    readonly action: string;
    readonly container: string;
    readonly succeeded: number;
    readonly denied: number;
    readonly other: number;
    readonly lastUsed: Instant | null;
  }[];
  /** `except`: places under the scope where the action is used. */
  readonly unused: readonly { readonly action: string; readonly scope: string; readonly except: readonly string[] }[];
  /** Null where nothing is needed, or where no role can be recommended. `further`: roles for places that need other actions. */
  readonly recommended: (RecommendedRole & { readonly further: readonly RecommendedRole[] }) | null;
  readonly replay: {
    readonly calls: number;
    readonly wouldBeDenied: number;
    readonly examples: readonly {
      readonly action: string;
      readonly container: string;
      readonly calls: number;
      readonly from: Instant;
      readonly to: Instant;
    }[];
  };
  readonly exposure: {
    readonly from: Instant;
    readonly to: Instant;
    readonly gaps: readonly { readonly from: Instant; readonly to: Instant }[];
    /** Days observed, gaps left out. */
    readonly days: number;
    readonly enough: boolean;
  };
  readonly abstains: readonly Abstention[];
  /** 0 to 100; the formula is in docs/privileges.md. */
  readonly score: number;
  /** 0 to 1: that what is unused is not used in the next quarter either. */
  readonly confidence: number;
  readonly commands: { readonly apply: readonly string[]; readonly rollback: readonly string[] };
  readonly bicep: { readonly apply: string; readonly rollback: string };
  /** Steps of the way down, each with the days to wait after it. */
  readonly plan: readonly { readonly step: string; readonly says: string; readonly days: number }[];
  readonly clients: readonly Client[];
  readonly omitted: { readonly used: number; readonly unused: number; readonly clients: number };
}
