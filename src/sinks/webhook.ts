import { createHmac } from "node:crypto";
import { toFindingJson } from "../findings/report-json.ts";
import type { Finding } from "../model/finding.ts";
import { formatInstant } from "../model/time.ts";
import { deliveryOf } from "./delivery.ts";
import { post } from "./post.ts";
import type { Alert, Sink } from "./sink.ts";
import { summarizeDigest } from "./digest.ts";
import { findingUrl, listLink, oneLine, shorten } from "./text.ts";

export interface WebhookTarget {
  readonly name: string;
  readonly url: URL;
  readonly allowPrivate: boolean;
  /** `whsec_` and base64; several while one is replaced. */
  readonly secrets: readonly string[];
  readonly now: () => number;
  /** Address of the dashboard, for the link. */
  readonly publicUrl?: string | undefined;
}

/** Standard Webhooks recommends bodies under 20 KB (github.com/standard-webhooks/standard-webhooks). */
const MOST_BYTES = 20_000;

/** A generic receiver by Standard Webhooks: signed, with an id that is the same for every attempt. */
export function webhookSink(target: WebhookTarget): Sink {
  return {
    name: target.name,
    type: "webhook",
    render: (alert) => webhookBody(alert, target.publicUrl),
    renderDigest: (alerts) => digestBody(alerts, target.publicUrl),
    async send(alertId, body, signal) {
      const timestamp = Math.floor(target.now() / 1_000);
      const headers = {
        "webhook-id": alertId,
        "webhook-timestamp": String(timestamp),
        "webhook-signature": target.secrets.map((secret) => sign(secret, { alertId, timestamp, body })).join(" "),
      };
      return deliveryOf(
        target.url.hostname,
        await post({ url: target.url, body, headers, allowPrivate: target.allowPrivate, signal }),
      );
    },
  };
}

/** `v1,` and HMAC-SHA256 of `id.timestamp.body`, base64. */
export function sign(
  secret: string,
  signed: { readonly alertId: string; readonly timestamp: number; readonly body: string },
): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  return `v1,${createHmac("sha256", key).update(`${signed.alertId}.${signed.timestamp}.${signed.body}`).digest("base64")}`;
}

const SECRET = /^whsec_[A-Za-z0-9+/]+={0,2}$/;
/** Of a secret, by Standard Webhooks. */
const SECRET_BYTES = { least: 24, most: 64 };

/** Why a text cannot sign; undefined for a secret of Standard Webhooks. Never holds the text. */
export function secretFault(secret: string): string | undefined {
  const bytes = SECRET.test(secret) ? Buffer.from(secret.slice("whsec_".length), "base64").length : 0;
  if (bytes >= SECRET_BYTES.least && bytes <= SECRET_BYTES.most) return undefined;
  return `is no secret of Standard Webhooks: whsec_ and the base64 of ${SECRET_BYTES.least} to ${SECRET_BYTES.most} random bytes. Make one with: echo whsec_$(openssl rand -base64 32)`;
}

/** The body, under the limit whatever the finding holds: first details go, then long texts are cut. */
export function webhookBody({ kind, finding }: Alert, publicUrl: string | undefined): string {
  const timestamp = formatInstant(finding.end ?? finding.detectedAt);
  const links = publicUrl === undefined ? {} : { links: { finding: findingUrl(publicUrl, finding.id) } };
  const body = (data: Finding): string =>
    JSON.stringify({ type: kind, timestamp, data: { schemaVersion: 1, ...toFindingJson(data), ...links } });
  const lighter: readonly ((data: Finding) => Finding)[] = [
    (data) => data,
    (data) => ({ ...data, cause: { ...data.cause, rejected: [] }, splits: data.splits.slice(0, 3) }),
    (data) => ({
      ...data,
      cause: { ...data.cause, rejected: [], evidence: data.cause.evidence.slice(0, 1), missing: [] },
      splits: data.splits.slice(0, 1),
      fix: { ...data.fix, commands: [] },
    }),
    (data) => ({
      ...data,
      splits: [],
      samples: { refused: [], succeeded: [] },
      subject: {},
      cause: { ...data.cause, rejected: [], evidence: [], missing: [] },
      fix: { says: data.fix.says.slice(0, 500), commands: [] },
    }),
  ];
  for (const lighten of lighter) {
    const text = body(cut(lighten(finding)));
    if (Buffer.byteLength(text) <= MOST_BYTES) return text;
  }
  return body({
    ...cut(finding),
    subject: {},
    splits: [],
    samples: { refused: [], succeeded: [] },
    cause: { id: finding.cause.id, confidence: finding.cause.confidence, evidence: [], rejected: [], missing: [] },
    fix: { says: "", commands: [] },
  });
}

const DIGEST_FINDINGS = 50;

/** Many alerts as one body: the worst of them by id and title, and how many there are. */
export function digestBody(alerts: readonly Alert[], publicUrl: string | undefined): string {
  const { title } = summarizeDigest(alerts);
  const newest = alerts.reduce<Finding | undefined>(
    (last, { finding }) => (last === undefined || finding.detectedAt > last.detectedAt ? finding : last),
    undefined,
  );
  const link = listLink(publicUrl);
  return JSON.stringify({
    type: "findings.digest",
    timestamp: newest === undefined ? null : formatInstant(newest.detectedAt),
    data: {
      schemaVersion: 1,
      title,
      count: alerts.length,
      findings: alerts.slice(0, DIGEST_FINDINGS).map(({ kind, finding }) => ({
        change: kind,
        id: finding.id,
        severity: finding.severity,
        cause: finding.cause.id,
        title: shorten(oneLine(finding.title), 200),
      })),
      ...(link === undefined ? {} : { links: { findings: link.url } }),
    },
  });
}

const cut = (finding: Finding): Finding => ({ ...finding, title: shorten(oneLine(finding.title), 1_000) });
