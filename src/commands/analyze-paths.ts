import { randomInt } from "node:crypto";
import type { Readable } from "node:stream";
import { keepDistinct, newFacts, type Put, putBatch } from "../accept.ts";
import { compareContent } from "../correlate/row-event.ts";
import { reportOf, withFindings } from "../findings/report.ts";
import { addTally } from "../findings/input-counts.ts";
import type { Reject } from "../model/record.ts";
import type { Report } from "../model/report.ts";
import { type Instant, instantFromMs } from "../model/time.ts";
import { createAnalysis } from "../analysis.ts";
import type { JoinPath } from "../normalize/join-path.ts";
import { ScanMemo } from "../normalize/scanned.ts";
import { end, followTable, type OnCall } from "../pipeline.ts";
import { ignoreScanners, type PrivilegeException } from "../privileges/exceptions.ts";
import { leftOut, privilegeFindings } from "../privileges/findings.ts";
import { indirectAccess } from "../privileges/azure-roles.ts";
import { gatewayFindings } from "../privileges/gateway-findings.ts";
import { holdersOf } from "../privileges/principals.ts";
import { learnFacts, learnRows, privilegeSpots, readersOf } from "../privileges/privileges.ts";
import { type PrincipalRow, principalRows } from "../privileges/rows.ts";
import { wideAccess } from "../privileges/wide-access.ts";
import { filesSource } from "../sources/files.ts";
import { isLoss } from "../sources/read-file.ts";
import type { Batch } from "../sources/source.ts";
import { RowSorter } from "../store/row-sorter.ts";
import { InOrder } from "./in-order.ts";
import { refuseMissing } from "./path-error.ts";

/** Rows held in memory before a sorted run goes to a temporary folder: with those of a last batch, 50 MB. */
const ROWS_IN_MEMORY = (1 << 18) - (1 << 14);

export interface AnalyzeOptions {
  readonly stdin?: Readable;
  readonly signal?: AbortSignal;
  readonly onProgress?: (bytes: number, records: number) => void;
  /** Told of each part of the input that could not be read, in a sentence with the file and the way out. */
  readonly onLoss?: (says: string) => void;
  /** Seed of the fingerprints of seen records; random by default. */
  readonly seed?: number;
  readonly joinBy?: JoinPath | undefined;
  /** How sure a join without an id has to be; 0.9 by default. */
  readonly joinProbability?: number;
  /** Grants that somebody answers for. */
  readonly exceptions?: readonly PrivilegeException[];
  /** Event times beyond are not believed in the usage ledger; all are by default. */
  readonly until?: Instant;
  /** Files that are read at once, each in a thread of its own: the result is the same. 0: in this one. */
  readonly threads?: number;
  /** Bytes from which on threads are worth their start. */
  readonly threadsFrom?: number;
  /** Parse every record: the result is the same, later. */
  readonly parsesAll?: boolean;
  /** Told of each call in the order of their closing. */
  readonly onCall?: OnCall;
  /** Told of each batch before it is followed. */
  readonly onBatch?: (batch: Batch) => void;
  /** Told at the end who holds what, and uses what of it. */
  readonly onPrincipals?: (rows: readonly PrincipalRow[]) => void;
}

/**
 * Reads log files to their ends and reports. Events are put in the order of event time first, whatever file they are in
 * and however late they were written, so the order of files does not matter. Throws PathError when a path gives nothing.
 */
export async function analyzePaths(paths: readonly string[], options: AnalyzeOptions = {}): Promise<Report> {
  const { stdin, joinBy, parsesAll, threads, threadsFrom } = options;
  const source = filesSource(paths, { parsesAll, joinBy, stdin, threads, threadsFrom });
  refuseMissing(await source.problems());
  const { seed = randomInt(2 ** 31), joinProbability } = options;
  const analysis = createAnalysis({ lateness: 0, seed, joinProbability });
  const memo = new ScanMemo();
  const { privileges } = analysis.standing;
  if (options.until !== undefined) privileges.ledger.until = options.until;
  ignoreScanners(privileges.ledger, options.exceptions ?? []);
  const readers = readersOf(privileges, analysis.names);
  const sorter = new RowSorter(compareContent(analysis.names), ROWS_IN_MEMORY);
  const { signal = new AbortController().signal } = options;
  const inOrder = new InOrder<Put>(await source.partitions(signal), ({ tally, facts }) => {
    learnFacts(privileges, newFacts(analysis, facts, tally));
    addTally(analysis.input, tally);
  });
  let bytes = 0;
  let others = 0;
  try {
    for await (const batch of source.read(new Map(), signal)) {
      options.onBatch?.(batch);
      for (const reject of batch.rejects.filter(isLoss)) options.onLoss?.(lossText(reject));
      const put = putBatch(analysis.names, batch, sorter.rows, { joinBy, memo });
      bytes += batch.bytes;
      others += put.tally.records + put.facts.length;
      inOrder.add(batch.partition, put, batch.caughtUp);
      sorter.settle();
      options.onProgress?.(bytes, others + sorter.count);
    }
    let last = Number.NaN;
    for (const rows of sorter.sorted()) {
      last = keepDistinct(analysis, rows, last);
      learnRows(privileges, readers, rows);
      followTable(analysis, rows, options.onCall);
    }
    end(analysis, options.onCall);
  } finally {
    sorter.close();
  }
  const holders = holdersOf(privileges);
  const judging = {
    privileges,
    exceptions: options.exceptions ?? [],
    now: newestOf(analysis.now < privileges.ledger.until ? analysis.now : BEGINNING, privileges.ledger.newest),
  };
  const findings = privilegeFindings(holders, judging);
  options.onPrincipals?.(principalRows(holders, findings));
  return withFindings(reportOf(analysis), {
    findings: [
      ...findings,
      ...gatewayFindings(privileges.gateway, judging.now),
      ...wideAccess(privileges, judging.now),
      ...indirectAccess(privileges, judging.now),
    ],
    blindSpots: privilegeSpots(privileges, leftOut(holders)),
  });
}

const BEGINNING = instantFromMs(0);
const newestOf = (a: Instant, b: Instant): Instant => (a > b ? a : b);

/** What is wrong with a file as a whole names it by itself; what is wrong in it is told with its line. */
const lossText = ({ position, detail }: Reject): string =>
  position.sequence === 0 ? detail : `${position.partition}:${position.sequence}: ${detail}`;
