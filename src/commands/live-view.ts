import { delaysOf } from "../correlate/delays.ts";
import type { Column } from "../detect/columns.ts";
import { compareCalls } from "../findings/comparison.ts";
import { refusalMatrix } from "../findings/matrix.ts";
import { findingChanges, findingMinutes, findingSamples, type SampleRow } from "../findings/finding-detail.ts";
import { minuteCounts } from "../findings/call-counts.ts";
import type { Look } from "../live-run.ts";
import { reportOf } from "../findings/report.ts";
import type { Finding } from "../model/finding.ts";
import type { Change } from "../model/event.ts";
import type { Report } from "../model/report.ts";
import type { Instant } from "../model/time.ts";
import type { Analysis } from "../analysis.ts";
import type { PrincipalsView } from "../server/principals-view.ts";
import type { ChangeMark, SampleCall, SourceHealth, TargetHealth, View } from "../server/view.ts";
import type { CallLog, LedgerRow } from "../store/store.ts";
import { identitiesOf } from "./identities.ts";
import { keptCalls } from "./live-calls.ts";
import { livePrincipals } from "./live-principals.ts";

export interface LiveView extends View {
  /** The analysis has a new state; readers see it from now on. */
  publish(analysis: Analysis): void;
  /** How to look at it for longer than a turn; at once without it. */
  lookBy(look: Look): void;
  readonly principals: PrincipalsView;
  /** What was decided about findings changed. */
  decided(): void;
}

export interface LiveViewOptions {
  readonly ledger: () => ReadonlyMap<string, ReadonlyMap<string, LedgerRow>>;
  readonly findCalls: CallLog["find"];
  /** As in the view. */
  readonly waitingFor: () => readonly string[];
  readonly targets: () => readonly TargetHealth[];
  readonly exports?: View["exports"];
  readonly trails?: View["trails"];
  readonly bundles?: View["bundles"];
  /** A finding as it is shown: what was decided about it may mute it. */
  readonly shown: (finding: Finding) => Finding;
}

/** What the dashboard reads of a running analysis; a report is made once for each state that was published. */
export function createLiveView(options: LiveViewOptions): LiveView {
  const { ledger, findCalls, shown, ...seen } = options;
  const listeners = new Set<() => void>();
  let current: Analysis | undefined;
  let report: Report | undefined;
  let look: Look | undefined;
  const changed = (): void => {
    report = undefined;
    for (const listener of listeners) listener();
  };
  const view: LiveView = {
    publish(analysis) {
      current = analysis;
      changed();
    },
    lookBy: (by) => void (look = by),
    decided: () => changed(),
    report: () => (report ??= current === undefined ? EMPTY : shownReport(reportOf(current), shown)),
    finding(id) {
      const found = current?.findings.tracked.get(id)?.finding;
      return found === undefined ? undefined : shown(found);
    },
    principals: livePrincipals({ current: () => current, look: () => look, shown }),
    minutes: (minutes) => (current === undefined ? [] : minuteCounts(current.calls, minutes)),
    ...detailsView(() => current),
    calls: (id) => keptCalls(id, { current, findCalls, findings: view.report().findings }),
    identities: () => (current === undefined ? [] : identitiesOf(current)),
    sources: () => sourceHealth(ledger(), current),
    ...seen,
    ...correlationView(() => current),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return view;
}

/** What is known of one finding, and of many in a matrix. */
function detailsView(
  current: () => Analysis | undefined,
): Pick<View, "findingMinutes" | "comparison" | "matrix" | "samples" | "changes"> {
  const tracked = (id: string) => {
    const analysis = current();
    const found = analysis?.findings.tracked.get(id);
    return analysis === undefined || found === undefined ? undefined : { analysis, found };
  };
  return {
    findingMinutes(id) {
      const known = tracked(id);
      return known === undefined ? [] : findingMinutes(known.analysis.detection, known.found);
    },
    comparison(id) {
      const known = tracked(id);
      return known === undefined
        ? { refused: 0, succeeded: 0, differences: [] }
        : compareCalls(known.analysis.detection, known.found);
    },
    matrix(range) {
      const analysis = current();
      return analysis === undefined
        ? { by: range.by, times: [], rows: [], more: 0 }
        : refusalMatrix(analysis.detection, range);
    },
    samples(id) {
      const known = tracked(id);
      return known === undefined ? [] : findingSamples(known.analysis.detection, known.found).map(sampleCall);
    },
    changes(id) {
      const known = tracked(id);
      return known === undefined
        ? []
        : findingChanges(known.analysis.changes.recent, known.found).filter(isLastWord).map(changeMark);
    },
  };
}

/** How far the logs were followed, how late they are, and what is joined of them without an id. */
const correlationView = (
  current: () => Analysis | undefined,
): Pick<View, "watermark" | "delays" | "inferredJoins"> => ({
  watermark() {
    const analysis = current();
    return analysis === undefined || analysis.input.to === null ? null : analysis.now;
  },
  delays() {
    const analysis = current();
    return analysis === undefined ? [] : delaysOf(analysis.delays);
  },
  inferredJoins() {
    const { count, sum, crowded } = current()?.inferred ?? { count: 0, sum: 0, crowded: 0 };
    return { meanProbability: count === 0 ? null : sum / count, notWeighed: crowded };
  },
});

const shownReport = (report: Report, shown: LiveViewOptions["shown"]): Report => ({
  ...report,
  findings: report.findings.map(shown),
});

const NOTHING = { bytes: 0, records: 0, accepted: 0, duplicate: 0, filtered: 0, rejected: 0 };
const EMPTY: Report = {
  input: { ...NOTHING, byCategory: {}, rejects: [], from: null, to: null },
  correlation: { calls: 0, exact: 0, inferred: 0, gatewayOnly: 0, dataPlaneOnly: 0 },
  identity: { validated: 0, key: 0, claimed: 0, unknown: 0 },
  findings: [],
  blindSpots: [],
};

/** The begin of a change says nothing once its end is there. */
const isLastWord = (change: Change, _: number, all: readonly Change[]): boolean =>
  change.result !== "started" ||
  !all.some(
    ({ operation, result, time }) => operation === change.operation && result !== "started" && time >= change.time,
  );

const changeMark = ({ time, operation, result, resource }: Change): ChangeMark => ({
  time,
  label: operation.split("/").slice(-2).join("/"),
  says: `${operation} on ${resource.split("/").at(-1) ?? resource} (${result})`,
});

function sampleCall({ id, time, refused, status, values }: SampleRow): SampleCall {
  const subStatus = values.get("subStatus");
  return {
    id,
    time,
    refused,
    status,
    ...(subStatus === undefined ? {} : { subStatus }),
    caller: callerOf(values, refused),
    operation: [values.get("api"), values.get("operation"), values.get("cosmosOperation"), values.get("container")]
      .filter((text) => text !== undefined)
      .join(" · "),
  };
}

/** An application id of a refused call is what its token claimed, unless a principal was vouched for. */
function callerOf(values: ReadonlyMap<Column, string>, refused: boolean): string {
  const principal = values.get("principal");
  const app = values.get("appId");
  if (principal !== undefined) return app ?? principal;
  const subscription = values.get("subscription");
  if (subscription !== undefined) return `subscription ${subscription}`;
  if (app !== undefined) return refused ? `claims to be ${app}` : app;
  return values.get("cosmosPrincipal") ?? values.get("credential") ?? "unknown";
}

function sourceHealth(
  ledger: ReadonlyMap<string, ReadonlyMap<string, LedgerRow>>,
  analysis: Analysis | undefined,
): readonly SourceHealth[] {
  return [...ledger].flatMap(([source, partitions]) =>
    [...partitions].map(([partition, { records, rejected }]) => ({
      source,
      partition,
      records,
      rejected,
      newest: newestOf(analysis, `${source}/${partition}`),
    })),
  );
}

function newestOf(analysis: Analysis | undefined, partition: string): Instant | null {
  const clock = analysis?.reorder.partitions.get(partition);
  return clock === undefined || clock.newest < 0 - Number.MAX_SAFE_INTEGER ? null : clock.newest;
}
