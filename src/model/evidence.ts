import type { Instant } from "./time.ts";

/** What a cell holds: text; a whole number; a number that may have a fraction; an instant in ticks; true or false. */
export type ColumnType = "text" | "integer" | "decimal" | "instant" | "boolean";

/** Whom a value points at: an address, a person or application, or nobody. */
export type Personal = "address" | "identity" | "agent" | "text";

/** One column of the exported tables; `says` is its entry in the data dictionary. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Never null. */
  readonly required?: true;
  /** What a redaction profile can hide. */
  readonly personal?: Personal;
  readonly says: string;
}

/** Null where the logs do not tell. An instant is a number of ticks. */
export type Cell = string | number | boolean | null;

/** Cells in the order of a table's columns. */
export type Row = readonly Cell[];

/** Name and version of the exported schema: another number once a column changes its meaning or goes. */
export const EVIDENCE_SCHEMA = "scopetrail.evidence/1";

const text = (name: string, says: string, personal?: Personal): Column => ({
  name,
  type: "text",
  says,
  ...(personal === undefined ? {} : { personal }),
});
const integer = (name: string, says: string): Column => ({ name, type: "integer", says });
const decimal = (name: string, says: string): Column => ({ name, type: "decimal", says });
const required = (column: Column): Column => ({ ...column, required: true });

/** One row a call: a gateway request with what it caused, or operations of one activity id that no request owns. */
export const CALL_COLUMNS: readonly Column[] = [
  required(text("id", "The gateway's correlation id; the Cosmos DB activity id where no gateway request is known.")),
  required({ name: "time", type: "instant", says: "When the call began, UTC, by the emitter's clock." }),
  required(
    text(
      "match",
      "exact: joined by an id · inferred: by times, statuses and kinds alone, as sure as match_probability says · gateway-only: no operation was found · data-plane-only: no request was.",
    ),
  ),
  required(
    text("outcome", "succeeded · refused: 401/403 about authorization · look-alike: 401/403 about a limit · other."),
  ),
  integer("status", "HTTP status that the caller got; of the deciding operation where no request is known."),
  text("layer", "Where it was refused: gateway · backend · cosmos."),
  text("reason", "Why it was refused, as far as the logs tell; the status where they tell nothing more."),
  required(
    text(
      "identity",
      "How far the caller's identity can be believed: validated (by the gateway or Cosmos DB) · key · claimed (text of the caller's) · unknown.",
    ),
  ),
  text("caller_app", "Application id in the caller's token; read it together with identity.", "identity"),
  text("caller_object", "Object id in the caller's token; read it together with identity.", "identity"),
  text(
    "subscription",
    "API Management subscription whose key the caller presented (its id, never the key).",
    "identity",
  ),
  text("product", "API Management product."),
  text("caller_address", "IP address that called the gateway.", "address"),
  text("user_agent", "User agent that called the gateway.", "agent"),
  text("token_state", "validated: the gateway validated the token · unverified: anybody could have written it."),
  text("token_issuer", "Issuer of the caller's token."),
  text("token_audience", "Audience of the caller's token."),
  text("token_version", "Version of the caller's token."),
  text("token_key_id", "Key that signed the caller's token."),
  text("token_scopes", "Delegated permissions in the caller's token."),
  text("token_roles", "Application permissions in the caller's token."),
  { name: "token_issued", type: "instant", says: "When the caller's token was issued, UTC." },
  { name: "token_expires", type: "instant", says: "When the caller's token expires, UTC." },
  text("gateway", "API Management service."),
  text("gateway_resource", "ARM id of the API Management service, lower-cased."),
  text("region", "Region of the gateway."),
  text("gateway_host", "Host that the caller used."),
  text("api", "API, as the gateway logs it."),
  text("api_revision", "Revision of the API."),
  text("operation", "Operation of the API."),
  text("method", "HTTP method."),
  text("url", "Address that was called, secrets redacted; kept for calls that were not answered well.", "text"),
  text("policy", "Policy that refused the call, for instance validate-jwt."),
  text("policy_message", "What the policy said, secrets redacted.", "text"),
  text("backend", "Backend, by its id or host."),
  required({
    name: "to_cosmos",
    type: "boolean",
    says: "The backend is Cosmos DB itself, so that its log should have a record.",
  }),
  integer("backend_status", "HTTP status of the backend; null where it was not called."),
  integer("sub_status", "Sub-status of Cosmos DB."),
  text("backend_activity_id", "Cosmos DB activity id that the backend returned."),
  decimal("total_ms", "Milliseconds at the gateway in all."),
  decimal("backend_ms", "Milliseconds of the backend."),
  required({
    name: "truncated",
    type: "boolean",
    says: "The gateway's entry was cut: what is null may have been there.",
  }),
  required(integer("operations", "Operations in Cosmos DB that the call caused, as far as they were joined.")),
  required(integer("operations_refused", "Those of them that got 401 or 403.")),
  text("account", "Cosmos DB account of the deciding operation: the refused one, else the first on an item."),
  text("database", "Database of the deciding operation."),
  text("container", "Container of the deciding operation."),
  text("cosmos_operation", "Name of the deciding operation."),
  integer("cosmos_status", "Status of the deciding operation."),
  text("credential", "Credential of the deciding operation: AadToken, PrimaryMasterKey …"),
  text("cosmos_principal", "Object id that Cosmos DB authenticated in the deciding operation.", "identity"),
  text("role_assignment", "Role assignment that allowed the deciding operation."),
  decimal("match_probability", "Of an inferred match: how likely it is that the operation is the call's."),
  integer("match_candidates", "Of an inferred match: operations that could have been the call's."),
];

/** One row an operation in Cosmos DB; `call_id` leads to its call. */
export const OPERATION_COLUMNS: readonly Column[] = [
  required(text("call_id", "The id of the call that caused it.")),
  required({ name: "time", type: "instant", says: "When the operation began, UTC, by the emitter's clock." }),
  required(text("activity_id", "Cosmos DB activity id.")),
  required(text("account", "Cosmos DB account.")),
  text("resource", "ARM id of the account, lower-cased."),
  text("region", "Region of the account that answered."),
  required(text("operation", "Operation as Cosmos DB names it.")),
  text("resource_type", "Document, Collection, Database …"),
  text("database", "Database."),
  text("container", "Container."),
  required(integer("status", "Status of the operation.")),
  decimal("duration_ms", "Milliseconds in Cosmos DB."),
  decimal("request_charge", "Request units."),
  decimal("response_bytes", "Bytes of the response."),
  text("client_address", "IP address that called Cosmos DB.", "address"),
  text("user_agent", "User agent that called Cosmos DB.", "agent"),
  text("credential", "AadToken, PrimaryMasterKey, SecondaryReadonlyMasterKey …"),
  text("principal", "Object id that Cosmos DB authenticated.", "identity"),
  text("role_assignment", "Role assignment that allowed it."),
  text("partition_id", "Physical partition."),
];

/** A column's name as words. */
export const columnWords = (column: string): string => column.replaceAll("_", " ");

/** Formats that the tables of an export can have. */
export const EXPORT_FORMATS = ["parquet", "arrow", "csv", "ndjson", "ocsf", "cef"] as const;

/** The two tables of an export. */
export const EVIDENCE_TABLES = { calls: CALL_COLUMNS, operations: OPERATION_COLUMNS } as const;

export type EvidenceTable = keyof typeof EVIDENCE_TABLES;

/** A closed call as rows of the exported tables, with all ids that lead to it. */
export interface CallEvidence {
  readonly time: Instant;
  readonly call: Row;
  readonly operations: readonly Row[];
  /** Correlation id, activity ids, and the user's own id; each once. */
  readonly ids: readonly string[];
}

/** Place of a column; a name that is none is a bug. */
export function columnPlace(columns: readonly Column[], name: string): number {
  const place = columns.findIndex((column) => column.name === name);
  if (place < 0) throw new Error(`no column ${name}`);
  return place;
}
