import type { Finding } from "../model/finding.ts";

/** Why a finding is told now. */
export type AlertKind = "finding.opened" | "finding.updated" | "finding.resolved" | "test.ping";

/** One finding for one target, as committed with the state that raised it. */
export interface Alert {
  /** `msg_…`; the same for every attempt, so that a receiver can drop a repeat. */
  readonly id: string;
  readonly kind: AlertKind;
  readonly finding: Finding;
}

/** What a target answered to one attempt. */
export type Delivery =
  | { readonly kind: "delivered"; readonly status: number }
  /** Try again, not before `afterMs` from now where the target said so. */
  | { readonly kind: "retry"; readonly because: string; readonly afterMs?: number }
  /** The target's configuration is wrong (401, 403, 404 …): keep the alert, stop hammering, tell the operator. */
  | { readonly kind: "broken"; readonly because: string }
  /** The target said that it wants no more (410): nothing is sent to it until the next start. */
  | { readonly kind: "gone"; readonly because: string };

/** Renders alerts for one kind of target and sends them; idempotent by alert id as far as the target allows. */
export interface Sink {
  readonly name: string;
  /** As the configuration calls its kind. */
  readonly type?: string;
  /** The request's body, frozen when the alert is committed, so that every attempt sends (and signs) the same bytes. */
  render(alert: Alert): string;
  /** Many alerts as one body; absent where each finding must have its own, as it is closed by its own key. */
  renderDigest?(alerts: readonly Alert[]): string;
  send(alertId: string, body: string, signal: AbortSignal): Promise<Delivery>;
}
