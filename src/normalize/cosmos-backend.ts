import { hostOf } from "../lib/host.ts";
import type { GatewayRequest } from "../model/event.ts";

const HOSTS = [".documents.azure.com", ".documents.azure.us", ".documents.azure.cn", ".cosmos.azure.com"];

/** A host of Cosmos DB's REST interface. */
export const isCosmosHost = (host: string): boolean => HOSTS.some((suffix) => host.endsWith(suffix));

/** The gateway talks to Cosmos DB's REST interface itself. */
export function isCosmosBackend(gateway: GatewayRequest): boolean {
  const host = gateway.backendUrl === undefined ? undefined : hostOf(gateway.backendUrl);
  return host !== undefined && isCosmosHost(host);
}
