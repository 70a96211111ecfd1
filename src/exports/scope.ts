import {
  CALL_COLUMNS,
  type CallEvidence,
  type Column,
  columnPlace,
  OPERATION_COLUMNS,
  type Row,
} from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import type { Instant } from "../model/time.ts";

/** Which calls are asked for; what is undefined narrows nothing. */
export interface Selection {
  readonly from?: Instant | undefined;
  /** Not included. */
  readonly to?: Instant | undefined;
  /** Application, object, subscription, or what Cosmos DB authenticated; compared without case. */
  readonly principal?: string | undefined;
  /** `container`, or `database/container`. */
  readonly container?: string | undefined;
  readonly finding?: Finding | undefined;
}

type Test = (evidence: CallEvidence) => boolean;

const places = (columns: readonly Column[], names: readonly string[]): readonly number[] =>
  names.map((name) => columnPlace(columns, name));

const CALLERS = places(CALL_COLUMNS, ["caller_app", "caller_object", "subscription", "cosmos_principal", "credential"]);
const CLIENTS = places(OPERATION_COLUMNS, ["principal", "credential"]);
const DATABASE = columnPlace(OPERATION_COLUMNS, "database");
const CONTAINER = columnPlace(OPERATION_COLUMNS, "container");
const ACCOUNT = columnPlace(OPERATION_COLUMNS, "account");
const API = columnPlace(CALL_COLUMNS, "api");
const OPERATION = columnPlace(CALL_COLUMNS, "operation");

const isText = (row: Row, place: number, lower: string): boolean => {
  const cell = row[place];
  return typeof cell === "string" && cell.toLowerCase() === lower;
};

/** Whether a call is among those asked for. */
export function selects(selection: Selection): Test {
  const { from, to, principal, container, finding } = selection;
  const tests: Test[] = [];
  if (from !== undefined) tests.push(({ time }) => time >= from);
  if (to !== undefined) tests.push(({ time }) => time < to);
  if (principal !== undefined) tests.push(isOf(principal));
  if (container !== undefined) tests.push(reaches(container));
  if (finding !== undefined) tests.push(isAbout(finding));
  return (evidence) => tests.every((test) => test(evidence));
}

function isOf(principal: string): Test {
  const lower = principal.toLowerCase();
  return ({ call, operations }) =>
    CALLERS.some((place) => isText(call, place, lower)) ||
    operations.some((operation) => CLIENTS.some((place) => isText(operation, place, lower)));
}

function reaches(path: string): Test {
  const [first = "", second] = path.toLowerCase().split("/");
  return ({ operations }) =>
    operations.some((operation) =>
      second === undefined
        ? isText(operation, CONTAINER, first)
        : isText(operation, DATABASE, first) && isText(operation, CONTAINER, second),
    );
}

/** Calls of what a finding is about, refused or not, from its onset to its end. */
function isAbout(finding: Finding): Test {
  const { onset, end } = finding;
  const isOfIt = isOfSubject(finding);
  return (evidence) => evidence.time >= onset && (end === null || evidence.time <= end) && isOfIt(evidence);
}

/** Calls of what a finding is about, at any time. */
export function isOfSubject({ subject }: Finding): Test {
  const tests: Test[] = [];
  const onCall = (value: string | undefined, place: number): void => {
    const lower = value?.toLowerCase();
    if (lower !== undefined) tests.push(({ call }) => isText(call, place, lower));
  };
  const onOperation = (value: string | undefined, place: number): void => {
    const lower = value?.toLowerCase();
    if (lower !== undefined)
      tests.push(({ operations }) => operations.some((operation) => isText(operation, place, lower)));
  };
  onCall(subject.api, API);
  onCall(subject.operation, OPERATION);
  onOperation(subject.account, ACCOUNT);
  onOperation(subject.database, DATABASE);
  onOperation(subject.container, CONTAINER);
  if (subject.principal !== undefined) tests.push(isOf(subject.principal));
  return (evidence) => tests.every((test) => test(evidence));
}
