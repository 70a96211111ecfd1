import { existsSync } from "node:fs";
import { callEvidence } from "../correlate/call-evidence.ts";
import type { Conservation, SourcePosition } from "../exports/manifest.ts";
import type { CallEvidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import type { PrincipalRow } from "../privileges/rows.ts";
import { callsFolder } from "../store/call-log.ts";
import { listSegments, readSegments, type Span } from "../store/segment-folder.ts";
import { openSqliteStore } from "../store/sqlite-store.ts";
import { addLedgerRows, type LedgerRow, type Store } from "../store/store.ts";
import { StoreError } from "../store/store-error.ts";
import { analyzePaths } from "./analyze-paths.ts";
import { PathError } from "./path-error.ts";
import { tomorrow } from "./read-privileges.ts";
import { SourcePositions } from "./source-positions.ts";

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
  /** What is known to be missing, a sentence each. */
  readonly gaps: readonly string[];
  /** Some of it could not be read. */
  readonly isPartial: boolean;
}

/** Where the calls of an export come from. Throws `PathError` when it gives nothing. */
export interface ExportInput {
  /** How the command line names it. */
  readonly flags: readonly string[];
  /** Calls of the span at least. */
  read(span: Span, onCall: (evidence: CallEvidence) => void): Promise<ReadInput>;
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
      gaps: [...blindSpots.map(({ says }) => says), ...losses],
      isPartial: losses.length > 0,
    };
  },
});

/** Calls that `serve` keeps beside its state, which may be running. */
export const keptInput = (state: string, talk: Pick<ExportTalk, "onLoss">): ExportInput => ({
  flags: ["--state", state],
  findings: async () => await Promise.resolve(stateOf(state).findings),
  async read(span, onCall) {
    const folder = callsFolder(state);
    if (!existsSync(folder))
      throw new PathError(`${folder}: there are no kept calls. Name files with --in, or a --state.`);
    const { ledger, findings, says } = stateOf(state);
    const losses: string[] = [];
    const blocks = readSegments(folder, span, ({ file, says: lost }) => {
      losses.push(`${file}: ${lost}`);
      talk.onLoss(`${file}: ${lost}`);
    });
    for (const calls of blocks) {
      for (const call of calls) onCall(call);
      // Lets a terminal's interrupt through.
      await Promise.resolve();
    }
    return {
      sources: listSegments(folder).map(({ file, start, end }) => segmentPosition(file, end - start)),
      conservation: conservationOf(ledger),
      findings,
      principals: undefined,
      gaps: [...says, ...losses],
      isPartial: losses.length > 0,
    };
  },
});

const segmentPosition = (file: string, calls: number): SourcePosition => ({
  partition: file,
  bytes: 0,
  records: calls,
  rejected: 0,
  position: "",
});

interface State {
  readonly findings: readonly Finding[];
  readonly ledger: ReturnType<Store["ledger"]> | undefined;
  readonly says: readonly string[];
}

/** What the state knows beside the calls; a running `serve` has it to itself. */
function stateOf(state: string): State {
  if (!existsSync(state))
    return { findings: [], ledger: undefined, says: [`${state} is not there: no findings, no ledger.`] };
  try {
    const store = openSqliteStore(state);
    try {
      return { findings: store.findings(), ledger: store.ledger(), says: [] };
    } finally {
      store.close();
    }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const says = `The findings and the ledger are not part of this export: ${error.message}`;
    return { findings: [], ledger: undefined, says: [says] };
  }
}

const NOTHING: LedgerRow = { records: 0, accepted: 0, duplicate: 0, filtered: 0, rejected: 0, bytes: 0 };

/** Of all that was ever read: the ledger of a state is not by time. */
function conservationOf(ledger: State["ledger"]): Conservation | null {
  if (ledger === undefined) return null;
  let sum = NOTHING;
  for (const partitions of ledger.values()) for (const row of partitions.values()) sum = addLedgerRows(sum, row);
  const { records, accepted, duplicate, filtered, rejected } = sum;
  return { records, accepted, duplicate, filtered, rejected };
}
