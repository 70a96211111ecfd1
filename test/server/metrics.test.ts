import { expect, test } from "vitest";
import { createApp } from "../../src/server/app.ts";
import { createMemoryDecisions } from "../../src/store/decision-log.ts";
import { NOW } from "./access-parts.ts";
import { sampleView } from "./sample-view.ts";

test("metrics are what the view says at each scrape, in Prometheus' text format", async () => {
  const view = sampleView();
  const app = createApp(view, {
    allowedHosts: () => ["x"],
    version: "test",
    decisions: createMemoryDecisions(),
    now: () => NOW,
    onFailure: (error) => {
      throw error;
    },
  });
  const scrape = async (): Promise<string> => {
    const response = await app.request("/metrics", { headers: { host: "x" } });
    expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
    return await response.text();
  };
  const text = await scrape();
  const { input } = view.report();
  for (const outcome of ["accepted", "duplicate", "filtered", "rejected"] as const)
    expect(text).toContain(`\nscopetrail_records_total{outcome="${outcome}"} ${input[outcome]}\n`);
  for (const line of [
    'scopetrail_partition_records_total{source="hub",partition="0"} 12',
    'scopetrail_log_delay_seconds{log="gateway"} 9',
    "scopetrail_ready 1",
    "scopetrail_inferred_join_probability_mean 0.97",
    "scopetrail_inferred_joins_not_weighed_total 4",
    `scopetrail_findings{kind="intermittent-refusal",severity="high",status="open"} ${view.findings.filter(({ severity, status }) => severity === "high" && status === "open").length}`,
    'scopetrail_alerts_total{target="sre",outcome="failed"} 1',
    'scopetrail_checkpoints_behind{source="other"} 2',
    "# TYPE scopetrail_records_total counter",
    "# TYPE scopetrail_watermark_timestamp_seconds gauge",
  ])
    expect(text).toContain(`${line}\n`);
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
  view.findings = [];
  view.waiting = ["source hub was not reached yet"];
  const later = await scrape();
  expect(later).not.toContain("scopetrail_findings{");
  expect(later).toContain("scopetrail_ready 0\n");
  expect(later).toContain('scopetrail_alerts_total{target="sre",outcome="failed"} 1\n');
});
