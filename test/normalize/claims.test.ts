import { describe, expect, test } from "vitest";
import { gatewayOf } from "./gateway-of.ts";

const CLAIMS = { st: "validated", oid: "AAAABBBB000040008000000000000001", scp: "Orders.Read", exp: 1_795_608_000 };
const LIST = Object.entries(CLAIMS).map(([name, value]) => ({ name, value }));
const READ = { state: "validated", objectId: "aaaabbbb-0000-4000-8000-000000000001", scopes: "Orders.Read" };
const source = "scopetrail-claims";
const J = JSON.stringify;

describe("claims are read from", () => {
  const traces: { name: string; traceRecords: unknown }[] = [
    { name: "an object", traceRecords: [{ source, message: "v1", metadata: CLAIMS }] },
    { name: "a list of names and values", traceRecords: [{ source, message: "v1", metadata: LIST }] },
    { name: "the message itself", traceRecords: [{ source, message: J(CLAIMS) }] },
    { name: "a trace whose message is a text", traceRecords: [{ source, message: "claims", metadata: CLAIMS }] },
    { name: "records as text", traceRecords: J([{ source, message: "v1", metadata: CLAIMS }]) },
    { name: "a list of texts", traceRecords: [J({ source, message: "v1", metadata: LIST })] },
    { name: "one record without a list", traceRecords: { source, message: "v1", metadata: CLAIMS } },
    { name: "names in any case", traceRecords: [{ SOURCE: source, Message: "V1", metaData: { ...CLAIMS } }] },
    {
      name: "a record behind many others",
      traceRecords: [
        ...Array.from({ length: 300 }, (_, n) => ({ source: "other", message: String(n) })),
        { source, message: "v1", metadata: LIST },
      ],
    },
    {
      name: "the trace after validation, where another stands before it",
      traceRecords: [
        { source, message: "v1", metadata: { st: "unverified", oid: "victim" } },
        { source, message: "v1", metadata: CLAIMS },
      ],
    },
  ];
  test.each(traces)("$name", ({ traceRecords }) => expect(gatewayOf({ traceRecords })?.claims).toMatchObject(READ));
});

describe("what only looks like claims is ignored", () => {
  const traces: { name: string; traceRecords: unknown }[] = [
    { name: "another source", traceRecords: [{ source: "my-policy", message: "v1", metadata: CLAIMS }] },
    { name: "a source that contains ours", traceRecords: [{ source: `${source}-x`, message: "v1", metadata: CLAIMS }] },
    { name: "a source that is a list", traceRecords: [{ source: [source], message: "v1", metadata: CLAIMS }] },
    { name: "another version", traceRecords: [{ source, message: "v2", metadata: CLAIMS }] },
    { name: "an empty message", traceRecords: [{ source, message: "", metadata: CLAIMS }] },
    { name: "no message", traceRecords: [{ source, metadata: CLAIMS }] },
    {
      name: "a record inside another's message",
      traceRecords: [{ source: "log", message: J({ source, message: "v1", metadata: CLAIMS }) }],
    },
    { name: "a record inside another", traceRecords: [{ data: { source, message: "v1", metadata: CLAIMS } }] },
    { name: "claims inside claims", traceRecords: [{ source, message: J({ metadata: CLAIMS }) }] },
    {
      name: "a prototype",
      traceRecords: J([{ source, message: "v1", metadata: "~" }]).replace('"~"', `{"__proto__":${J(CLAIMS)}}`),
    },
    { name: "no known name", traceRecords: [{ source, message: "v1", metadata: { upn: "someone" } }] },
    { name: "a text that is no JSON", traceRecords: "v1" },
  ];
  test.each(traces)("$name", ({ traceRecords }) => expect(gatewayOf({ traceRecords })?.claims).toBeUndefined());
});

test.each(["app", "appid", "AZP"])("the application is read from %s, and roles from their full name", (name) => {
  const metadata = { st: "validated", [name]: "AAAABBBB000040008000000000000002", roles: "Orders.Write" };
  expect(gatewayOf({ traceRecords: [{ source, message: "v1", metadata }] })?.claims).toMatchObject({
    appId: "aaaabbbb-0000-4000-8000-000000000002",
    roles: "Orders.Write",
  });
});

describe("claims are only claimed", () => {
  const cases: { name: string; metadata: unknown; lastError?: object }[] = [
    { name: "without a state", metadata: { oid: "x" } },
    { name: "in a state that is none", metadata: { st: "valid", oid: "x" } },
    { name: "in two states, the stronger first", metadata: [...LIST, { name: "st", value: "unverified" }] },
    { name: "in two states, the weaker first", metadata: [{ name: "ST", value: "unverified" }, ...LIST] },
    {
      name: "when the gateway did not accept the token",
      metadata: CLAIMS,
      lastError: { source: "validate-jwt", reason: "TokenSignatureInvalid" },
    },
    {
      name: "when the gateway did not accept the token, told in another case",
      metadata: CLAIMS,
      lastError: { Source: "validate-azure-ad-token", Reason: "tokenexpired" },
    },
  ];
  test.each(cases)("$name", ({ metadata, lastError }) => {
    const traceRecords = [{ source, message: "v1", metadata }];
    expect(gatewayOf({ traceRecords, lastError })?.claims?.state).toBe("unverified");
  });
  test("but not when an accepted token lacks a claim", () => {
    const lastError = { source: "validate-jwt", reason: "TokenClaimNotFound" };
    const traceRecords = [{ source, message: "v1", metadata: CLAIMS }];
    expect(gatewayOf({ traceRecords, lastError })?.claims?.state).toBe("validated");
  });
});

test("claims are short, without control characters and without secrets", () => {
  const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJvaWQiOiJ2aWN0aW0ifQ.c2lnbmF0dXJl";
  const metadata = {
    st: "unverified",
    aud: `https://x/?subscription-key=SECRETSECRET ${jwt}`,
    iss: `a\u0007${"y".repeat(999)}`,
  };
  const claims = gatewayOf({ traceRecords: [{ source, message: "v1", metadata }] })?.claims;
  expect(JSON.stringify(claims)).not.toMatch(/SECRET|eyJvaWQi|u0007/);
  expect(claims?.issuer?.length).toBe(256);
});
