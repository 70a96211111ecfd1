import { CALL_COLUMNS, type Cell, type Column, OPERATION_COLUMNS, type Row } from "../model/evidence.ts";
import { epochMs, instantFromTicks } from "../model/time.ts";
import type { ByteSink } from "./hashed-file.ts";

/** Source: github.com/ocsf/ocsf-schema, version 1.8.0. */
export const OCSF_VERSION = "1.8.0";

export type Json = Readonly<Record<string, unknown>>;

const METHODS = new Set(["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"]);
/** Create 1, Read 2, Update 3, Delete 4; 99 is any other. */
const API_ACTIVITIES: ReadonlyMap<Cell, number> = new Map<Cell, number>([
  ["GET", 2],
  ["HEAD", 2],
  ["POST", 1],
  ["PUT", 3],
  ["PATCH", 3],
  ["DELETE", 4],
]);
/** Read 1, Update 2, Query 4, Write 5, Create 6, Delete 7, List 8. */
const DATASTORE_ACTIVITIES: ReadonlyMap<Cell, number> = new Map<Cell, number>([
  ["Read", 1],
  ["Replace", 2],
  ["Patch", 2],
  ["Query", 4],
  ["Upsert", 5],
  ["Create", 6],
  ["Delete", 7],
  ["ReadFeed", 8],
]);
const SUCCESS = 1;
const FAILURE = 2;
const INFORMATIONAL = 1;
const LOW = 2;

/** A row by the names of its columns; what is null is undefined, as members that are not told are left out. */
type Named = (name: string) => Exclude<Cell, null> | undefined;

function namesOf(columns: readonly Column[]): (row: Row) => Named {
  const places = new Map(columns.map(({ name }, place) => [name, place]));
  return (row) => (name) => row[places.get(name) ?? -1] ?? undefined;
}

/** Events as lines of JSON: API Activity and Authentication of calls, Datastore Activity of operations. */
export function ocsfFormat(
  columns: readonly Column[],
  file: Pick<ByteSink, "writeText">,
): { write(rows: readonly Row[]): void; end(): void } {
  const isCall = columns.some(({ name }) => name === "outcome");
  const named = namesOf(columns);
  const eventsOf = (row: Row): readonly Json[] => {
    const of = named(row);
    return isCall ? [...apiActivity(of), ...authentication(of)] : [datastoreActivity(of)];
  };
  return {
    write(rows) {
      for (const row of rows) for (const event of eventsOf(row)) file.writeText(`${JSON.stringify(event)}\n`);
    },
    end() {},
  };
}

/** What every event has. */
export const eventOf = (
  uid: number,
  activity: number,
  { time, id, of }: { readonly time: number; readonly id: Cell | undefined; readonly of?: Cell | undefined },
): Json => ({
  class_uid: uid,
  category_uid: Math.floor(uid / 1_000),
  activity_id: activity,
  type_uid: 100 * uid + activity,
  time,
  metadata: {
    version: OCSF_VERSION,
    uid: String(id),
    ...(of === undefined ? {} : { correlation_uid: String(of) }),
    product: { name: "Scopetrail", vendor_name: "Scopetrail" },
    profiles: ["cloud", "security_control"],
  },
});

const timeOf = (of: Named): number => epochMs(instantFromTicks(Number(of("time"))));
const cloudOf = (of: Named): Json => ({ cloud: { provider: "Azure", region: of("region") } });
const text = (value: Cell | undefined): string | undefined => (value === undefined ? undefined : String(value));
const IP = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f:.]*:[0-9a-f:.]*)$/i;

/** An address that was truncated, hidden or not logged is a name. */
function endpointOf(address: unknown): Json {
  if (typeof address !== "string") return { name: "not logged" };
  return IP.test(address) ? { ip: address } : { name: address };
}

/** Whom the gateway or a key vouches for; what the caller merely claims is unmapped, and names nobody. */
function userOf(of: Named): Json {
  const identity = of("identity");
  if (identity === "key")
    return { uid: text(of("subscription")) ?? "subscription key", type_id: 99, type: "Subscription" };
  const uid =
    identity === "validated" ? (of("caller_object") ?? of("caller_app") ?? of("cosmos_principal")) : undefined;
  return uid === undefined ? { name: "not known", type_id: 0 } : { uid: String(uid), type_id: 4, type: "Service" };
}

const isRefused = (of: Named): boolean => of("outcome") === "refused";

const verdictOf = (of: Named): Json => ({
  severity_id: of("outcome") === "succeeded" ? INFORMATIONAL : LOW,
  status_id: of("outcome") === "succeeded" ? SUCCESS : FAILURE,
  status_code: text(of("status")),
  status_detail: of("reason"),
});

const MAPPED = new Set(
  "id time region outcome status reason caller_address user_agent method url gateway gateway_host gateway_resource api api_revision operation total_ms".split(
    " ",
  ),
);
const UNMAPPED = CALL_COLUMNS.map(({ name }) => name).filter((name) => !MAPPED.has(name));

const rest = (of: Named, names: readonly string[]): Json => ({
  unmapped: Object.fromEntries(names.flatMap((name) => (of(name) === undefined ? [] : [[name, of(name)]]))),
});

/** Nothing where no gateway request is known. */
function apiActivity(of: Named): readonly Json[] {
  if (of("match") === "data-plane-only") return [];
  const id = of("id");
  const method = text(of("method"));
  const activity = API_ACTIVITIES.get(method ?? null) ?? (method === undefined ? 0 : 99);
  const validated = of("identity") === "validated" ? text(of("caller_app")) : undefined;
  const url = text(of("url"));
  const latency = of("total_ms");
  const status = Number(of("status") ?? 0);
  return [
    {
      ...eventOf(6_003, activity, { time: timeOf(of), id, of: id }),
      ...(activity === 99 ? { activity_name: method } : {}),
      ...cloudOf(of),
      ...verdictOf(of),
      action_id: isRefused(of) ? 2 : 1,
      disposition_id: isRefused(of) ? 2 : 1,
      actor: { app_uid: validated, user: userOf(of) },
      api: {
        operation: text(of("operation") ?? method) ?? "not logged",
        version: of("api_revision"),
        service: of("api") === undefined ? undefined : { name: of("api") },
        request: { uid: String(id) },
        response: { code: status, error: of("reason") },
      },
      http_request: {
        http_method: method !== undefined && METHODS.has(method) ? method : undefined,
        user_agent: of("user_agent"),
        url: url === undefined ? undefined : { url_string: url },
      },
      http_response: { code: status, latency: latency === undefined ? undefined : Math.round(Number(latency)) },
      src_endpoint: endpointOf(of("caller_address")),
      dst_endpoint: gatewayOf(of),
      resources: resourcesOf(of("gateway_resource"), "Microsoft.ApiManagement/service"),
      ...rest(of, UNMAPPED),
    },
  ];
}

function gatewayOf(of: Named): Json | undefined {
  const [hostname, name] = [of("gateway_host"), of("gateway")];
  return hostname === undefined && name === undefined ? undefined : { hostname, svc_name: name };
}

const resourcesOf = (uid: unknown, type: string): readonly Json[] | undefined =>
  uid === undefined ? undefined : [{ uid, type }];

/** Where the gateway judged a token or a key: it let the caller in, or refused. */
function authentication(of: Named): readonly Json[] {
  const isRefusedHere = isRefused(of) && of("layer") === "gateway" && of("status") === 401;
  const isKnown = of("token_state") === "validated" || of("identity") === "key";
  if (of("match") === "data-plane-only" || (!isRefusedHere && !isKnown)) return [];
  const isKey = of("identity") === "key";
  return [
    {
      ...eventOf(3_002, 1, { time: timeOf(of), id: `${String(of("id"))}:authentication`, of: of("id") }),
      ...cloudOf(of),
      severity_id: isRefusedHere ? LOW : INFORMATIONAL,
      status_id: isRefusedHere ? FAILURE : SUCCESS,
      status_detail: isRefusedHere ? of("reason") : undefined,
      auth_protocol_id: isKey ? 99 : 6,
      auth_protocol: isKey ? "Subscription key" : "OAUTH 2.0",
      is_remote: true,
      user: userOf(of),
      service: { name: text(of("api")) ?? "not logged" },
      src_endpoint: endpointOf(of("caller_address")),
      dst_endpoint: gatewayOf(of),
      ...rest(of, [
        "identity",
        "token_issuer",
        "token_audience",
        "token_scopes",
        "token_roles",
        "policy",
        "caller_app",
      ]),
    },
  ];
}

const OPERATION_MAPPED = new Set(
  "call_id time activity_id account resource region operation database container status client_address principal".split(
    " ",
  ),
);
const OPERATION_UNMAPPED = OPERATION_COLUMNS.map(({ name }) => name).filter((name) => !OPERATION_MAPPED.has(name));

function datastoreActivity(of: Named): Json {
  const operation = text(of("operation")) ?? "";
  const activity = DATASTORE_ACTIVITIES.get(operation) ?? 99;
  const status = Number(of("status"));
  const isDenied = status === 401 || status === 403;
  const principal = text(of("principal"));
  const database = text(of("database"));
  const container = text(of("container"));
  return {
    ...eventOf(6_005, activity, { time: timeOf(of), id: of("activity_id"), of: of("call_id") }),
    activity_name: operation,
    ...cloudOf(of),
    severity_id: isDenied ? LOW : INFORMATIONAL,
    status_id: status < 400 ? SUCCESS : FAILURE,
    status_code: String(status),
    action_id: isDenied ? 2 : 1,
    disposition_id: isDenied ? 2 : 1,
    type_id: container === undefined ? 1 : 3,
    actor: {
      user:
        principal === undefined
          ? { name: text(of("credential")) ?? "not logged", type_id: 99, type: "Credential" }
          : { uid: principal, type_id: 4, type: "Service" },
    },
    src_endpoint: endpointOf(of("client_address")),
    dst_endpoint: { svc_name: of("account") },
    database: { name: database ?? text(of("account")), type_id: 6 },
    table: container === undefined ? undefined : { name: container },
    resources: undefined,
    ...rest(of, [...OPERATION_UNMAPPED, "resource"]),
  };
}
