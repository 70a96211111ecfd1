import { createHmac } from "node:crypto";
import rhea, { type EventContext, type Message, type Sender } from "rhea";
import type { Hub } from "./event-hubs-hub.ts";

const int = (value: number): unknown => rhea.types.wrap_int(value);
const long = (value: number): unknown => rhea.types.wrap_long(value);
const STRING8 = 0xa1;

export type SasKeys = Readonly<Record<string, string>>;

export interface TokenRules {
  /** Key name → key; a signature must be right, and not expired. */
  readonly sasKeys: SasKeys;
  /** Whether a bearer token is taken; none is by default. */
  readonly acceptsJwt?: (token: string, audience: string) => boolean;
  /** The service's clock, ms since 1970; this machine's without it. */
  readonly now?: () => number;
}

const propertiesOf = (message: Message | undefined): Record<string, unknown> => message?.application_properties ?? {};

/** Answers to the reply link of the same connection. */
function reply(context: EventContext, answer: Message): void {
  const { connection, delivery, message, receiver } = context;
  const isReplyLink = (link: Sender): boolean =>
    link.name === message?.reply_to ||
    link.target?.address === message?.reply_to ||
    link.source?.address === receiver?.target?.address;
  delivery?.accept();
  const link: Sender | undefined = connection["find_sender"](isReplyLink);
  link?.send({ ...answer, ...(message?.message_id === undefined ? {} : { correlation_id: message.message_id }) });
}

/** A `$cbs` put-token request. Returns whether the token was taken. */
export function answerToken(context: EventContext, rules: TokenRules): boolean {
  const { type, name } = propertiesOf(context.message);
  const body: unknown = context.message?.body;
  const token = typeof body === "object" && body !== null && "content" in body ? String(body.content) : String(body);
  const refusal = type === "jwt" ? jwtRefusal(token, String(name), rules) : sasRefusal(token, rules);
  const application_properties =
    refusal === undefined
      ? { "status-code": int(202), "status-description": "Accepted" }
      : {
          "status-code": int(401),
          "status-description": refusal.says,
          "error-condition": refusal.condition,
        };
  reply(context, { body: undefined, application_properties });
  return refusal === undefined;
}

interface TokenRefusal {
  readonly condition: string;
  readonly says: string;
}

const INVALID: TokenRefusal = {
  condition: "amqp:unauthorized-access",
  says: "InvalidSignature: The token has an invalid signature.",
};

const jwtRefusal = (token: string, audience: string, { acceptsJwt }: TokenRules): TokenRefusal | undefined =>
  acceptsJwt?.(token, audience) === true ? undefined : INVALID;

/** What the service says of a token that has run out is from Azure/azure-sdk-for-js#26073. */
function sasRefusal(token: string, { sasKeys, now = Date.now }: TokenRules): TokenRefusal | undefined {
  if (!isSigned(token, sasKeys)) return INVALID;
  const expires = 1_000 * Number(new URLSearchParams(token.replace(/^SharedAccessSignature /, "")).get("se"));
  if (expires >= now()) return undefined;
  const at = new Date(expires).toISOString().replace("T", " ").replace(/\.\d+/, "");
  return {
    condition: "com.microsoft:auth-failed",
    says: `ExpiredToken: The token is expired. Expiration time: '${at}'`,
  };
}

function isSigned(token: string, keys: SasKeys): boolean {
  const fields = new URLSearchParams(token.replace(/^SharedAccessSignature /, ""));
  const key = keys[fields.get("skn") ?? ""];
  const [resource, expiry] = [fields.get("sr"), fields.get("se")];
  if (key === undefined || resource === null || expiry === null) return false;
  const expected = createHmac("sha256", key)
    .update(`${encodeURIComponent(resource)}\n${expiry}`)
    .digest("base64");
  return fields.get("sig") === expected;
}

/** A `$management` READ of a hub or of a partition. */
export function answerManagement(context: EventContext, hubs: ReadonlyMap<string, Hub>): void {
  const { type, name, partition } = propertiesOf(context.message);
  const refuse = (code: number, condition: string, description: string): void =>
    reply(context, {
      body: undefined,
      application_properties: {
        "status-code": int(code),
        "error-condition": condition,
        "status-description": description,
      },
    });
  const answer = (body: Record<string, unknown>): void =>
    reply(context, { body, application_properties: { "status-code": int(200), "status-description": "OK" } });

  const hub = hubs.get(String(name).toLowerCase());
  if (hub === undefined)
    return refuse(404, "amqp:not-found", `The messaging entity '${String(name)}' could not be found.`);
  if (type === "com.microsoft:eventhub") return answer(hubBody(hub));
  const log = hub.partitions.find(({ id }) => id === String(partition));
  if (log === undefined)
    return refuse(400, "com.microsoft:argument-out-of-range", "The specified partition is invalid.");
  const state = log.state();
  answer({
    name: hub.name,
    type: "com.microsoft:partition",
    partition: log.id,
    begin_sequence_number: long(state.firstSequence),
    last_enqueued_sequence_number: long(state.lastSequence),
    last_enqueued_offset: String(state.lastOffset),
    last_enqueued_time_utc: new Date(state.lastEnqueued),
    is_partition_empty: state.isEmpty,
  });
}

const hubBody = (hub: Hub): Record<string, unknown> => ({
  name: hub.name,
  type: "com.microsoft:eventhub",
  created_at: hub.created,
  partition_count: int(hub.partitions.length),
  partition_ids: rhea.types.wrap_array(
    hub.partitions.map((log) => log.id),
    STRING8,
    undefined,
  ),
  georeplication_factor: int(1),
});
