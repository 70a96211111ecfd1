import type { GatewayRequest } from "../../src/model/event.ts";
import { normalize } from "../../src/normalize/normalize.ts";

/** The gateway request of a record with these properties, and these members of its own. */
export function gatewayOf(properties: object, top: object = {}): GatewayRequest | undefined {
  const record = {
    time: "2026-11-25T12:00:00Z",
    category: "GatewayLogs",
    correlationId: "c",
    properties: { responseCode: 200, ...properties },
    ...top,
  };
  const value = JSON.parse(JSON.stringify(record)) as Record<string, unknown>; // as from a log: nothing is undefined
  const one = normalize({ value, position: { source: "s", partition: "p", sequence: 1, index: 0 }, repairs: [] });
  return one.kind === "event" && one.event.kind === "gateway-request" ? one.event : undefined;
}
