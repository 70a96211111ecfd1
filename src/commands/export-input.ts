import { existsSync } from "node:fs";
import { callEvidence } from "../correlate/call-evidence.ts";
import type { Conservation, SourcePosition } from "../exports/manifest.ts";
import type { CallEvidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import type { AccessLine } from "../model/access.ts";
import { epochMs, type Instant } from "../model/time.ts";
import type { PrincipalRow } from "../privileges/rows.ts";
import { accessFolder, readAccess } from "../store/access-log.ts";
import { callsFolder } from "../store/call-log.ts";
import { StoreError } from "../store/store-error.ts";
import { listSegments, type Places, readSegments, type SegmentName, type Span } from "../store/segment-folder.ts";
import { analyzePaths } from "./analyze-paths.ts";
import { PathError } from "./path-error.ts";
import { tomorrow } from "./read-privileges.ts";
import { SourcePositions } from "./source-positions.ts";
import type { StateFacts } from "./state-facts.ts";

/** What an export tells while it runs. */
export interface ExportTalk {
  readonly onRead: (bytes: number, records: number) => void;
  readonly onCalls: (seen: number, exported: number) => void;
  readonly onLoss: (says: string) => void;
}

/** What is known of an input once it was read. */
export interface ReadInput {
  readonly sources: readonly SourcePosition[];
  readonly conservation: Conservation | null;
  readonly findings: readonly Finding[];
  /** Who holds what; undefined where the input does not tell. */
  readonly principals: readonly PrincipalRow[] | undefined;
  /** Who read of the kept calls meanwhile; undefined of files. */
  readonly accesses: Iterable<AccessLine> | undefined;
  /** What is known to be missing, a sentence each. */
  readonly gaps: readonly string[];
  /** Some of it could not be read. */
  readonly isPartial: boolean;
  /** Calls that were ever closed, of kept ones; 0 of files. */
  readonly closed: number;
}

/** Where the calls of an export come from. Throws `PathError` when it gives nothing. */
export interface ExportInput {
  /** How the command line names it. */
  readonly flags: readonly string[];
  /** Calls of the span at least, and of kept ones those before it that were closed at the place `lateSince` or later. */
  read(span: Span & Pick<Places, "lateSince">, onCall: (evidence: CallEvidence) => void): Promise<ReadInput>;
  findings(): Promise<readonly Finding[]>;
}

/** Log files, read to their ends. */
export const filesInput = (paths: readonly string[], talk: ExportTalk): ExportInput => ({
  flags: ["--in", ...paths],
  async findings() {
    return (await analyzePaths(paths, { until: tomorrow(), onProgress: talk.onRead })).findings;
  },
  async read(_, onCall) {
    const positions = new SourcePositions();
    const losses: string[] = [];
    let principals: readonly PrincipalRow[] | undefined;
    const { input, findings, blindSpots } = await analyzePaths(paths, {
      until: tomorrow(),
      onBatch: (batch) => positions.read(batch),
      onProgress: talk.onRead,
      onLoss(says) {
        losses.push(says);
        talk.onLoss(says);
      },
      onCall: (call) => onCall(callEvidence(call)),
      onPrincipals(rows) {
        principals = rows;
      },
    });
    const { records, accepted, duplicate, filtered, rejected } = input;
    return {
      sources: positions.list(),
      conservation: { records, accepted, duplicate, filtered, rejected },
      findings,
      principals,
      accesses: undefined,
      gaps: [...blindSpots.map(({ says }) => says), ...losses],
      isPartial: losses.length > 0,
      closed: 0,
    };
  },
});

/** Calls that `serve` keeps beside its state, with what is known of that. */
export const keptInput = (
  state: string,
  facts: () => Promise<StateFacts>,
  talk: Pick<ExportTalk, "onLoss">,
): ExportInput => ({
  flags: ["--state", state],
  findings: async () => (await facts()).findings,
  async read({ lateSince, ...span }, onCall) {
    const folder = callsFolder(state);
    const { ledger, findings, principals, closed, says } = await facts();
    if (closed === undefined && !existsSync(folder))
      throw new PathError(`${folder}: there are no kept calls. Name files with --in, or a --state.`);
    const segments = listSegments(folder);
    const until = closed ?? segments.at(-1)?.end ?? 0;
    const losses: string[] = [];
    const blocks = readSegments(folder, { ...span, until, lateSince }, ({ file, says: lost }) => {
      losses.push(`${file}: ${lost}`);
      talk.onLoss(`${file}: ${lost}`);
    });
    for (const calls of blocks) {
      for (const call of calls) onCall(call);
      // Lets a terminal's interrupt through.
      await Promise.resolve();
    }
    const accesses = () => readAccess(accessFolder(state), { from: msOf(span.from), to: msOf(span.to) });
    const noted = faultIn(accesses());
    return {
      sources: [...(ledger ?? []), ...segments.filter(({ start }) => start < until).map(segmentPosition)],
      conservation: conservationOf(ledger),
      findings,
      principals,
      accesses: noted === undefined ? accesses() : undefined,
      gaps: [...says, ...(noted === undefined ? [] : [noted]), ...losses],
      isPartial: losses.length > 0,
      closed: until,
    };
  },
});

const msOf = (at: Instant | undefined): number | undefined => (at === undefined ? undefined : epochMs(at));

/** Why the log of accesses is not part of an export; undefined where it is whole. */
function faultIn(accesses: Iterable<unknown>): string | undefined {
  try {
    for (const _access of accesses);
    return undefined;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return `The log of accesses is not part of this export: ${error.message}`;
  }
}

const segmentPosition = ({ file, start, end }: SegmentName): SourcePosition => ({
  partition: file,
  bytes: 0,
  records: end - start,
  rejected: 0,
  position: "",
});

const NOTHING: Conservation = { records: 0, accepted: 0, duplicate: 0, filtered: 0, rejected: 0 };

/** Of all that was ever read: the ledger of a state is not by time. */
const conservationOf = (ledger: StateFacts["ledger"]): Conservation | null =>
  ledger?.reduce(
    (sum, { records, accepted, duplicate, filtered, rejected }) => ({
      records: sum.records + records,
      accepted: sum.accepted + accepted,
      duplicate: sum.duplicate + duplicate,
      filtered: sum.filtered + filtered,
      rejected: sum.rejected + rejected,
    }),
    NOTHING,
  ) ?? null;
