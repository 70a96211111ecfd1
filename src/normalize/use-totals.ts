import type { UseTotal } from "../model/use-total.ts";
import { asText } from "./fields.ts";
import { credentialName, operationName, resourceTypeName } from "./data-plane-requests.ts";
import { resourceName, type Row, type Unreadable } from "./normalized.ts";
import { addressOf, type Mutable, put, shortText, subjectOf } from "./values.ts";

const NAME = 256;
/** Far above what an account answers in a quarter of an hour. */
const MOST_CALLS = 1e12;

/**
 * `CDBDataPlaneRequests5M` and `CDBDataPlaneRequests15M`: how often, by whom and on what, without single operations.
 * Source: https://learn.microsoft.com/azure/azure-monitor/reference/tables/cdbdataplanerequests5m
 */
export function normalizeUseTotal(row: Row): UseTotal | Unreadable {
  const { fields, time } = row;
  const status = fields.number("statuscode");
  const calls = fields.number("samplecount");
  if (status === undefined || status < 0 || status > 999)
    return { reason: "bad-status", detail: "`StatusCode` is missing or no HTTP status." };
  if (calls === undefined || !Number.isInteger(calls) || calls < 0 || calls > MOST_CALLS)
    return { reason: "bad-count", detail: "`SampleCount` is missing or no number of requests." };
  const total: Mutable<UseTotal> = {
    time,
    minutes: /15m/i.test(asText(fields.top("type", "tablename", "$table", "category")) ?? "") ? 15 : 5,
    account: (shortText(fields.text("accountname"), NAME) ?? resourceName(row.resource)).toLowerCase(),
    operation: operationName(asText(fields.any("operationname")) ?? ""),
    resourceType: resourceTypeName(fields.text("requestresourcetype") ?? ""),
    status,
    calls,
  };
  put(total, "database", shortText(fields.text("databasename"), NAME));
  put(total, "container", shortText(fields.text("collectionname"), NAME));
  put(total, "credential", credentialName(fields.text("authtokentype")) ?? credentialName(fields.text("keytype")));
  put(total, "principal", subjectOf(fields.text("aadprincipalid")));
  put(total, "roleAssignment", subjectOf(fields.text("aadappliedroleassignmentid")));
  put(total, "clientAddress", addressOf(fields.text("clientipaddress")));
  put(total, "userAgent", shortText(fields.text("useragent"), NAME));
  return total;
}
