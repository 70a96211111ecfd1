import {
  CALL_COLUMNS,
  type CallEvidence,
  type Cell,
  type Column,
  columnPlace,
  OPERATION_COLUMNS,
  type Row,
} from "../model/evidence.ts";
import { formatInstant, type Instant, instantFromTicks, msBetween, plusMs } from "../model/time.ts";

/** One thing that happened to a call, by the clock of whoever logged it. */
export interface Step {
  readonly at: Instant;
  readonly where: "gateway" | "backend" | "cosmos";
  readonly says: string;
}

/** One link of the identity chain: who vouches for whom. */
export interface Link {
  readonly who: string;
  readonly says: string;
}

/** Everything that is known of one call, for a person. Texts hold what logs told: whoever shows them encodes. */
export interface CallStory {
  readonly id: string;
  readonly ids: readonly string[];
  readonly time: Instant;
  readonly outcome: string;
  /** One sentence. */
  readonly verdict: string;
  readonly steps: readonly Step[];
  readonly identity: readonly Link[];
  /** What would tell more, a sentence each. */
  readonly missing: readonly string[];
  /** The rows of evidence, by column; what the logs do not tell is not there. */
  readonly call: Readonly<Record<string, Cell>>;
  readonly operations: readonly Readonly<Record<string, Cell>>[];
}

/** Reads cells by the names of columns. */
class Cells {
  readonly #columns: readonly Column[];
  readonly #row: Row;
  constructor(columns: readonly Column[], row: Row) {
    this.#columns = columns;
    this.#row = row;
  }
  text(name: string): string | undefined {
    const cell = this.#row[columnPlace(this.#columns, name)] ?? null;
    return cell === null ? undefined : String(cell);
  }
  number(name: string): number | undefined {
    const cell = this.#row[columnPlace(this.#columns, name)];
    return typeof cell === "number" ? cell : undefined;
  }
  instant(name: string): Instant | undefined {
    const cell = this.number(name);
    return cell === undefined ? undefined : instantFromTicks(cell);
  }
}

/** A row by the names of its columns, instants as text; null is left out. */
export function namedRow(columns: readonly Column[], row: Row): Readonly<Record<string, Cell>> {
  return Object.fromEntries(
    columns.flatMap(({ name, type }, i) => {
      const cell = row[i] ?? null;
      if (cell === null) return [];
      return [[name, type === "instant" && typeof cell === "number" ? formatInstant(instantFromTicks(cell)) : cell]];
    }),
  );
}

/** A call's story as the published JSON has it: instants as text. */
export const toStoryJson = (story: CallStory): Record<string, unknown> => ({
  ...story,
  time: formatInstant(story.time),
  steps: story.steps.map(({ at, where, says }) => ({ at: formatInstant(at), where, says })),
});

/** The story of a call from its rows of evidence. */
export function callStory(evidence: CallEvidence): CallStory {
  const call = new Cells(CALL_COLUMNS, evidence.call);
  const operations = evidence.operations.map((row) => new Cells(OPERATION_COLUMNS, row));
  return {
    id: call.text("id") ?? "",
    ids: evidence.ids,
    time: evidence.time,
    outcome: call.text("outcome") ?? "other",
    verdict: verdictOf(call, operations),
    steps: stepsOf(call, operations),
    identity: identityOf(call, operations),
    missing: missingOf(call),
    call: namedRow(CALL_COLUMNS, evidence.call),
    operations: evidence.operations.map((row) => namedRow(OPERATION_COLUMNS, row)),
  };
}

function verdictOf(call: Cells, operations: readonly Cells[]): string {
  const status = call.text("status") ?? "an unknown status";
  const outcome = call.text("outcome");
  if (outcome === "refused") return refusal(call, status);
  if (outcome === "look-alike")
    return `Cosmos DB answered ${status} for a reason that is not authorization: ${lookAlike(call, status)}.`;
  return outcome === "succeeded"
    ? `Succeeded with ${status}${took(call)}${worked(call, operations)}.`
    : `Ended with ${status}${took(call)}: nothing about authorization${worked(call, operations)}.`;
}

function lookAlike(call: Cells, status: string): string {
  const reason = call.text("reason") ?? status;
  return LOOK_ALIKES.get(reason) ?? reason;
}

const LAYERS: ReadonlyMap<string, string> = new Map([
  ["gateway", "at the gateway"],
  ["backend", "by the backend"],
  ["cosmos", "by Cosmos DB"],
]);

/** What a reason of Cosmos DB's means, as the end of a sentence. */
const COSMOS_REASONS: ReadonlyMap<string, string> = new Map([
  ["rbac", ", which no role of its allows"],
  ["management-operation", ", which no Entra token may do in the data plane"],
  ["firewall", ", from an address that the account's firewall does not let in"],
  ["perimeter", ", from outside the account's network perimeter"],
  ["local-auth-disabled", " with a key, and keys are switched off"],
  ["wrong-key", " with a key that is not the account's"],
  ["insufficient-key", " with a key that may not do this"],
  ["not-current", " with a token or date that was not valid at the time"],
  ["token-expired", " with an expired token"],
  ["token-issuer", " with a token of another issuer"],
  ["token-audience", " with a token for another audience"],
  ["token-format", " with what is no token"],
  ["token-invalid", " with an invalid token"],
]);
const LOOK_ALIKES: ReadonlyMap<string, string> = new Map([
  ["write-region", "this region takes no writes"],
  ["limit", "a limit was reached"],
  ["service", "a fault of the service's own"],
]);

function refusal(call: Cells, status: string): string {
  const layer = call.text("layer") ?? "";
  const reason = call.text("reason") ?? status;
  const where = LAYERS.get(layer) ?? "";
  const refused = `Refused ${where} with ${layer === "cosmos" ? (call.text("cosmos_status") ?? status) : status}`;
  if (layer === "cosmos") return `${refused}: ${cosmosSide(call, reason)}.${seenBy(call)}`;
  const policy = call.text("policy");
  const told =
    reason === status ? "the log gives no reason" : policy === undefined ? reason : `${policy} said ${reason}`;
  return `${refused}: ${told}${ageOf(call)}.`;
}

function cosmosSide(call: Cells, reason: string): string {
  const likelihood = likelihoodOf(call);
  const who =
    likelihood === undefined
      ? (call.text("cosmos_principal") ?? call.text("credential") ?? "a caller that it did not name")
      : `with a probability of ${likelihood} this was its record: a caller`;
  const what = call.text("cosmos_operation") ?? "an operation";
  const subStatus = call.text("sub_status");
  const why = COSMOS_REASONS.get(reason) ?? (/^\d+$/.test(reason) ? "" : `, ${reason}`);
  return `${who} asked for ${what} on ${placeOf(call)}${why}${subStatus === undefined ? "" : ` (sub-status ${subStatus})`}`;
}

const placeOf = (cells: Cells): string =>
  [cells.text("account"), cells.text("database"), cells.text("container")]
    .filter((part) => part !== undefined)
    .join("/") || "an unknown container";

/** What a caller saw where it is another status than the one that decided. */
function seenBy(call: Cells): string {
  const status = call.text("status");
  return status === undefined || status === call.text("cosmos_status") || call.text("gateway") === undefined
    ? ""
    : ` The caller got ${status}.`;
}

function ageOf(call: Cells): string {
  const expires = call.instant("token_expires");
  const at = call.instant("time");
  if (expires === undefined || at === undefined || call.text("reason") !== "TokenExpired") return "";
  const seconds = Math.round(msBetween(at, expires) / 1_000);
  return seconds > 0 ? `; its token had expired ${seconds} s before` : "";
}

function took(call: Cells): string {
  const ms = call.number("total_ms");
  return ms === undefined ? "" : ` in ${ms} ms`;
}

function worked(call: Cells, operations: readonly Cells[]): string {
  const [first] = operations;
  if (first === undefined) return "";
  const likelihood = likelihoodOf(call);
  const sure = likelihood === undefined ? "" : `with a probability of ${likelihood} `;
  const count = `${sure}${operations.length === 1 ? "1 operation" : `${operations.length} operations`}`;
  return `; ${count} in Cosmos DB, the first ${first.text("operation") ?? ""} on ${placeOf(first)}`;
}

/** Of an inferred match: never told as 1. */
function likelihoodOf(call: Cells): string | undefined {
  const probability = call.number("match_probability");
  return probability === undefined ? undefined : (Math.floor(100 * probability) / 100).toFixed(2);
}

function stepsOf(call: Cells, operations: readonly Cells[]): readonly Step[] {
  const steps: Step[] = [];
  const began = call.instant("time") ?? instantFromTicks(0);
  const isInferred = call.text("match") === "inferred";
  if (call.text("gateway") !== undefined) steps.push(...gatewaySteps(call, began));
  for (const operation of operations) {
    const charge = operation.number("request_charge");
    const ms = operation.number("duration_ms");
    const parts = [
      `${operation.text("operation") ?? ""} ${placeOf(operation)}: ${operation.text("status") ?? ""}`,
      ...(ms === undefined ? [] : [`${ms} ms`]),
      ...(charge === undefined ? [] : [`${charge} RU`]),
      ...(isInferred ? ["inferred"] : []),
    ];
    steps.push({ at: operation.instant("time") ?? began, where: "cosmos", says: parts.join(", ") });
  }
  return steps.toSorted((a, b) => a.at - b.at);
}

function gatewaySteps(call: Cells, began: Instant): readonly Step[] {
  const what = [call.text("method"), call.text("api"), call.text("operation")].filter((part) => part !== undefined);
  const from = call.text("caller_address");
  const steps: Step[] = [
    { at: began, where: "gateway", says: `${what.join(" ")}${from === undefined ? "" : ` from ${from}`}` },
  ];
  const total = call.number("total_ms");
  const backend = call.text("backend_status");
  const backendMs = call.number("backend_ms");
  const end = total === undefined ? began : plusMs(began, total);
  if (backend !== undefined) {
    const name = call.text("backend") ?? "the backend";
    const lasted = backendMs === undefined ? "" : `, ${backendMs} ms`;
    steps.push({ at: end, where: "backend", says: `${name} answered ${backend}${lasted}` });
  }
  const policy = call.text("policy");
  if (policy !== undefined)
    steps.push({ at: end, where: "gateway", says: `${policy}: ${call.text("policy_message") ?? ""}` });
  steps.push({ at: end, where: "gateway", says: `answered ${call.text("status") ?? "nothing that was logged"}` });
  return steps;
}

const BELIEF: ReadonlyMap<string, string> = new Map([
  ["validated", "validated"],
  ["key", "known by a key, which names no caller"],
  ["claimed", "only claimed: text that anybody could have written"],
  ["unknown", "unknown: nothing was logged, which is not anonymous"],
]);

function identityOf(call: Cells, operations: readonly Cells[]): readonly Link[] {
  const links: Link[] = [{ who: "caller", says: callerText(call) }];
  const gateway = call.text("gateway");
  if (gateway !== undefined) {
    const at = call.text("region");
    links.push({ who: "gateway", says: at === undefined ? gateway : `${gateway} in ${at}` });
  }
  const backend = call.text("backend");
  if (backend !== undefined) links.push({ who: "backend", says: backend });
  const seen = new Set<string>();
  for (const operation of operations) {
    const says = cosmosText(operation);
    const sure = call.text("match") === "inferred" ? " (inferred, not certain)" : "";
    if (!seen.has(says)) links.push({ who: "cosmos", says: `${says}${sure}` });
    seen.add(says);
  }
  return links;
}

function callerText(call: Cells): string {
  const claims = call.text("token_state") === "validated" ? "" : "claimed ";
  const names = [
    [`${claims}application`, call.text("caller_app")],
    [`${claims}object`, call.text("caller_object")],
    ["subscription", call.text("subscription")],
  ].flatMap(([label, value]) => (value === undefined ? [] : [`${label} ${value}`]));
  const belief = BELIEF.get(call.text("identity") ?? "") ?? "unknown";
  return names.length === 0 ? belief : `${names.join(", ")} (${belief})`;
}

function cosmosText(operation: Cells): string {
  const principal = operation.text("principal");
  const credential = operation.text("credential") ?? "a credential that was not logged";
  const role = operation.text("role_assignment");
  const who = principal === undefined ? credential : `${principal} by ${credential}`;
  return role === undefined ? who : `${who}, through role assignment ${role}`;
}

function missingOf(call: Cells): readonly string[] {
  const missing: string[] = [];
  const likelihood = likelihoodOf(call);
  if (likelihood !== undefined)
    missing.push(
      `No id joins this call with its operation: by times, statuses and kinds it is the call's with a probability of ${likelihood}, of ${call.text("match_candidates") ?? ""} that could be. Set x-ms-activity-id to the request id.`,
    );
  if (call.text("match") === "data-plane-only")
    missing.push(
      "No gateway request has this activity id: who called is unknown. Set x-ms-activity-id to the request id.",
    );
  if (call.text("identity") === "unknown" && call.text("gateway") !== undefined)
    missing.push("The gateway logged no claims and no subscription: add the scopetrail-claims trace to the policy.");
  if (call.text("layer") === "cosmos" && call.text("sub_status") === undefined)
    missing.push("Cosmos DB's sub-status was not logged: log the backend response header x-ms-substatus.");
  if (call.text("truncated") === "true") missing.push("The gateway's entry was cut at 32 KB: log fewer body bytes.");
  return missing;
}
