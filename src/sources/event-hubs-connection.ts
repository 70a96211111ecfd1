import {
  EventHubConsumerClient,
  type EventHubConsumerClientOptions,
  RetryMode,
  type RetryOptions,
} from "@azure/event-hubs";
import type { TokenCredential } from "@azure/identity";
import { err, ok, type Result } from "../lib/result.ts";
import { SourceError } from "./source-error.ts";

/** How to reach one hub: with a connection string, the emulator's too, or as the identity that the process runs as. */
export type EventHubsConnection =
  | {
      readonly kind: "connection-string";
      readonly connectionString: string;
      /** Needed unless the connection string names it (`EntityPath`). */
      readonly hub?: string;
    }
  | {
      readonly kind: "identity";
      /** `contoso.servicebus.windows.net` */
      readonly fullyQualifiedNamespace: string;
      readonly hub: string;
      readonly credential: () => Promise<TokenCredential>;
    };

/** One hub, in words that hold no secret. */
export interface HubAddress {
  readonly host: string;
  readonly hub: string;
}

/** Where a connection leads; the error says what is missing, never what was given. */
export function addressOf(connection: EventHubsConnection): Result<HubAddress, string> {
  if (connection.kind === "identity") return ok({ host: connection.fullyQualifiedNamespace, hub: connection.hub });
  const fields = fieldsOf(connection.connectionString);
  const host = /^sb:\/\/([^/;]+)\/?$/i.exec(fields.get("endpoint") ?? "")?.[1];
  if (host === undefined) return err("the connection string has no Endpoint=sb://…; copy it again from the portal");
  const hasKey = fields.has("sharedaccesskeyname") && fields.has("sharedaccesskey");
  if (!hasKey && !fields.has("sharedaccesssignature"))
    return err("the connection string has no SharedAccessKeyName and SharedAccessKey; copy it again from the portal");
  const [named, inString] = [connection.hub, fields.get("entitypath")];
  if (named !== undefined && inString !== undefined && named !== inString)
    return err(
      "the connection string is for another hub (EntityPath) than the one that is named; leave one of them out",
    );
  const hub = named ?? inString;
  return hub === undefined
    ? err("no hub is named; add it, or EntityPath=… to the connection string")
    : ok({ host, hub });
}

function fieldsOf(connectionString: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const part of connectionString.split(";")) {
    const at = part.indexOf("=");
    if (at > 0) fields.set(part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim());
  }
  return fields;
}

/** Four attempts within three seconds: enough for a restart of a broker's node, quick enough to tell that nobody is there. */
export const DEFAULT_RETRY: RetryOptions = {
  maxRetries: 3,
  retryDelayInMs: 400,
  maxRetryDelayInMs: 5_000,
  timeoutInMs: 15_000,
  mode: RetryMode.Exponential,
};

export interface ClientSettings {
  readonly source: string;
  readonly connection: EventHubsConnection;
  readonly consumerGroup: string;
  readonly retry: RetryOptions;
  /** Wait before a partition that failed is opened again. */
  readonly reopenMs: number;
}

/** A client that has not connected yet; throws `SourceError` of kind `config`. */
export async function createClient(settings: ClientSettings): Promise<EventHubConsumerClient> {
  const { source, connection, consumerGroup } = settings;
  const address = addressOf(connection);
  if (!address.ok) throw new SourceError(source, "config", address.error);
  const options: EventHubConsumerClientOptions = {
    retryOptions: settings.retry,
    loadBalancingOptions: { updateIntervalInMs: settings.reopenMs },
  };
  try {
    if (connection.kind === "connection-string")
      return new EventHubConsumerClient(
        consumerGroup,
        withoutEntityPath(connection.connectionString),
        address.value.hub,
        options,
      );
    const credential = await connection.credential();
    return new EventHubConsumerClient(
      consumerGroup,
      connection.fullyQualifiedNamespace,
      connection.hub,
      credential,
      options,
    );
  } catch {
    // The client's own message quotes the connection string, key and all: it goes no further.
    throw new SourceError(
      source,
      "config",
      "the connection string or namespace is not one that the client understands",
    );
  }
}

const withoutEntityPath = (connectionString: string): string =>
  connectionString.replace(/(^|;)\s*EntityPath\s*=[^;]*/i, "");
