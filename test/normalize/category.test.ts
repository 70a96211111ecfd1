import { expect, test } from "vitest";
import { normalize } from "../../src/normalize/normalize.ts";

const time = "2026-11-25T12:00:00Z";
const gateway = { TimeGenerated: time, CorrelationId: "c", ResponseCode: 401 };
const operation = { TimeGenerated: time, ActivityId: "a", StatusCode: 403, OperationName: "Read" };
const activity = {
  TimeGenerated: time,
  OperationNameValue: "Microsoft.DocumentDB/databaseAccounts/write",
  ActivityStatusValue: "Success",
};
const APIM = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/a";
const VAULT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v";

const cases: { name: string; value: Record<string, unknown>; kind: string; category?: string }[] = [
  { name: "a table", value: { ...gateway, Type: "ApiManagementGatewayLogs" }, kind: "event", category: "GatewayLogs" },
  { name: "a category in another case", value: { ...gateway, category: " GATEWAYLOGS" }, kind: "event" },
  { name: "type instead of category", value: { ...gateway, type: "GatewayLogs" }, kind: "event" },
  {
    name: "the name of the table that az prints",
    value: { ...operation, TableName: "CDBDataPlaneRequests" },
    kind: "event",
  },
  { name: "the name of a union's table", value: { ...operation, $table: "CDBDataPlaneRequests" }, kind: "event" },
  {
    name: "a gateway's row told by its resource",
    value: { ...gateway, _ResourceId: APIM },
    kind: "event",
    category: "GatewayLogs",
  },
  {
    name: "a gateway's row told by its error",
    value: { ...gateway, LastErrorReason: "x" },
    kind: "event",
    category: "GatewayLogs",
  },
  {
    name: "an operation told by its columns",
    value: { ...operation, RequestResourceType: "Document" },
    kind: "event",
    category: "DataPlaneRequests",
  },
  {
    name: "a secret's access told by its resource",
    value: { TimeGenerated: time, OperationName: "SecretGet", HttpStatusCode: 200, _ResourceId: VAULT },
    kind: "event",
    category: "AuditEvent",
  },
  {
    name: "a union's row, told by the columns that it fills",
    value: { ...operation, RequestCharge: 1, ApiId: null, ResponseCode: null, CorrelationId: "" },
    kind: "event",
    category: "DataPlaneRequests",
  },
  { name: "a copy in a table of one's own", value: { ...operation, RequestCharge: 1, Type: "Mine_CL" }, kind: "event" },
  {
    name: "az's name of every answer's table",
    value: { ...operation, RequestCharge: 1, TableName: "PrimaryResult" },
    kind: "event",
  },
  {
    name: "a table of sums",
    value: { ...operation, SampleCount: 12, Type: "CDBDataPlaneRequests5M" },
    kind: "total",
    category: "DataPlaneRequestTotals",
  },
  {
    name: "a category of no use with columns as ours",
    value: { ...operation, requestCharge: 1, category: "PartitionKeyRUConsumption" },
    kind: "filtered",
    category: "PartitionKeyRUConsumption",
  },
  {
    name: "an activity of another kind",
    value: { ...activity, Type: "AzureActivity", CategoryValue: "Policy" },
    kind: "filtered",
    category: "Policy",
  },
  {
    name: "an activity in words of old",
    value: { ...activity, CategoryValue: "Write" },
    kind: "event",
    category: "Administrative",
  },
  { name: "a prototype's name", value: { time, category: "__proto__" }, kind: "filtered", category: "__proto__" },
  { name: "a method's name", value: { time, category: "constructor" }, kind: "filtered", category: "constructor" },
  {
    name: "a name that would forge a line",
    value: { time, category: "x\u001b[2J\n" },
    kind: "filtered",
    category: "x\\u{1b}[2J",
  },
  {
    name: "a name that is a list",
    value: { time, category: ["GatewayLogs"] },
    kind: "filtered",
    category: "unrecognised",
  },
  { name: "nothing", value: {}, kind: "filtered", category: "unrecognised" },
  {
    name: "a time that is none beside one that is",
    value: { ...gateway, time: "xx", category: "GatewayLogs" },
    kind: "event",
  },
  {
    name: "no properties where none are needed",
    value: {
      time,
      category: "Administrative",
      operationName: "Microsoft.DocumentDB/databaseAccounts/write",
      properties: null,
    },
    kind: "event",
  },
  {
    name: "properties that are not readable",
    value: { time, category: "GatewayLogs", correlationId: "c", properties: "{method:GET}" },
    kind: "reject",
  },
];

test.each(cases)("$name: $kind", ({ value, kind, category }) => {
  const one = normalize({ value, position: { source: "s", partition: "p", sequence: 1, index: 0 }, repairs: [] });
  expect(one.kind).toBe(kind);
  if (category !== undefined) expect(one).toMatchObject({ category });
});
