import { describe, expect, test } from "vitest";
import { gatewayOf } from "./gateway-of.ts";

const ID = "AAAABBBB-0000-4000-8000-000000000001";
const J = JSON.stringify;

describe("headers are read from", () => {
  const shapes: { name: string; headers: unknown }[] = [
    { name: "texts in any case", headers: { "X-MS-Activity-Id": ID, "x-ms-SUBSTATUS": "5302" } },
    { name: "lists", headers: { "x-ms-activity-id": [ID], "X-Ms-Substatus": [5302] } },
    { name: "a text", headers: J({ "x-ms-activity-id": ID, "x-ms-substatus": 5302 }) },
    {
      name: "names and values",
      headers: [
        { name: "x-ms-activity-id", value: ID },
        { Name: "x-ms-substatus", Value: ["5302"] },
      ],
    },
    {
      name: "keys and values",
      headers: [
        { key: "x-ms-activity-id", value: [ID] },
        { Key: "x-ms-substatus", Value: 5302 },
      ],
    },
    { name: "an object each", headers: [{ "x-ms-activity-id": ID }, { "x-ms-substatus": "5302" }] },
    { name: "lines", headers: `x-ms-activity-id: ${ID}\r\nX-MS-Substatus: 5302` },
  ];
  test.each(shapes)("$name", ({ headers }) => {
    const read = { backendActivityId: ID.toLowerCase(), subStatus: 5302 };
    expect(gatewayOf({ responseCode: 403, backendResponseHeaders: headers })).toMatchObject(read);
    expect(gatewayOf({ responseCode: 403, responseHeaders: headers })).toMatchObject(read);
  });
  test("columns that AzureDiagnostics flattened", () => {
    const columns = { backendResponseHeaders_x_ms_activity_id_g: ID, backendResponseHeaders_x_ms_substatus_s: "5302" };
    expect(gatewayOf({}, { properties: undefined, responseCode_d: 403, ...columns })).toMatchObject({
      backendActivityId: ID.toLowerCase(),
      subStatus: 5302,
    });
  });
  test("nothing that is empty", () => {
    const event = gatewayOf({ backendResponseHeaders: { "x-ms-activity-id": [], "x-ms-substatus": "" } });
    expect(event).not.toHaveProperty("backendActivityId");
    expect(event).not.toHaveProperty("subStatus");
  });
});

describe("the host of the gateway", () => {
  const cases = [
    { url: "https://Api.Example:8443/x?y=a@b", host: "api.example" },
    { url: "https://key:SECRET@api.example/x", host: "api.example" },
    { url: "https://SECRET@api.example/x", host: "api.example" },
    { url: "https://[2001:db8::1]:8443/", host: "[2001:db8::1]" },
    { url: "/only/a/path", host: undefined },
  ];
  test.each(cases)("$url", ({ url, host }) => {
    const event = gatewayOf({ url });
    expect(event?.gatewayHost).toBe(host);
    expect(J(event)).not.toContain("SECRET");
  });
});

describe("the last error is read from", () => {
  const error = { source: "validate-jwt", reason: "TokenExpired" };
  const shapes: { name: string; properties: object }[] = [
    { name: "an object", properties: { lastError: error } },
    { name: "a text", properties: { lastError: J(error) } },
    { name: "names in another case", properties: { LastError: { Source: error.source, REASON: "TOKENEXPIRED" } } },
    { name: "columns", properties: { LastErrorSource: error.source, LastErrorReason: error.reason } },
    { name: "flattened columns", properties: { lastError_source_s: error.source, lastError_reason_s: error.reason } },
    {
      name: "the last of errors, beside an empty one",
      properties: { lastError: {}, errors: [{ source: "x" }, error] },
    },
    { name: "errors as text", properties: { errors_s: J([error]) } },
  ];
  test.each(shapes)("$name", ({ properties }) => expect(gatewayOf(properties)?.error).toMatchObject(error));
});

describe("truncated", () => {
  const cases = [
    { truncated: 1, is: true },
    { truncated: "1.0", is: true },
    { truncated: true, is: true },
    { truncated: 0, is: false },
    { truncated: "0.0", is: false },
    { truncated: undefined, is: false },
  ];
  test.each(cases)("$truncated is $is", ({ truncated, is }) => expect(gatewayOf({ truncated })?.truncated).toBe(is));
});

test("no text of a request carries a secret, also where it is cut", () => {
  const secret = "Zm9vYmFyYmF6cXV4".repeat(5);
  const key = `${"A".repeat(86)}==`;
  const event = gatewayOf({
    responseCode: 403,
    url: `https://h/${"x".repeat(2_020)}/${key}`,
    backendUrl: `https://h/?sig=${secret}`,
    lastError: {
      source: "s",
      reason: `code?sig=${secret}`,
      message: `${"m".repeat(950)} ${key}`,
      path: `token=${secret}`,
    },
    requestHeaders: [
      { name: "traceparent", value: `Bearer ${secret}` },
      { name: "User-Agent", value: `x ${"y".repeat(220)} ${key}` },
    ],
    backendResponseHeaders: { "WWW-Authenticate": [`Bearer realm="x", token="${secret}"`] },
    responseBody: { headers: { "Ocp-Apim-Subscription-Key": [secret] }, text: `${"b".repeat(1_900)} ${key}` },
  });
  expect(J(event)).not.toMatch(/Zm9vYmFyYmF6|A{20}/);
});
