import type { Decision, Decisions } from "../findings/decisions.ts";
import type { Comparison } from "../findings/comparison.ts";
import type { Matrix, MatrixRange } from "../findings/matrix.ts";
import type { BesideSuccess } from "../findings/call-comparison.ts";
import type { CallSpan } from "../findings/call-spans.ts";
import type { CallStory } from "../findings/call-story.ts";
import type { Finding } from "../model/finding.ts";
import type { MinuteCount, Report } from "../model/report.ts";
import type { DurationMs, EpochMs, Instant } from "../model/time.ts";
import type { TrailHealth } from "../model/trail-health.ts";
import type { ExportHealth } from "./export-health.ts";
import type { PrincipalsView } from "./principals-view.ts";
import type { BundleList } from "./export-view.ts";
import type { AzurePortal } from "./azure-link.ts";

/** One call among a finding's samples. */
export interface SampleCall {
  readonly id: string;
  readonly time: Instant;
  readonly refused: boolean;
  readonly status: number;
  readonly subStatus?: string;
  /** Display text with its provenance, never an unverified id as a name. */
  readonly caller: string;
  readonly operation: string;
}

/** A call that is kept, with what there is to say about it. */
export interface KeptCall {
  readonly story: CallStory;
  readonly spans: readonly CallSpan[];
  /** Findings that it is among. */
  readonly findings: readonly Finding[];
  /** The last call before it of the same caller's same operation that succeeded; undefined where none is kept. */
  success(): BesideSuccess | undefined;
}

/** A change of the control planes near a finding's onset. */
export interface ChangeMark {
  readonly time: Instant;
  /** For a mark on a chart: short. */
  readonly label: string;
  readonly says: string;
}

export interface SourceHealth {
  readonly source: string;
  readonly partition: string;
  readonly records: number;
  readonly rejected: number;
  readonly newest: Instant | null;
}

/** What an alert target answered, since the start. */
export interface TargetHealth {
  readonly name: string;
  readonly type: string;
  readonly delivered: number;
  readonly failed: number;
  readonly last: {
    readonly at: EpochMs;
    readonly kind: "delivered" | "retry" | "broken" | "gone";
    readonly says: string;
  } | null;
}

/** What the dashboard may read: never a mutable part of the analysis. */
export interface View {
  /** Counts, findings (open first, worst first) and blind spots of now. */
  report(): Report;
  finding(id: string): Finding | undefined;
  /** All calls by minute, oldest first, at most the last `minutes`. */
  minutes(minutes: number): readonly MinuteCount[];
  /** The same for the calls that a finding is about (its best split's calls). */
  findingMinutes(id: string): readonly MinuteCount[];
  /** A finding's refused calls beside those of the same callers that succeeded. */
  comparison(id: string): Comparison;
  /** Refused among the compared calls by API or caller. */
  matrix(range: MatrixRange): Matrix;
  samples(id: string): readonly SampleCall[];
  changes(id: string): readonly ChangeMark[];
  /** Kept calls of an id (correlation, activity, or the user's own), newest last, and what of them could not be looked at. */
  calls(id: string): { readonly calls: readonly KeptCall[]; readonly damages: readonly string[] };
  sources(): readonly SourceHealth[];
  /** Whom findings are told to. */
  targets(): readonly TargetHealth[];
  /** Scheduled exports; absent where there are none. */
  readonly exports?: (() => readonly ExportHealth[]) | undefined;
  /** What principals hold; absent where nothing judges it. */
  readonly principals?: PrincipalsView;
  /** Checkpoints that sources keep elsewhere, by source; absent where none does. */
  readonly trails?: (() => ReadonlyMap<string, TrailHealth>) | undefined;
  /** Folders of exports, and what is in them; absent where none is known. */
  readonly bundles?: (() => readonly BundleList[]) | undefined;
  /** Names of people and applications that are known, to find whose pseudonym one is. */
  identities(): Iterable<string>;
  /** What keeps the analyzer from its work, a sentence each; empty when it is ready. */
  waitingFor(): readonly string[];
  /** Event time up to which the findings stand; null before any. */
  watermark(): Instant | null;
  /** Joins without an id: mean probability of those that were told (null without any), and calls that could not be weighed. */
  inferredJoins(): { readonly meanProbability: number | null; readonly notWeighed: number };
  /** How long after their events nearly all records of each log reach the hub, as far as it was measured. */
  delays(): readonly (readonly [log: "gateway" | "cosmos", delay: DurationMs])[];
  /** Called at most once a second when anything above may have changed; returns its own removal. */
  subscribe(listener: () => void): () => void;
}

/** What was decided about findings, and by whom a new decision would be. */
export interface DecisionsOfScreen {
  readonly all: Decisions;
  readonly by: string;
  /** Durable when it returns; throws when it cannot be kept. */
  add(decision: Decision): void;
}

/** What a page is drawn from. */
export interface Screen {
  readonly view: View;
  /** The clock on the wall, for how long ago something was. */
  readonly now: EpochMs;
  /** The address that was asked for. */
  readonly url: URL;
  /** Where the logs lie in the portal, when that is configured. */
  readonly azure?: AzurePortal | undefined;
  readonly version: string;
  readonly decisions: DecisionsOfScreen;
  /** Whether somebody signed in with this browser, who may sign out. */
  readonly canSignOut?: boolean;
  /** The name behind a pseudonym, kept on record with the reason; absent for who may not know. */
  readonly reveal?: ((pseudonym: string, reason: string) => string | undefined) | undefined;
}

/** All findings: those about refusals, and those about what principals hold. */
export const allFindings = (view: View): readonly Finding[] => [
  ...view.report().findings,
  ...(view.principals?.findings() ?? []),
];

/** A finding of either. */
export const findingOf = (view: View, id: string): Finding | undefined =>
  view.finding(id) ?? view.principals?.findings().find((finding) => finding.id === id);
