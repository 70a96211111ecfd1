export interface Statements {
  readonly prepare: readonly string[];
  readonly answer: string;
}

const GATEWAY_PROPERTIES = `"method" VARCHAR, "url" VARCHAR, "responseCode" INT, "responseSize" INT, "cache" VARCHAR,
  "backendMethod" VARCHAR, "backendUrl" VARCHAR, "backendResponseCode" INT, "backendTime" INT, "apiId" VARCHAR,
  "operationId" VARCHAR, "productId" VARCHAR, "apimSubscriptionId" VARCHAR, "userId" VARCHAR,
  "lastError" STRUCT("reason" VARCHAR), "requestHeaders" STRUCT("User-Agent" VARCHAR),
  "backendResponseHeaders" STRUCT("x-ms-activity-id" UUID),
  "traceRecords" STRUCT("metadata" STRUCT("oid" UUID, "scp" VARCHAR))[]`;

const COSMOS_PROPERTIES = `"activityId" UUID, "requestResourceType" VARCHAR, "requestResourceId" VARCHAR,
  "collectionRid" VARCHAR, "databaseName" VARCHAR, "collectionName" VARCHAR, "statusCode" VARCHAR, "duration" VARCHAR,
  "requestCharge" VARCHAR, "requestLength" VARCHAR, "responseLength" VARCHAR, "clientIpAddress" VARCHAR,
  "authTokenType" VARCHAR, "aadPrincipalId" UUID, "aadAppliedRoleAssignmentId" UUID, "keyType" VARCHAR,
  "userAgent" VARCHAR, "subStatusCode" VARCHAR, "partitionId" UUID, "regionName" VARCHAR, "connectionMode" VARCHAR`;

const RECORD = `"time" VARCHAR, "resourceId" VARCHAR, "category" VARCHAR, "operationName" VARCHAR, "correlationId" UUID,
  "callerIpAddress" VARCHAR, "isRequestSuccess" BOOLEAN, "durationMs" INT, "location" VARCHAR,
  "properties" STRUCT(${GATEWAY_PROPERTIES}, ${COSMOS_PROPERTIES})`;

const TIME = `epoch_ms(replace(left(time, 23), 'T', ' ')::TIMESTAMP)`;

const read = (path: string, columns: string): string =>
  `read_json('${path.replaceAll("'", "''")}', format='newline_delimited', records=true, maximum_object_size=16777216, columns=${columns})`;

/** Decode once into a table with every column of both categories, as an analyst would keep it, then ask. */
export function bodiesSql(path: string): Statements {
  const rows = `(SELECT unnest(records, recursive := false) r FROM ${read(path, `{records: 'STRUCT(${RECORD})[]'}`)})`;
  const columns = `r.category category, ${TIME.replace("time", "r.time")} t, r.resourceId, r.operationName, r.correlationId,
    r.callerIpAddress, r.isRequestSuccess, r.durationMs, r.location, p.method, p.url, p.responseCode, p.responseSize,
    p.cache, p.backendMethod, p.backendUrl, p.backendResponseCode, p.backendTime, p.apiId, p.operationId, p.productId,
    p.apimSubscriptionId, p.userId, p.lastError.reason reason, p.requestHeaders."User-Agent" callerAgent,
    p.backendResponseHeaders."x-ms-activity-id" backendActivity, p.traceRecords[1].metadata.oid oid,
    p.traceRecords[1].metadata.scp scp, p.activityId activity, p.requestResourceType, p.requestResourceId,
    p.collectionRid, p.databaseName || '/' || p.collectionName container, p.statusCode::INT status,
    p.duration::DOUBLE duration, p.requestCharge::DOUBLE charge, p.requestLength::INT requestLength,
    p.responseLength::INT responseLength, p.clientIpAddress, p.authTokenType, p.aadPrincipalId,
    p.aadAppliedRoleAssignmentId, p.keyType, p.userAgent, p.subStatusCode::INT subStatus, p.partitionId, p.regionName,
    p.connectionMode`;
  return {
    prepare: [
      `CREATE TABLE records AS SELECT ${columns} FROM (SELECT r, r.properties p FROM ${rows})`,
      `CREATE VIEW gateway AS SELECT t, backendActivity activity, oid, apiId, operationId, responseCode, durationMs
       FROM records WHERE category = 'GatewayLogs'`,
      `CREATE VIEW cosmos AS SELECT t, activity, aadPrincipalId, operationName, container, status, duration, charge
       FROM records WHERE category = 'DataPlaneRequests'`,
    ],
    answer: answerSql("gateway", "cosmos"),
  };
}

export function splitSql(gatewayPath: string, cosmosPath: string): Statements {
  const gatewayColumns = `{time: 'VARCHAR', durationMs: 'INT', properties: 'STRUCT("responseCode" INT, "apiId" VARCHAR,
    "operationId" VARCHAR, "backendResponseHeaders" STRUCT("x-ms-activity-id" UUID),
    "traceRecords" STRUCT("metadata" STRUCT("oid" UUID))[])'}`;
  const cosmosColumns = `{time: 'VARCHAR', operationName: 'VARCHAR', properties: 'STRUCT("activityId" UUID,
    "databaseName" VARCHAR, "collectionName" VARCHAR, "statusCode" VARCHAR, "duration" VARCHAR, "requestCharge" VARCHAR,
    "aadPrincipalId" UUID)'}`;
  const gateway = `(SELECT ${TIME} t, durationMs, p.responseCode, p.apiId, p.operationId,
    p.backendResponseHeaders."x-ms-activity-id" activity, p.traceRecords[1].metadata.oid oid
    FROM (SELECT *, properties p FROM ${read(gatewayPath, gatewayColumns)}))`;
  const cosmos = `(SELECT ${TIME} t, operationName, p.activityId activity,
    p.databaseName || '/' || p.collectionName container, p.statusCode::INT status, p.duration::DOUBLE duration,
    p.requestCharge::DOUBLE charge, p.aadPrincipalId FROM (SELECT *, properties p FROM ${read(cosmosPath, cosmosColumns)}))`;
  return { prepare: [], answer: answerSql(gateway, cosmos) };
}

/** No window of time on the join: that is the easier question for DuckDB, and has the same answer here. */
const answerSql = (gateway: string, cosmos: string): string => `
  SELECT count(*) "groups", sum(calls) calls, sum(matches) matches, round(sum(charge), 2) charge,
    round(avg(p95), 4) "meanP95"
  FROM (
    SELECT coalesce(a.oid, c.aadPrincipalId) principal, a.apiId, coalesce(a.operationId, c.operationName) operation,
      c.container, coalesce(a.responseCode, c.status) status, count(*) calls,
      quantile_disc(coalesce(a.durationMs, c.duration), 0.95) p95, sum(c.charge) charge,
      sum(CASE WHEN a.t IS NOT NULL AND c.t IS NOT NULL THEN 1 ELSE 0 END) matches
    FROM ${gateway} a FULL OUTER JOIN ${cosmos} c ON a.activity = c.activity
    GROUP BY ALL
  )`;
