import type { Finding } from "../model/finding.ts";
import type { EpochMs } from "../model/time.ts";

/** What a silence can ask of a finding. */
export const SILENCE_LABELS = ["cause", "severity", "api", "account", "principal", "layer", "kind"] as const;
export type SilenceLabel = (typeof SILENCE_LABELS)[number];

/** Findings that nobody wants to be told of, by their labels, for a time. */
export interface Silence {
  readonly matchers: Partial<Readonly<Record<SilenceLabel, string>>>;
  readonly comment: string;
  readonly startsAt?: EpochMs | undefined;
  readonly endsAt?: EpochMs | undefined;
}

function labelOf({ cause, severity, subject, layer, kind }: Finding, label: SilenceLabel): string | undefined {
  switch (label) {
    case "cause":
      return cause.id;
    case "severity":
      return severity;
    case "api":
      return subject.api;
    case "account":
      return subject.account;
    case "principal":
      return subject.principal;
    case "layer":
      return layer;
    case "kind":
      return kind;
  }
}

const isNow = ({ startsAt, endsAt }: Silence, now: EpochMs): boolean =>
  (startsAt === undefined || startsAt <= now) && (endsAt === undefined || now < endsAt);

/** The silence that a finding is under, if any: all its matchers are met, now. */
export const silenceOf = (silences: readonly Silence[], finding: Finding, now: EpochMs): Silence | undefined =>
  silences.find(
    (silence) =>
      isNow(silence, now) &&
      SILENCE_LABELS.every((label) => {
        const asked = silence.matchers[label];
        return asked === undefined || labelOf(finding, label) === asked;
      }),
  );

/** The finding as it is shown and told: one that goes on under a silence is muted. */
export const underSilences = (silences: readonly Silence[], finding: Finding, now: EpochMs): Finding =>
  finding.status === "open" && silenceOf(silences, finding, now) !== undefined
    ? { ...finding, status: "muted" }
    : finding;
