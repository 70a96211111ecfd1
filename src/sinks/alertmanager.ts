import type { Finding } from "../model/finding.ts";
import { formatInstant, plusMs } from "../model/time.ts";
import { deliveryOf } from "./delivery.ts";
import { post } from "./post.ts";
import type { Alert, Sink } from "./sink.ts";
import { summarize } from "./summary.ts";
import { findingUrl, oneLine, shorten } from "./text.ts";

export interface AlertmanagerTarget {
  readonly name: string;
  /** A receiver of Alertmanager's webhooks, or an Alertmanager itself; a secret where it holds one. */
  readonly url: URL;
  readonly allowPrivate: boolean;
  /** `webhook`: the body that Alertmanager sends, version 4. `api`: what it takes at `/api/v2/alerts`. */
  readonly mode: "webhook" | "api";
  readonly publicUrl?: string | undefined;
}

const LABEL = 200;
const ANNOTATION = 2_000;
const NO_END = "0001-01-01T00:00:00Z";
/** An Alertmanager ends what it does not hear of again; this is long enough for a fault to be looked at. */
const STANDS_MS = 7 * 86_400_000;

/** Findings as alerts of Alertmanager, for every program that takes its JSON. */
export function alertmanagerSink(target: AlertmanagerTarget): Sink {
  const { name, url, allowPrivate, mode, publicUrl } = target;
  const render = mode === "webhook" ? webhookBody : apiBody;
  return {
    name,
    type: "alertmanager",
    render: (alert) => JSON.stringify(render(alert, { receiver: name, publicUrl })),
    async send(_alertId, body, signal) {
      return deliveryOf(url.hostname, await post({ url, body, headers: {}, allowPrivate, signal }));
    },
  };
}

interface From {
  readonly receiver: string;
  readonly publicUrl?: string | undefined;
}

const value = (text: string): string => shorten(oneLine(text), LABEL);

/** Few-valued but for the finding's id, which tells two findings of one cause apart. */
function labelsOf({ cause, severity, layer, subject, id }: Finding): Readonly<Record<string, string>> {
  const { api, account } = subject;
  return {
    alertname: "ScopetrailIntermittentRefusal",
    cause: cause.id,
    severity,
    layer,
    finding: id,
    ...(api === undefined ? {} : { api: value(api) }),
    ...(account === undefined ? {} : { account: value(account) }),
  };
}

function annotationsOf(alert: Alert): Readonly<Record<string, string>> {
  const { title, impact, facts } = summarize(alert);
  const text = (says: string): string => shorten(oneLine(says), ANNOTATION);
  return {
    summary: text(title),
    description: text(`${impact}. ${facts.map(([name, says]) => `${name}: ${says}`).join(". ")}`),
  };
}

const linkOf = ({ id }: Finding, publicUrl: string | undefined): string =>
  publicUrl === undefined ? "" : findingUrl(publicUrl, id);

/** The body of Alertmanager's webhook, version 4, with one alert: a finding is its own group. */
export function webhookBody(alert: Alert, { receiver, publicUrl }: From): unknown {
  const { finding, kind } = alert;
  const status = kind === "finding.resolved" ? "resolved" : "firing";
  const labels = labelsOf(finding);
  const annotations = annotationsOf(alert);
  return {
    version: "4",
    groupKey: `{}:{finding="${finding.id}"}`,
    truncatedAlerts: 0,
    receiver,
    status,
    groupLabels: { finding: finding.id },
    commonLabels: labels,
    commonAnnotations: annotations,
    externalURL: publicUrl ?? "",
    alerts: [
      {
        status,
        labels,
        annotations,
        startsAt: formatInstant(finding.onset),
        endsAt: finding.end === null ? NO_END : formatInstant(finding.end),
        generatorURL: linkOf(finding, publicUrl),
        fingerprint: finding.id,
      },
    ],
  };
}

/** What `/api/v2/alerts` takes; an end in the future keeps it firing, one in the past resolves it. */
export function apiBody(alert: Alert, { publicUrl }: From): unknown {
  const { finding } = alert;
  const generatorURL = linkOf(finding, publicUrl);
  return [
    {
      labels: labelsOf(finding),
      annotations: annotationsOf(alert),
      startsAt: formatInstant(finding.onset),
      endsAt: formatInstant(finding.end ?? plusMs(finding.detectedAt, STANDS_MS)),
      ...(generatorURL === "" ? {} : { generatorURL }),
    },
  ];
}
