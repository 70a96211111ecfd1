import { z } from "zod";
import { parseJoinPath } from "../normalize/join-path.ts";

const secret = z
  .string()
  .regex(
    /^(?:env:[A-Za-z_]\w{0,127}|file:.{1,4096})$/,
    "a reference such as env:NAME or file:/path, never the secret itself",
  )
  .meta({ description: "Where the secret is: `env:NAME` or `file:/path`." });

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, "lower-case letters, digits and hyphens, at most 40")
  .meta({ description: "Its name in positions, logs and metrics." });

const START = "earliest, latest or a time such as 2026-11-25T12:00:00Z";

const eventHubs = z
  .strictObject({
    type: z.literal("event-hubs"),
    name,
    connectionString: secret
      .optional()
      .meta({ description: "Reference to a connection string (`EntityPath` may be inside)." }),
    namespace: z.string().min(1).optional().meta({
      description:
        "Fully qualified namespace, for instance `logs.servicebus.windows.net`; signs in with DefaultAzureCredential.",
    }),
    eventHub: z
      .string()
      .min(1)
      .optional()
      .meta({ description: "Name of the event hub, unless the connection string has it." }),
    consumerGroup: z
      .string()
      .min(1)
      .default("$Default")
      .meta({ description: "Consumer group; give Scopetrail one of its own." }),
    startAt: z
      .union([z.enum(["earliest", "latest"]), z.iso.datetime({ offset: true, error: START })])
      .default("earliest")
      .meta({ description: "Where a partition without a checkpoint begins: `earliest`, `latest` or a time." }),
    ownerLevel: z
      .int()
      .nonnegative()
      .optional()
      .meta({ description: "Owner level (epoch); a later reader with the same or a higher one takes over." }),
  })
  .refine((source) => (source.connectionString === undefined) !== (source.namespace === undefined), {
    message: "give either connectionString or namespace",
    path: ["connectionString"],
  })
  .refine((source) => source.namespace === undefined || source.eventHub !== undefined, {
    message: "namespace needs eventHub",
    path: ["eventHub"],
  });

const files = z.strictObject({
  type: z.literal("files"),
  name,
  paths: z.array(z.string().min(1)).min(1).meta({ description: "Files and folders, read once to their ends." }),
});

const simulated = z.strictObject({
  type: z.literal("simulated"),
  name,
  seed: z.int().nonnegative().default(8).meta({ description: "Seed of the simulated tenant." }),
});

const target = {
  name,
  url: secret.meta({ description: "Reference to the target's address; the address is a secret." }),
  allowPrivate: z.boolean().default(false).meta({ description: "Allow loopback and private addresses, and http." }),
};

const Targets = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("webhook"),
    ...target,
    secrets: z
      .array(secret)
      .min(1)
      .meta({ description: "References to `whsec_…` secrets of Standard Webhooks; several while one is replaced." }),
  }),
  z.strictObject({ type: z.literal("slack"), ...target }),
  z.strictObject({ type: z.literal("teams"), ...target }),
]);

/** The configuration of `serve`; its descriptions are the manual. */
export const ConfigSchema = z.strictObject({
  sources: z
    .array(z.discriminatedUnion("type", [eventHubs, files, simulated]))
    .min(1)
    .meta({ description: "Where logs come from." }),
  state: z
    .string()
    .min(1)
    .default(".scopetrail/state.db")
    .meta({ description: "SQLite file of the durable state; on a local disk." }),
  lateness: z
    .int()
    .min(1)
    .max(3_600)
    .default(120)
    .meta({ description: "Seconds of event time to wait for stragglers." }),
  joinBy: z
    .string()
    .transform((text, context) => {
      const path = parseJoinPath(text);
      if (path !== undefined) return path;
      context.addIssue('must name a field, or headers and one of them such as "requestHeaders.x-correlation-id"');
      return z.NEVER;
    })
    .optional()
    .meta({
      description:
        "Where the gateway's records hold an id of your own that the backend also gives to Cosmos DB as the activity id, for instance `requestHeaders.x-correlation-id` or `requestHeaders.traceparent`. Name only an id that your gateway sets: one that callers choose joins what they like.",
    }),
  server: z
    .strictObject({
      port: z
        .int()
        .min(0)
        .max(65_535)
        .default(7_433)
        .meta({ description: "Port of the dashboard, on 127.0.0.1; 0 takes a free one." }),
    })
    .prefault({})
    .meta({ description: "The dashboard." }),
  targets: z.array(Targets).default([]).meta({ description: "Whom to tell about findings." }),
  accounts: z
    .array(
      z
        .string()
        .regex(
          /^\/subscriptions\/[^/?#]{1,64}\/resourcegroups\/[^/?#]{1,128}\/providers\/microsoft\.documentdb\/databaseaccounts\/[a-z0-9-]{3,50}$/i,
          "an ARM id of a Cosmos DB account, as `az cosmosdb show --query id` prints it",
        ),
    )
    .max(1_000)
    .default([])
    .meta({
      description:
        "ARM ids of Cosmos DB accounts whose roles are read, as DefaultAzureCredential, at the start and every 15 minutes; needs Reader there.",
    }),
  exceptions: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "YAML or JSON file of grants that somebody answers for; read at the start." }),
  publicUrl: z
    .url({ protocol: /^https?$/, error: "an address with http or https, for instance https://scopetrail.contoso.com" })
    .optional()
    .meta({ description: "Address of the dashboard in alerts." }),
  logLevel: z
    .enum(["error", "warn", "info", "debug"])
    .default("info")
    .meta({ description: "Least severe level that is logged." }),
});

export type Config = z.infer<typeof ConfigSchema>;
export type SourceConfig = Config["sources"][number];
export type TargetConfig = Config["targets"][number];
