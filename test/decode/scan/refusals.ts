import fc from "fast-check";

/** The first of the values most times, so that most refusals have one odd value or two. */
const mostly = <T>(usual: T, ...odd: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, { weight: 2, arbitrary: fc.constantFrom(...odd) });

/** A refusal with all that one may tell, in each of the shapes; bodies and errors are of every kind that was thought of. */
export const refusal = fc
  .record({
    status: fc.constantFrom(0, 200, 301, 400, 401, 403, 429, 500, 999),
    backendStatus: mostly<unknown>(401, undefined, 0, 403.5, "503"),
    shape: fc.constantFrom("nested", "table", "legacy"),
    error: mostly("object", "none", "text", "flat", "flat and object", "list", "list and object", "empty"),
    source: mostly<unknown>("validate-jwt", "validate-azure-ad-token", "rate-limit", "", 7, null),
    reason: mostly<unknown>("TokenExpired", "tokenexpired", "TokenClaimNotFound", "JwtInvalid", "", 'a\\b"c', null),
    message: mostly<unknown>(
      "JWT \u0142 \ud83d\ude00",
      "key 0123456789abcdef0123456789abcdef",
      "",
      "x".repeat(2_000),
      {},
    ),
    path: mostly<unknown>("validate-jwt[1]", "p".repeat(400), undefined),
    url: mostly<unknown>(
      "https://apim.azure-api.net/a?subscription-key=0123456789abcdef0123456789abcdef",
      `http://host:8443/${"long/".repeat(600)}`,
      "https://\ud83d\ude00/",
      undefined,
    ),
    backendUrl: mostly<unknown>("https://acc.documents.azure.com/dbs/a", "https://h/?sig=abc%2Fdef", undefined),
    headers: mostly("object", "list", "pairs", "both", "none"),
    challenge: mostly<unknown>('Bearer error="invalid_token"', "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx.abc", "", 3),
    activity: mostly<unknown>("6c9f1d7e-0000-4000-8000-00000000000a", "not a guid", undefined),
    subStatus: mostly<unknown>("5300", 5301, "0", "-1", "1e3", undefined),
    body: fc.constantFrom(
      undefined,
      "",
      "ActivityId: 0f30b5b7-0525-49f8-a1ac-426445b056ae, sub-status: 5302",
      '{"code":"Forbidden","message":"x"}',
      { code: "Forbidden", activityId: "0F30B5B7-0525-49f8-a1ac-426445b056ae", list: [1, null, "\u2028"] },
      ["a", 1.5],
      false,
      12,
      "b".repeat(9_000),
    ),
    backendBody: fc.constantFrom(undefined, "", "from behind", null, 0),
    claims: fc.constantFrom("object", "pairs", "none"),
    state: mostly<unknown>("validated", "unverified", ""),
    tenant: mostly<unknown>("B86DF16A-8514-4132-a681-75f875216715", "common", "", " ", null, undefined),
    token: mostly<unknown>('uti\u0007"x', "t".repeat(300), "", undefined),
  })
  .map(refusalText);

interface Refused {
  readonly status: number;
  readonly shape: string;
  readonly error: string;
  readonly headers: string;
  readonly claims: string;
  readonly [told: string]: unknown;
}

function refusalText(told: Refused): string {
  const { status, shape, source, reason, message, path } = told;
  const last = { elapsed: 3, source, reason, message, scope: "api", section: "inbound", path };
  const flat = {
    lastError_source_s: source,
    lastErrorReason: reason,
    lastError_message_s: message,
    lastError_elapsed_d: 3,
  };
  const errors: Readonly<Record<string, object>> = {
    none: {},
    object: { lastError: last },
    text: { lastError: JSON.stringify(last) },
    flat,
    "flat and object": { lastError: { path, scope: "x" }, ...flat },
    list: { errors: [{ source: "earlier" }, last] },
    "list and object": { errors: [{ ...last, reason: "earlier" }], lastError: last },
    empty: { lastError: {}, errors: [] },
  };
  const named = {
    "WWW-Authenticate": told["challenge"],
    "x-ms-activity-id": told["activity"],
    "X-MS-SubStatus": told["subStatus"],
  };
  const headers: Readonly<Record<string, object>> = {
    object: { backendResponseHeaders: named },
    list: { responseHeaders: Object.fromEntries(Object.entries(named).map(([name, value]) => [name, [value]])) },
    pairs: { responseHeaders: Object.entries(named).map(([name, value]) => ({ name, value })) },
    both: { responseHeaders: { "www-authenticate": "Basic realm=x" }, backendResponseHeaders: named },
    none: {},
  };
  const claims = {
    st: told["state"],
    iss: "https://sts.example/",
    tid: told["tenant"],
    exp: "1795583880",
    uti: told["token"],
  };
  const metadata = told.claims === "object" ? claims : Object.entries(claims).map(([name, value]) => ({ name, value }));
  const fields = {
    method: "GET",
    url: told["url"],
    responseCode: status,
    backendResponseCode: told["backendStatus"],
    backendMethod: "POST",
    backendUrl: told["backendUrl"],
    backendTime: 3.25,
    apiId: "orders",
    ...errors[told.error],
    ...headers[told.headers],
    responseBody: told["body"],
    backendResponseBody: told["backendBody"],
    ...(told.claims === "none" ? {} : { traceRecords: [{ source: "scopetrail-claims", message: "v1", metadata }] }),
  };
  const correlationId = "669a54f8-9fff-48e5-ac05-63e3477be28b";
  const resource = "/SUBSCRIPTIONS/X/PROVIDERS/MICROSOFT.APIMANAGEMENT/SERVICE/APIM-1";
  const common = { category: "GatewayLogs", correlationId, durationMs: 12 };
  if (shape === "nested")
    return JSON.stringify({
      time: "2026-11-25T06:00:27.3910403Z",
      resourceId: resource,
      ...common,
      properties: fields,
    });
  const table = { TimeGenerated: "2026-11-25T06:00:27.3910403Z", _ResourceId: resource, ...common, ...fields };
  return JSON.stringify(shape === "table" ? table : { ...table, Type: "AzureDiagnostics", ResourceProvider: "X" });
}
