import { reportOf } from "../../src/findings/report.ts";
import type { Finding } from "../../src/model/finding.ts";
import type { MinuteCount } from "../../src/model/report.ts";
import { epochMs, plusMs } from "../../src/model/time.ts";
import { createAnalysis } from "../../src/analysis.ts";
import type { View } from "../../src/server/view.ts";
import { at } from "../builders.ts";
import { finding, hostileFinding } from "../finding-builder.ts";
import { sampleBundles } from "./sample-bundles.ts";
import { sampleCalls } from "./sample-calls.ts";

export interface SampleView extends View {
  readonly listeners: Set<() => void>;
  findings: readonly Finding[];
  waiting: readonly string[];
  /** Tells everybody who listens that something changed. */
  change(): void;
}

const minutes = (refused: number): readonly MinuteCount[] =>
  Array.from({ length: 60 }, (_, i) => ({
    time: plusMs(at(0), (i - 30) * 60_000),
    calls: 100,
    refused401: i > 30 ? 3 : 0,
    refused403: i > 30 ? refused : 0,
  }));

/** A view of literal data, one finding of it hostile. */
export function sampleView(): SampleView {
  const empty = reportOf(createAnalysis({ lateness: 0, seed: 1 }));
  const listeners = new Set<() => void>();
  const view: SampleView = {
    listeners,
    findings: [finding(), { ...hostileFinding(), id: "F-HOSTILE0000", status: "resolved", end: at(3_000) }],
    waiting: [],
    change: () => {
      for (const listener of listeners) listener();
    },
    report: () => ({
      ...empty,
      input: {
        ...empty.input,
        records: 12,
        accepted: 9,
        duplicate: 1,
        filtered: 1,
        rejected: 1,
        byCategory: { GatewayLogs: 9, "<b>odd</b>": 1 },
        rejects: [{ stage: "decode", reason: "not-json", count: 1, sample: "<script>alert(1)</script>" }],
        from: at(0),
        to: at(60),
      },
      correlation: { calls: 9, exact: 5, inferred: 0, gatewayOnly: 3, dataPlaneOnly: 1 },
      identity: { validated: 5, key: 2, claimed: 1, unknown: 1 },
      findings: view.findings,
      blindSpots: [
        { id: "no-claims-trace", scope: "api:orders", says: "9 calls carry no claims.", fix: "Add the trace." },
      ],
    }),
    finding: (id) => view.findings.find((one) => one.id === id),
    minutes: () => minutes(4),
    findingMinutes: () => minutes(7),
    comparison: () => ({
      refused: 418,
      succeeded: 8_786,
      differences: [
        { dimension: "backend", value: "orders-b", refused: 1, succeeded: 0.04, claimed: false },
        { dimension: "issuer", value: "<script>alert(1)</script>", refused: 0.9, succeeded: 0.1, claimed: true },
        { dimension: "region", value: "West Europe", refused: 0.63, succeeded: 0.58, claimed: false },
      ],
    }),
    matrix: ({ by }) => ({
      by,
      times: Array.from({ length: 49 }, (_, i) => plusMs(at(0), i * 60_000)),
      rows: [
        {
          name: by === "api" ? "orders" : "<img src=x onerror=alert(1)>",
          calls: 96,
          refused: 24,
          cells: Array.from({ length: 48 }, (_, i) => ({ calls: i % 9 === 0 ? 0 : 2, refused: i > 30 ? i % 3 : 0 })),
        },
      ],
      more: 3,
    }),
    targets: () => [
      {
        name: "sre",
        type: "teams",
        delivered: 3,
        failed: 1,
        last: { at: epochMs(at(50)), kind: "delivered", says: "answered 202" },
      },
      { name: "pager", type: "webhook", delivered: 0, failed: 0, last: null },
    ],
    samples: () => [
      {
        id: "3f06647e-1111-4222-8333-530eb9f15261",
        time: at(5),
        refused: true,
        status: 403,
        subStatus: "5302",
        caller: "app-1",
        operation: "orders · put-order",
      },
    ],
    changes: () => [
      { time: at(-30), label: "sqlroleassignments/delete", says: "sqlroleassignments/delete on shop (succeeded)" },
    ],
    calls: (id) => ({ calls: sampleCalls(id, view.findings), damages: [] }),
    bundles: () => [sampleBundles()],
    trails: () =>
      new Map([
        ["hub", { written: 12_345, failed: 0, behind: 0 }],
        ["other", { written: 0, failed: 3, behind: 2 }],
      ]),
    identities: () => ["app-1", "22222222-2222-4222-8222-222222222222"],
    sources: () => [{ source: "hub", partition: "0", records: 12, rejected: 1, newest: at(61) }],
    waitingFor: () => view.waiting,
    watermark: () => at(60),
    inferredJoins: () => ({ meanProbability: 0.97, notWeighed: 4 }),
    delays: () => [["gateway", 9_000]],
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return view;
}
