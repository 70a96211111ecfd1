import type { Dimension, DimensionValues } from "../model/call.ts";
import type { Subject } from "../model/finding.ts";
import type { Observation } from "./observation.ts";

/** What a finding is about: what the best split names, and what nearly all refused calls share. */
export function subjectOf(observation: Observation, where: DimensionValues | undefined): Subject {
  const only = (dimension: Dimension): string | undefined => {
    const top = observation.values(dimension)[0];
    return where?.[dimension] ?? (top !== undefined && top.share >= 0.9 ? top.value : undefined);
  };
  const api = only("api");
  const operation = only("operation");
  const account = only("cosmosAccount");
  const database = only("database");
  const container = only("container");
  return {
    ...principalOf(observation, only),
    ...(api === undefined ? {} : { api }),
    ...(operation === undefined ? {} : { operation }),
    ...(account === undefined ? {} : { account }),
    ...(database === undefined ? {} : { database }),
    ...(container === undefined ? {} : { container }),
  };
}

/** Only an identity that the gateway or Cosmos vouched for is named. */
function principalOf(observation: Observation, only: (dimension: Dimension) => string | undefined): Subject {
  const cosmos = observation.layer === "cosmos" ? only("cosmosPrincipal") : undefined;
  if (cosmos !== undefined && observation.facts.every(({ status }) => status === 403))
    return { principal: cosmos, principalKind: "service-principal" };
  const credential = observation.layer === "cosmos" ? only("credential") : undefined;
  if (credential !== undefined && credential !== "AadToken")
    return { principal: credential, principalKind: "account-key" };
  const principal = only("principal");
  if (principal !== undefined) return { principal, principalKind: "service-principal" };
  const subscription = only("subscription");
  return subscription === undefined ? {} : { principal: subscription, principalKind: "subscription" };
}
