import type { HubAddress } from "./event-hubs-connection.ts";
import { SourceError } from "./source-error.ts";

export interface ErrorPlace extends HubAddress {
  readonly source: string;
  readonly consumerGroup: string;
  readonly partition?: string;
}

/**
 * What the client or the credential threw, as a sentence with the way out. What is not known for what it is counts as unreachable:
 * a connection that breaks at a bad moment makes the client throw errors without name or code.
 * The service's texts name entities and never keys; the texts of the client's own checks could, and are not passed on.
 */
export function sourceErrorOf(error: unknown, place: ErrorPlace): SourceError {
  if (error instanceof SourceError) return error;
  const first = firstOf(error);
  const code = textIn(first, "code");
  const name = textIn(first, "name");
  const make = (kind: SourceError["kind"], says: string): SourceError =>
    new SourceError(place.source, kind, says, error);
  const hub = `hub ${place.hub} at ${place.host}`;
  if (SIGN_IN.has(name))
    return make(
      "refused",
      `${hub}: no sign-in to Azure worked. Give this host a managed identity, sign in with az login, or use a connection string.`,
    );
  if (code === "UnauthorizedError" && textIn(first, "message").includes(EXPIRED))
    return make(
      "unreachable",
      `${hub} takes the token of this machine for one that has run out. Is this machine's clock behind? Set it. A connection string with a SharedAccessSignature may have run out itself: make a new one.`,
    );
  switch (code) {
    case "UnauthorizedError":
      return make(
        "refused",
        `${hub} refuses to be read. Give the identity the role Azure Event Hubs Data Receiver there, or use a key with Listen.`,
      );
    case "MessagingEntityNotFoundError":
      return make(
        "refused",
        `${hub} or its consumer group ${place.consumerGroup} does not exist. Check both names, or create them.`,
      );
    case "MessagingEntityDisabledError":
      return make("refused", `${hub} is disabled. Enable it, or name another.`);
    case "QuotaExceededError":
      return make(
        "refused",
        `${hub}: too many readers share consumer group ${place.consumerGroup}. Give this one a consumer group of its own.`,
      );
    case "ReceiverDisconnectedError":
      return make(
        "stolen",
        `partition ${place.partition ?? "?"} of ${hub} is read by another reader with an owner level as high. Stop one of them, or use another consumer group.`,
      );
    case "ArgumentError":
    case "ArgumentOutOfRangeError":
      return make(
        "config",
        `${hub} does not take the position or partition it was asked for (${code}). Check partition and start.`,
      );
    case "ENOTFOUND":
      return make(
        "unreachable",
        `${place.host} is not a known host. Check the namespace and the network's name service.`,
      );
    default:
      return make(
        "unreachable",
        `${hub} does not answer (${code || name || "no reason given"}). Check the network and port 5671.`,
      );
  }
}

/** How the service begins what it says of such a token: one that was made by a clock an hour behind has run out already. */
const EXPIRED = "ExpiredToken";

const SIGN_IN = new Set([
  "AuthenticationError",
  "AuthenticationRequiredError",
  "AggregateAuthenticationError",
  "CredentialUnavailableError",
]);

/** After its last retry the client throws an `AggregateError` without a text: the newest of its errors says why. */
function firstOf(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== "AggregateError" || !("errors" in error)) return error;
  return Array.isArray(error.errors) ? (error.errors.at(-1) ?? error) : error;
}

function textIn(value: unknown, key: "code" | "name" | "message"): string {
  if (typeof value !== "object" || value === null) return "";
  const text: unknown = Reflect.get(value, key);
  return typeof text === "string" ? text : "";
}
