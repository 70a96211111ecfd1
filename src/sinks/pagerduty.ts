import { formatInstant } from "../model/time.ts";
import { deliveryOf } from "./delivery.ts";
import { post } from "./post.ts";
import type { Alert, Delivery, Sink } from "./sink.ts";
import { summarize } from "./summary.ts";
import { findingUrl, oneLine, shorten } from "./text.ts";

export interface PagerDutyTarget {
  readonly name: string;
  /** The Events API v2 of the account's region. */
  readonly url: URL;
  /** Integration key of the service; a secret, added at sending so that it is stored nowhere. */
  readonly routingKey: string;
  readonly allowPrivate: boolean;
  readonly publicUrl?: string | undefined;
}

/** Of the Events API v2 (developer.pagerduty.com/docs/events-api-v2): summary, dedup key, and our own for a detail. */
const SUMMARY = 1_024;
const DETAIL = 2_000;
/** PagerDuty asks for minutes of patience where it throttles. */
const LEAST_WAIT_MS = 60_000;

const SEVERITIES = { high: "error", medium: "warning", low: "info" } as const;

/** One incident a finding: what opens triggers, what changes amends, what ended resolves, all under one key. */
export function pagerDutySink(target: PagerDutyTarget): Sink {
  return {
    name: target.name,
    type: "pagerduty",
    render: (alert) => JSON.stringify(pagerDutyEvent(alert, target.publicUrl)),
    async send(_alertId, body, signal) {
      const event: unknown = JSON.parse(body);
      const keyed = JSON.stringify({ routing_key: target.routingKey, ...(isObject(event) ? event : {}) });
      const { url, allowPrivate } = target;
      return patient(deliveryOf(url.hostname, await post({ url, body: keyed, headers: {}, allowPrivate, signal })));
    },
  };
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

const patient = (delivery: Delivery): Delivery =>
  delivery.kind === "retry" && delivery.because.endsWith("429")
    ? { ...delivery, afterMs: Math.max(LEAST_WAIT_MS, delivery.afterMs ?? 0) }
    : delivery;

/** The event without its routing key, under every limit whatever the finding holds. */
export function pagerDutyEvent(alert: Alert, publicUrl: string | undefined): Readonly<Record<string, unknown>> {
  const { kind, finding } = alert;
  const dedup_key = `scopetrail/${kind === "test.ping" ? "test" : finding.id}`;
  if (kind === "finding.resolved") return { dedup_key, event_action: "resolve" };
  const { title, impact, facts } = summarize(alert);
  const link = publicUrl === undefined ? undefined : findingUrl(publicUrl, finding.id);
  const { subject } = finding;
  const component = subject.api ?? subject.account;
  return {
    dedup_key,
    event_action: "trigger",
    payload: {
      summary: shorten(oneLine(`${title} ${impact}.`), SUMMARY),
      source: "scopetrail",
      severity: SEVERITIES[finding.severity],
      timestamp: formatInstant(finding.onset),
      ...(component === undefined ? {} : { component: shorten(oneLine(component), 255) }),
      class: finding.cause.id,
      custom_details: Object.fromEntries(
        [...facts, ["Finding", finding.id] as const].map(([name, text]) => [name, shorten(oneLine(text), DETAIL)]),
      ),
    },
    client: "Scopetrail",
    ...(link === undefined ? {} : { client_url: link, links: [{ href: link, text: "Open finding" }] }),
  };
}
