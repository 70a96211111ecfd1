import { expect, test } from "vitest";
import { decodeBody } from "../../src/decode/decode-body.ts";
import { parseJoinPath } from "../../src/normalize/join-path.ts";
import { normalize } from "../../src/normalize/normalize.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;
const GUID = "4bf92f35-77b3-4da6-a3ce-929d0e0e4736";

function ownId(path: string, properties: object): string | undefined {
  const record = {
    time: "2026-11-25T12:00:00Z",
    category: "GatewayLogs",
    resourceId: "/SUBSCRIPTIONS/S/PROVIDERS/MICROSOFT.APIMANAGEMENT/SERVICE/A",
    correlationId: "c",
    properties: { responseCode: 200, ...properties },
  };
  const body = new TextEncoder().encode(JSON.stringify(record));
  const [raw] = decodeBody(body, { source: "s", partition: "0", sequence: 1 }).records;
  const normalized = raw === undefined ? undefined : normalize(raw, parseJoinPath(path));
  if (normalized?.kind !== "event" || normalized.event.kind !== "gateway-request")
    throw new Error("no gateway request");
  return normalized.event.ownId;
}

const cases: readonly { name: string; path: string; properties: object; id: string | undefined }[] = [
  {
    name: "a header, in any case",
    path: "requestHeaders.X-Correlation-Id",
    properties: { requestHeaders: { "x-CORRELATION-id": GUID.toUpperCase() } },
    id: GUID,
  },
  {
    name: "a header that is a list",
    path: "requestHeaders.x-id",
    properties: { requestHeaders: { "x-id": ["one", "two"] } },
    id: "one",
  },
  {
    name: "headers as a list of names and values",
    path: "requestHeaders.x-id",
    properties: { requestHeaders: [{ name: "X-Id", value: "one" }] },
    id: "one",
  },
  {
    name: "headers as JSON text",
    path: "requestHeaders.x-id",
    properties: { requestHeaders: '{"X-Id":"one"}' },
    id: "one",
  },
  {
    name: "the trace id of a traceparent",
    path: "requestHeaders.traceparent",
    properties: { requestHeaders: { traceparent: PARENT } },
    id: GUID,
  },
  { name: "a field of the record itself", path: "clientProtocol", properties: { clientProtocol: "x" }, id: "x" },
  { name: "not logged", path: "requestHeaders.x-id", properties: { requestHeaders: {} }, id: undefined },
  { name: "an object is no id", path: "requestHeaders", properties: { requestHeaders: { a: "b" } }, id: undefined },
  {
    name: "a name of every object's",
    path: "requestHeaders.__proto__",
    properties: { requestHeaders: { a: "b" } },
    id: undefined,
  },
];

test.each(cases)("$name", ({ path, properties, id }) => expect(ownId(path, properties)).toBe(id));

test.each(["", "a..b", "a b", "a.".repeat(9), "a[0]"])("%j is no path", (text) => {
  expect(parseJoinPath(text)).toBeUndefined();
});
