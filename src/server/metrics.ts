import type { Hono } from "hono";
import { epochMs } from "../model/time.ts";
import { allFindings, type View } from "./view.ts";

/** Name without its prefix, help, labels, and what is read from the view at each scrape. Totals count since the state began. */
interface Metric {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** Gives each labelled value to `set`. */
  readonly read: (view: View, set: (value: number, ...labels: readonly string[]) => void) => void;
}

const METRICS: readonly Metric[] = [
  {
    name: "records_total",
    help: "Records by what became of them; accepted + duplicate + filtered + rejected are all that were read.",
    labels: ["outcome"],
    read: (view, set) => {
      const { input } = view.report();
      for (const outcome of ["accepted", "duplicate", "filtered", "rejected"] as const) set(input[outcome], outcome);
    },
  },
  {
    name: "partition_records_total",
    help: "Records read of a partition.",
    labels: ["source", "partition"],
    read: (view, set) => {
      for (const { source, partition, records } of view.sources()) set(records, source, partition);
    },
  },
  {
    name: "partition_newest_event_timestamp_seconds",
    help: "Newest event time of a partition.",
    labels: ["source", "partition"],
    read: (view, set) => {
      for (const { source, partition, newest } of view.sources())
        if (newest !== null) set(epochMs(newest) / 1_000, source, partition);
    },
  },
  {
    name: "watermark_timestamp_seconds",
    help: "Event time up to which the findings stand.",
    labels: [],
    read: (view, set) => {
      const at = view.watermark();
      if (at !== null) set(epochMs(at) / 1_000);
    },
  },
  {
    name: "log_delay_seconds",
    help: "How long after their events nearly all records of a log reach the hub.",
    labels: ["log"],
    read: (view, set) => {
      for (const [log, delay] of view.delays()) set(delay / 1_000, log);
    },
  },
  {
    name: "ready",
    help: "1 when nothing keeps it from its work.",
    labels: [],
    read: (view, set) => set(Number(view.waitingFor().length === 0)),
  },
  {
    name: "calls_total",
    help: "Closed calls by how gateway and Cosmos DB were joined.",
    labels: ["match"],
    read: (view, set) => {
      const { exact, inferred, gatewayOnly, dataPlaneOnly } = view.report().correlation;
      for (const [match, value] of Object.entries({ exact, inferred, gatewayOnly, dataPlaneOnly })) set(value, match);
    },
  },
  {
    name: "inferred_join_probability_mean",
    help: "Mean probability of the calls that were joined without an id.",
    labels: [],
    read: (view, set) => {
      const { meanProbability } = view.inferredJoins();
      if (meanProbability !== null) set(meanProbability);
    },
  },
  {
    name: "inferred_joins_not_weighed_total",
    help: "Calls that no id joins and that had too many others at the same time, or lasted too long, to be weighed.",
    labels: [],
    read: (view, set) => set(view.inferredJoins().notWeighed),
  },
  {
    name: "findings",
    help: "Findings that are kept.",
    labels: ["kind", "severity", "status"],
    read: (view, set) => {
      const counts = new Map<string, number>();
      for (const { kind, severity, status } of allFindings(view)) {
        const key = `${kind} ${severity} ${status}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      for (const [key, value] of counts) set(value, ...key.split(" "));
    },
  },
  {
    name: "blind_spots",
    help: "What cannot be seen, and limits that were reached.",
    labels: ["id"],
    read: (view, set) => {
      for (const [id, spots] of Map.groupBy(view.report().blindSpots, (spot) => spot.id)) set(spots.length, id);
    },
  },
  {
    name: "alerts_total",
    help: "Alerts by target since the start: delivered, and attempts that failed.",
    labels: ["target", "outcome"],
    read: (view, set) => {
      for (const { name, delivered, failed } of view.targets()) {
        set(delivered, name, "delivered");
        set(failed, name, "failed");
      }
    },
  },
  {
    name: "exports_total",
    help: "Entries of scheduled exports since the start: written, and attempts that failed.",
    labels: ["schedule", "outcome"],
    read: (view, set) => {
      for (const { name, written, failed } of view.exports?.() ?? []) {
        set(written, name, "written");
        set(failed, name, "failed");
      }
    },
  },
  {
    name: "exports_behind_hours",
    help: "Whole hours that are due and have no digest yet.",
    labels: ["schedule"],
    read: (view, set) => {
      for (const { name, hoursBehind } of view.exports?.() ?? []) set(hoursBehind, name);
    },
  },
  {
    name: "checkpoints_total",
    help: "Checkpoints in blobs since the start: written, and attempts that failed.",
    labels: ["source", "outcome"],
    read: (view, set) => {
      for (const [source, { written, failed }] of view.trails?.() ?? []) {
        set(written, source, "written");
        set(failed, source, "failed");
      }
    },
  },
  {
    name: "checkpoints_behind",
    help: "Partitions whose newest commit is not in its blob yet.",
    labels: ["source"],
    read: (view, set) => {
      for (const [source, { behind }] of view.trails?.() ?? []) set(behind, source);
    },
  },
];

/** `/metrics` in Prometheus' text format, read from the view at each scrape; the library is loaded at the first. */
export function serveMetrics(app: Hono, view: View): void {
  let registry: Promise<Awaited<ReturnType<typeof createRegistry>>> | undefined;
  app.get("/metrics", async (context) => {
    const { contentType, metrics } = await (registry ??= createRegistry(view));
    return context.body(await metrics(), 200, { "content-type": contentType });
  });
}

async function createRegistry(view: View) {
  const { collectDefaultMetrics, Counter, Gauge, Registry } = await import("prom-client");
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const { name, help, labels, read } of METRICS) {
    const isTotal = name.endsWith("_total");
    const options = { name: `scopetrail_${name}`, help, labelNames: [...labels], registers: [registry] };
    const metric = isTotal ? new Counter(options) : new Gauge(options);
    // What is read at each scrape takes the place of what was read before.
    Object.assign(metric, {
      collect() {
        metric.reset();
        read(view, (value, ...values) => metric.inc(labelled(labels, values), value));
      },
    });
  }
  return { contentType: registry.contentType, metrics: () => registry.metrics() };
}

const labelled = (names: readonly string[], values: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name, i) => [name, values[i] ?? ""]));
