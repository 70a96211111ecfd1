import type { Instant } from "./time.ts";

/** One row of `CDBDataPlaneRequests5M` or `15M`: operations that are alike, counted over five or fifteen minutes. */
export interface UseTotal {
  /** Begin of the interval, and its length. */
  readonly time: Instant;
  readonly minutes: 5 | 15;
  readonly account: string;
  readonly operation: string;
  readonly resourceType: string;
  readonly database?: string;
  readonly container?: string;
  readonly status: number;
  readonly calls: number;
  readonly credential?: string;
  readonly principal?: string;
  readonly roleAssignment?: string;
  readonly clientAddress?: string;
  readonly userAgent?: string;
}
