import type { Hono } from "hono";
import { underDecisions } from "../findings/decisions.ts";
import { type Silence, underSilences } from "../findings/silences.ts";
import type { Access } from "../model/access.ts";
import type { Finding } from "../model/finding.ts";
import type { EpochMs } from "../model/time.ts";
import { readerOf } from "../server/access/reading.ts";
import type { Evidence } from "../server/api/export-route.ts";
import { createApp } from "../server/app.ts";
import type { AzurePortal } from "../server/azure-link.ts";
import type { BundleList } from "../server/export-view.ts";
import type { ExportHealth } from "../server/export-health.ts";
import type { ExportSource } from "../server/export-source.ts";
import type { TargetHealth, View } from "../server/view.ts";
import type { AccessLog } from "../store/access-log.ts";
import type { DecisionLog } from "../store/decision-log.ts";
import type { CallLog, FoundCalls, Store } from "../store/store.ts";
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

/** What is taken away of the kept calls, and the log of whoever took it. */
export interface EvidenceParts {
  readonly accesses: AccessLog;
  readonly rows: ExportSource;
}

interface Parts {
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
  readonly trails?: View["trails"];
  /** What auditors may take, and where it is noted who took what. */
  readonly evidence: EvidenceParts;
  readonly bundles?: (() => readonly BundleList[]) | undefined;
  readonly log: Logger;
  readonly now: () => EpochMs;
}

/** Pages and API over what an analysis publishes. */
export function createDashboard(parts: Parts): Dashboard {
  const { store, log, now, azure, allowedHosts, waitingFor, targets } = parts;
  const { decisions } = parts.decisions;
  const { silences = [] } = parts;
  const shown = (finding: Finding): Finding =>
    underSilences(silences, underDecisions(decisions, finding, now()), now());
  const note = noteTo(parts);
  const view = createLiveView({
    ledger: () => store.ledger(),
    findCalls: (id) => noted(id, parts.calls.find(id), note),
    waitingFor,
    targets,
    exports: parts.exports,
    trails: parts.trails,
    bundles: parts.bundles,
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
    evidence: evidenceOf(parts),
    onDownload: note,
    onFailure: (error) => log.error({ err: error }, "a request failed"),
  });
  return { app, view, shown };
}

type Note = (access: Omit<Access, "at">) => void;

/** What cannot be noted of calls is told by the log: whoever is called at midnight can go on. */
function noteTo({ evidence, log, now }: Pick<Parts, "evidence" | "log" | "now">): Note {
  return (access) => {
    try {
      evidence.accesses.add({ at: now(), ...access });
    } catch (error) {
      log.error({ err: error }, "an access could not be noted");
    }
  };
}

function noted(id: string, found: FoundCalls, note: Note): FoundCalls {
  const { who, via } = readerOf() ?? { who: "nobody", via: "" };
  note({ who, via, what: "call", filter: id, rows: found.calls.length, outcome: "ok" });
  return found;
}

const evidenceOf = ({ evidence: { accesses, rows }, now }: Pick<Parts, "evidence" | "now">): Evidence => ({
  rows,
  note: (access) => accesses.add({ at: now(), ...access }),
  accesses: (span) => accesses.read(span),
  counts: () => accesses.counts(),
});
