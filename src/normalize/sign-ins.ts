import type { Event, SignIn } from "../model/event.ts";
import { epochMs } from "../model/time.ts";
import { asNumber, asText } from "./fields.ts";
import type { Row, Unreadable } from "./normalized.ts";
import { parseInstant } from "./parse-time.ts";
import { addressOf, idOf, shortText, subjectOf } from "./values.ts";

/** Entra `ManagedIdentitySignInLogs` and `ServicePrincipalSignInLogs`, and their tables. */
export function normalizeSignIns(row: Row, identityKind: SignIn["identityKind"]): Event | Unreadable {
  const { fields } = row;
  const ownId = fields.text("id", "uniquetokenidentifier");
  const id = idOf(ownId ?? fields.text("correlationid"));
  if (id === undefined)
    return { reason: "no-id", detail: "`properties.id` is missing: the sign-in cannot be told from others." };
  const time = parseInstant(fields.any("createddatetime")) ?? row.time;
  const code = asNumber(fields.bag("status")?.get("errorcode")) ?? codeOf(asText(fields.any("resulttype")));
  return {
    kind: "sign-in",
    shape: row.shape,
    time,
    resource: row.resource,
    dedupKey: `sign-in|${id}|${ownId === undefined ? epochMs(time) : ""}|${code}`,
    identityKind,
    errorCode: code,
    ...put("appId", subjectOf(fields.text("appid"))),
    ...put("principal", subjectOf(fields.text("serviceprincipalid"))),
    ...put("name", shortText(fields.text("serviceprincipalname"), 200)),
    ...put("target", shortText(fields.text("resourcedisplayname", "resourceidentity"), 200)),
    ...put("address", addressOf(fields.text("ipaddress", "calleripaddress"))),
    ...put("credentialKeyId", subjectOf(fields.text("serviceprincipalcredentialkeyid"))),
  };
}

function put<K extends keyof SignIn>(key: K, value: SignIn[K] | undefined): Partial<SignIn> {
  return value === undefined ? {} : { [key]: value };
}

/** `ResultType` is a code as text; documentation says Success or Failure. */
function codeOf(text: string | undefined): number {
  const number = asNumber(text);
  if (number !== undefined) return number;
  return text === undefined || /^succe/i.test(text) ? 0 : 1;
}
