import type { Hono } from "hono";
import { underDecisions } from "../findings/decisions.ts";
import { type Silence, underSilences } from "../findings/silences.ts";
import type { Finding } from "../model/finding.ts";
import type { EpochMs } from "../model/time.ts";
import { createApp } from "../server/app.ts";
import type { AzurePortal } from "../server/azure-link.ts";
import type { ExportHealth } from "../server/export-health.ts";
import type { TargetHealth } from "../server/view.ts";
import type { DecisionLog } from "../store/decision-log.ts";
import type { CallLog, Store } from "../store/store.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Serving } from "./build-access.ts";
import { createLiveView, type LiveView } from "./live-view.ts";
import { VERSION } from "./version.ts";

export interface Dashboard {
  readonly app: Hono;
  readonly view: LiveView;
  /** A finding as it is shown and told: what was decided about it may mute it. */
  readonly shown: (finding: Finding) => Finding;
}

/** Pages and API over what an analysis publishes. */
export function createDashboard(parts: {
  readonly store: Pick<Store, "ledger">;
  readonly calls: Pick<CallLog, "find">;
  readonly decisions: DecisionLog;
  readonly targets: () => readonly TargetHealth[];
  readonly waitingFor: () => readonly string[];
  readonly allowedHosts: () => readonly string[];
  readonly silences?: readonly Silence[] | undefined;
  readonly serving?: Serving | undefined;
  readonly azure?: AzurePortal | undefined;
  readonly exports?: (() => readonly ExportHealth[]) | undefined;
  readonly log: Logger;
  readonly now: () => EpochMs;
}): Dashboard {
  const { store, log, now, azure, allowedHosts, waitingFor, targets } = parts;
  const { decisions } = parts.decisions;
  const { silences = [] } = parts;
  const shown = (finding: Finding): Finding =>
    underSilences(silences, underDecisions(decisions, finding, now()), now());
  const view = createLiveView({
    ledger: () => store.ledger(),
    findCalls: (id) => parts.calls.find(id),
    waitingFor,
    targets,
    exports: parts.exports,
    shown,
  });
  const app = createApp(view, {
    access: parts.serving?.access,
    signIn: parts.serving?.signIn,
    hasMcp: parts.serving?.hasMcp,
    allowedHosts,
    version: VERSION,
    now,
    azure,
    decisions: {
      decisions,
      add(decision) {
        parts.decisions.add(decision);
        view.decided();
      },
    },
    onFailure: (error) => log.error({ err: error }, "a request failed"),
  });
  return { app, view, shown };
}
