import type { GatewayRequest } from "../../src/model/event.ts";
import { normalize } from "../../src/normalize/normalize.ts";

/** The gateway request of a record with these properties. */
export function gatewayOf(properties: object): GatewayRequest | undefined {
  const value = {
    time: "2026-11-25T12:00:00Z",
    category: "GatewayLogs",
    correlationId: "c",
    properties: { responseCode: 200, ...properties },
  };
  const one = normalize({ value, position: { source: "s", partition: "p", sequence: 1, index: 0 }, repairs: [] });
  return one.kind === "event" && one.event.kind === "gateway-request" ? one.event : undefined;
}
