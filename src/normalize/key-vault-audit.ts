import type { Event, SecretAccess } from "../model/event.ts";
import { epochMs } from "../model/time.ts";
import { asText, index, readBag } from "./fields.ts";
import { resourceName, type Row, type Unreadable } from "./normalized.ts";
import { addressOf, subjectOf } from "./values.ts";

/** Key Vault `AuditEvent` and `AZKVAuditLogs`. */
export function normalizeKeyVaultAudit(row: Row): Event | Unreadable {
  const { fields } = row;
  const operation = (asText(fields.top("operationname")) ?? "").slice(0, 64);
  const status =
    fields.number("httpstatuscode") ?? statusOf(fields.text("resultsignature")) ?? statusOf(fields.text("resulttype"));
  if (operation === "") return { reason: "no-operation", detail: "`operationName` is missing." };
  if (status === undefined) return { reason: "bad-status", detail: "`httpStatusCode` is missing or no HTTP status." };
  const identity = readBag(fields.any("identity"));
  const claim = index(readBag(identity?.["claim"]) ?? {});
  const read = (name: string): string | undefined =>
    asText(claim.get(name)) ?? fields.flattened("identity_claim", name);
  const vault = resourceName(row.resource);
  const principal = subjectOf(read("oid") ?? read("http://schemas.microsoft.com/identity/claims/objectidentifier"));
  const secret = /\/secrets\/([^/?]{1,127})/i.exec(fields.text("requesturi", "id") ?? "")?.[1]?.toLowerCase();
  return {
    kind: "secret-access",
    shape: row.shape,
    time: row.time,
    resource: row.resource,
    dedupKey: `secret|${vault}|${operation}|${epochMs(row.time)}|${status}|${principal ?? ""}|${fields.text("correlationid") ?? ""}|${secret ?? ""}`,
    vault,
    operation,
    status,
    ...put("secret", secret),
    ...put("principal", principal),
    ...put("ownerResource", read("xms_mirid")?.toLowerCase().slice(0, 512)),
    ...put("address", addressOf(fields.text("calleripaddress"))),
  };
}

function put<K extends keyof SecretAccess>(key: K, value: SecretAccess[K] | undefined): Partial<SecretAccess> {
  return value === undefined ? {} : { [key]: value };
}

/** Words of `resultSignature`, and of `resultType`, where no status was logged. */
const WORDS: ReadonlyMap<string, number> = new Map([
  ["ok", 200],
  ["created", 201],
  ["accepted", 202],
  ["nocontent", 204],
  ["badrequest", 400],
  ["unauthorized", 401],
  ["forbidden", 403],
  ["notfound", 404],
  ["conflict", 409],
  ["success", 200],
]);

const statusOf = (words: string | undefined): number | undefined =>
  WORDS.get((words ?? "").toLowerCase().replaceAll(/[^a-z]/g, ""));
